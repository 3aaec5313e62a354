import { describe, expect, it } from 'vitest';
import type { Spec } from '../crds/performance-profile.ts';
import { DEFAULT_FACTS } from './facts.ts';
import { blocking } from './findings.ts';
import { RULES } from './rule-book.ts';
import { finding, findingsOf, guide, minimal, SMALL_NODE } from './rules/testing/rows.ts';

describe('the rule book', () => {
  it('INV-05 only warns when a rolling update alone does not fit', () => {
    const spec: Spec = { ...guide, backend: { ...guide.backend, pool: { size: 10, maxOverflow: 5 } } };
    expect(finding(spec, 'INV-05')?.severity).toBe('Warning');
    const external: Spec = {
      ...guide,
      postgres: { mode: 'External', connectionSecretName: 'db', maxConnections: 100 },
    };
    expect(finding(external, 'INV-05')?.severity).toBe('Error');
  });

  it('an acknowledged error is admitted and still said', () => {
    const spec: Spec = { ...guide, policy: { acknowledge: ['INV-05'], reason: 'as in the guide' } };
    expect(blocking(findingsOf(spec))).toEqual([]);
    expect(finding(spec, 'INV-05')?.acknowledged).toBe(true);
    expect(blocking(findingsOf(guide)).map(({ id }) => id)).toEqual(['INV-05']);
  });

  it.each([
    ['4 cores, 8 GiB', DEFAULT_FACTS],
    ['2 cores, 24 GiB', SMALL_NODE],
    ['2 cores, 24 GiB and what k3s brings', { ...SMALL_NODE, otherCpuMillis: 150, otherMemoryMiB: 140 }],
  ])('has nothing to say of these tiers where everything is derived: %s', (_, facts) => {
    const tiers = findingsOf(minimal, facts).filter(({ path }) => !path.startsWith('edge'));
    expect(tiers).toEqual([]);
  });

  it('every id can be acknowledged', () => {
    expect(RULES.filter(({ id }) => !/^[A-Z]+-[0-9]{2}$/.test(id)).map(({ id }) => id)).toEqual([]);
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });
});
