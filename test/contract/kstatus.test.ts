import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { TESTDATA } from '../../deploy/argocd/testdata.ts';
import { run } from '../cluster/host/run.ts';
import { ensureKstatus } from '../cluster/programs/tools.ts';

/** What Flux and everything else that waits by kstatus makes of a profile; computed by the real library. */
const EXPECTED = {
  // Nothing tells kstatus of a kind that nobody has looked at; the operator's first pass writes all conditions.
  'testdata/no-status.yaml': 'Current',
  'testdata/progressing.yaml': 'InProgress',
  'testdata/healthy.yaml': 'Current',
  'testdata/stale-generation.yaml': 'InProgress',
  'testdata/stalled.yaml': 'Failed',
  'testdata/refused.yaml': 'Failed',
  'testdata/suspended-by-spec.yaml': 'Current',
  'testdata/suspended-by-annotation.yaml': 'Current',
  'testdata/suspended-unapplied.yaml': 'InProgress',
  'testdata/deleting.yaml': 'Terminating',
  'testdata/rendering-available.yaml': 'Current',
};

describe('kstatus', () => {
  const computed = new Map<string, { status: string; message: string }>();
  beforeAll(async () => {
    const paths = Object.keys(EXPECTED);
    const input = paths.map((path) => JSON.stringify(parse(TESTDATA[path]?.() ?? ''))).join('\n');
    const lines = (await run(await ensureKstatus(), [], { input })).trim().split('\n');
    for (const [index, path] of paths.entries()) computed.set(path, JSON.parse(lines[index] ?? ''));
  });

  it.each(Object.entries(EXPECTED))('%s is %s', (path, status) => {
    expect(computed.get(path)).toMatchObject({ status });
  });

  it('tells the cause in our words', () => {
    expect(computed.get('testdata/stalled.yaml')?.message).toMatch(/cannot pull image shop\/backend:1/);
    expect(computed.get('testdata/refused.yaml')?.message).toMatch(/^INV-05 /);
    expect(computed.get('testdata/progressing.yaml')?.message).toMatch(/^backend: 0 of 1 pods/);
  });
});
