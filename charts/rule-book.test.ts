import { describe, expect, it } from 'vitest';
import type { Spec } from '../crds/performance-profile.ts';
import { DERIVATIONS } from './derivations.ts';
import { resolveEffective } from './effective.ts';
import { DEFAULT_FACTS } from './facts.ts';
import { blocking, checkRules, type Finding, type Fix } from './findings.ts';
import { RULES } from './rule-book.ts';

/** The guide's numbers as far as rules look at them. */
const guide: Spec = {
  edge: { hosts: ['shop.example'], upstreamKeepalive: { timeoutSeconds: 60 } },
  backend: { image: 'shop:1', workers: 4, keepAliveSeconds: 5, pool: { size: 10, maxOverflow: 20 } },
  postgres: { storage: { size: '20Gi' }, parameters: { sharedBuffers: '256MB', maxWalSize: '4GB' } },
};

function findingsOf(spec: Spec): Finding[] {
  return checkRules(RULES, {
    spec,
    effective: resolveEffective(spec, DEFAULT_FACTS, DERIVATIONS),
    facts: DEFAULT_FACTS,
  });
}
const finding = (spec: Spec, id: string) => findingsOf(spec).find((found) => found.id === id);

describe('rules', () => {
  it('INV-05 refuses the guide’s pool, with both numbers and a fix that clears it', () => {
    const found = finding(guide, 'INV-05');
    expect(found?.severity).toBe('Error');
    expect(found?.message).toMatch(
      /= 120 database connections, 240 during a rolling update; PostgreSQL leaves 92 of 100/,
    );
    expect(found?.fix).toBe(
      'set backend.pool.size to 6 and backend.pool.maxOverflow to 5, or postgres.maxConnections to 250',
    );
    expect(
      finding({ ...guide, backend: { ...guide.backend, pool: { size: 6, maxOverflow: 5 } } }, 'INV-05'),
    ).toBeUndefined();
    expect(finding({ ...guide, postgres: { ...guide.postgres, maxConnections: 250 } }, 'INV-05')).toBeUndefined();
  });

  it('INV-05 warns when only a rolling update does not fit', () => {
    expect(
      finding({ ...guide, backend: { ...guide.backend, pool: { size: 10, maxOverflow: 5 } } }, 'INV-05')?.severity,
    ).toBe('Warning');
  });

  it('an acknowledged error is admitted and still said', () => {
    const spec: Spec = { ...guide, policy: { acknowledge: ['INV-05'], reason: 'as in the guide' } };
    expect(blocking(findingsOf(spec))).toEqual([]);
    expect(finding(spec, 'INV-05')?.acknowledged).toBe(true);
    expect(blocking(findingsOf(guide)).map(({ id }) => id)).toEqual(['INV-05']);
  });

  it.each<[string, Spec, string]>([
    ['INV-06', guide, 'set backend.keepAliveSeconds to 75'],
    [
      'INV-07',
      { ...guide, requestDeadlineSeconds: 30 },
      'set backend.pool.timeoutSeconds to 3 and postgres.statementTimeoutSeconds to 19, or requestDeadlineSeconds to 45',
    ],
    [
      'INV-12',
      { ...guide, postgres: { ...guide.postgres, storage: { size: '10Gi' } } },
      'set postgres.parameters.maxWalSize to 2048MB and postgres.parameters.minWalSize to 512MB; or a volume of 20Gi would carry it',
    ],
    [
      'INV-13',
      { ...guide, postgres: { ...guide.postgres, parameters: { sharedBuffers: '600MB' } } },
      'set postgres.parameters.sharedBuffers to 256MB, or postgres.resources.limits.memory to 2400Mi',
    ],
    [
      'INV-17',
      { ...guide, backend: { ...guide.backend, workers: 5, pool: { size: 2, maxOverflow: 2 } } },
      'set backend.workers to 2, or backend.resources.limits.cpu to 3',
    ],
    [
      'INV-18',
      { ...guide, backend: { ...guide.backend, workers: 6, pool: { size: 2, maxOverflow: 2 } } },
      'set backend.resources.limits.memory to 1194Mi, or backend.workers to 5',
    ],
  ])('%s says what to set', (id, spec, fix) => {
    expect(finding(spec, id)?.fix).toBe(fix);
  });

  it.each([
    ['the guide', guide],
    ['a short deadline', { ...guide, requestDeadlineSeconds: 30 }],
    ['a small volume', { ...guide, postgres: { ...guide.postgres, storage: { size: '10Gi' } } }],
    ['large buffers', { ...guide, postgres: { ...guide.postgres, parameters: { sharedBuffers: '600MB' } } }],
    ['many workers', { ...guide, backend: { ...guide.backend, workers: 9 } }],
  ])('each fix of each finding clears it and adds no other error: %s', (_, spec) => {
    const errors = (findings: Finding[]) =>
      new Set(findings.filter((found) => found.severity === 'Error').map(({ id }) => id));
    for (const found of findingsOf(spec)) {
      for (const fix of found.fixes) {
        const after = findingsOf(applied(spec, fix));
        expect(
          after.map(({ id }) => id),
          `${found.id} after ${JSON.stringify(fix)}`,
        ).not.toContain(found.id);
        expect([...errors(after)].filter((id) => !errors(findingsOf(spec)).has(id))).toEqual([]);
      }
    }
  });
});

/** The spec with the values of a fix in it. */
function applied(spec: Spec, fix: Fix): Spec {
  const copy = structuredClone(spec) as unknown as Record<string, unknown>;
  for (const [path, value] of Object.entries(fix)) {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    let node = copy;
    for (const part of parts) {
      node[part] ??= {};
      node = node[part] as Record<string, unknown>;
    }
    node[last] = value;
  }
  return copy as unknown as Spec;
}
