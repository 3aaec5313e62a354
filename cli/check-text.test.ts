import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../charts/facts.ts';
import type { Finding } from '../charts/findings.ts';
import { adviceOf, type Review, reviewText } from './check-text.ts';

const terminal = { columns: 100, colour: false };

const pool: Finding = {
  id: 'INV-05',
  severity: 'Error',
  path: 'backend.pool',
  message: 'the pools may open 120 connections, PostgreSQL leaves 92',
  fix: 'set backend.pool.size to 6 and backend.pool.maxOverflow to 5, or postgres.maxConnections to 250; or put a pooler between',
  fixes: [{ 'backend.pool.size': 6, 'backend.pool.maxOverflow': 5 }, { 'postgres.maxConnections': 250 }],
  acknowledged: false,
};
const memory: Finding = {
  ...pool,
  id: 'INV-18',
  path: 'backend.workers',
  message: 'too little memory',
  fix: 'take a larger node',
  fixes: [],
};
const keepAlive: Finding = {
  ...pool,
  id: 'INV-06',
  severity: 'Warning',
  fixes: [{ 'backend.keepAliveSeconds': 75 }],
  fix: 'set backend.keepAliveSeconds to 75',
};
const note: Finding = { ...pool, id: 'NG-34', severity: 'Info', message: 'level 6 costs more', fix: '', fixes: [] };

function review(findings: readonly Finding[], more: Partial<Review> = {}): string {
  return reviewText(terminal, {
    profile: {
      apiVersion: 'performance.bahamm.ir/v1alpha1',
      kind: 'PerformanceProfile',
      metadata: { name: 'shop', namespace: 'prod' },
      spec: { edge: { hosts: ['shop.example'] }, backend: { image: 'shop:1' }, postgres: { storage: { size: '1Gi' } } },
    },
    findings,
    effective: [
      { path: 'backend.pool.size', value: 10, source: 'user', rule: 'spec', inputs: {} },
      { path: 'backend.pool.maxOverflow', value: 20, source: 'default', rule: 'x', inputs: {} },
    ],
    facts: DEFAULT_FACTS,
    factsFile: undefined,
    mending: undefined,
    ...more,
  });
}

describe('reviewText', () => {
  it('says for each error what is wrong, what to paste, and how to accept it instead', () => {
    expect(review([pool])).toBe(`Review of shop in namespace prod
Judged for an assumed node of 4 CPUs and 8192 MiB, Kubernetes 1.33.0; \`pitcrew facts > facts.yaml\`
and \`--facts facts.yaml\` judge it for yours.

1 ERROR: cannot work; refused until mended or accepted

  INV-05 backend.pool
    The pools may open 120 connections, PostgreSQL leaves 92.
    fix: put into spec
      backend:
        pool:
          size: 6         # now 10, set by you
          maxOverflow: 5  # now 20, default
    or
      postgres:
        maxConnections: 250  # new
    also: Put a pooler between.
    or accept it: put into spec
      policy: {acknowledge: [INV-05], reason: say here why this is right for you}

shop: 1 error, no warnings, no notes. The operator refuses it because of INV-05. Exit 1.
`);
  });

  it('puts the worst first, whatever the order of the rules', () => {
    const text = review([note, keepAlive, pool]);
    const order = ['1 ERROR', 'INV-05', '1 WARNING', 'INV-06', '1 NOTE', 'NG-34'].map((word) => text.indexOf(word));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  it('a warning is not offered for acceptance: it is admitted as it is', () => {
    const text = review([keepAlive]);
    expect(text).not.toContain('acknowledge');
    expect(text).toContain('shop: no errors, 1 warning, no notes. The operator takes it. Exit 0.');
  });

  it('an acceptance adds to those that are there, since a second list would replace them', () => {
    const spec = { policy: { acknowledge: ['INV-02'], reason: 'as in the guide' } };
    const profile = { metadata: { name: 'shop', namespace: 'prod' }, spec } as Review['profile'];
    const text = review([pool, memory, { ...pool, id: 'INV-02', acknowledged: true }], { profile });
    expect(text).toContain('policy: {acknowledge: [INV-02, INV-05], reason: as in the guide}');
    expect(text).toContain(
      'To accept all of them:\n      policy: {acknowledge: [INV-02, INV-05, INV-18], reason: as in the guide}',
    );
    expect(text).toContain('ACCEPTED by spec.policy (as in the guide): still true');
    expect(text).toContain('2 errors, no warnings, no notes, 1 accepted.');
  });

  it('accepted errors do not refuse', () => {
    expect(review([{ ...pool, acknowledged: true }])).toMatch(/1 accepted\. The operator takes it\. Exit 0\.\n$/);
  });

  it('puts the fixes together for pasting, and says what is left with them', () => {
    const mending = { fix: { 'backend.pool.size': 6, 'backend.keepAliveSeconds': 75 }, remaining: [note] };
    expect(
      review([pool, keepAlive], { mending }),
    ).toContain(`ALL AT ONCE: the first fix of each error and warning, and what follows from them, for spec

      backend:
        pool:
          size: 6             # now 10, set by you
        keepAliveSeconds: 75  # new
    With it: no errors, no warnings, 1 note.
`);
  });

  it('says of a field that is to go what stands there, and gives nothing to paste in its place', () => {
    const effective = [{ path: 'backend.pool.size', value: 10, source: 'user' as const, rule: 'spec', inputs: {} }];
    const removal: Finding = { ...keepAlive, fix: '', fixes: [{ 'backend.pool.size': null }] };
    expect(review([removal], { effective })).toContain(`    fix: remove from spec
      backend:
        pool:
          size: …  # remove, now 10, set by you
`);
    const either: Finding = { ...removal, fixes: [{ 'backend.pool.size': 6 }, { 'backend.pool.size': null }] };
    expect(review([either], { effective })).toContain(`    fix: put into spec
      backend:
        pool:
          size: 6  # now 10, set by you
    or remove from spec
`);
  });

  it('several findings of a rule are accepted by one id', () => {
    const text = review([pool, { ...pool, path: 'backend.workers' }]);
    expect(text).toContain('2 errors, no warnings, no notes. The operator refuses it because of INV-05. Exit 1.');
    expect(text).not.toContain('INV-05, INV-05');
  });

  it('leaves names small at the beginning of a sentence', () => {
    const text = review([
      { ...note, message: 'nginx waits' },
      { ...note, message: 'backend.workers is 9' },
      { ...note, message: 'it waits!' },
    ]);
    expect(text).toContain(' nginx waits.\n');
    expect(text).toContain(' backend.workers is 9.\n');
    expect(text).toContain(' It waits!\n');
  });

  it('names the file of the facts', () => {
    expect(review([], { factsFile: 'f.yaml' })).toContain(
      'Judged for 4 CPUs and 8192 MiB, Kubernetes 1.33.0, as in f.yaml.',
    );
  });
});

describe('adviceOf', () => {
  it('is what is no field of the spec', () => {
    expect(adviceOf(pool)).toBe('put a pooler between');
    expect(adviceOf(memory)).toBe('take a larger node');
    expect(adviceOf(keepAlive)).toBeUndefined();
    expect(adviceOf(note)).toBeUndefined();
  });
});
