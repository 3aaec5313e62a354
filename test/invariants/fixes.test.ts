import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DERIVATIONS } from '../../charts/derivations.ts';
import { resolveEffective } from '../../charts/effective.ts';
import { DEFAULT_FACTS, type Facts } from '../../charts/facts.ts';
import { checkRules, type Finding } from '../../charts/findings.ts';
import { withFix } from '../../charts/fix.ts';
import { RULES } from '../../charts/rule-book.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';
import { parseProfile, type Spec } from '../../crds/performance-profile.ts';
import { validProfile } from '../support/arbitrary.ts';

/** The rule book over random profiles: it never throws, and what it says to set is always a way out. */
const NODES: readonly Facts[] = [
  DEFAULT_FACTS,
  { kubernetesVersion: '1.35.4', allocatableCpuMillis: 1930, allocatableMemoryMiB: 24_576, nodeCount: 1 },
  {
    kubernetesVersion: '1.35.4',
    allocatableCpuMillis: 64_000,
    allocatableMemoryMiB: 524_288,
    nodeCount: 3,
    otherCpuMillis: 700,
  },
];
const PROFILES = fc.sample(validProfile, { numRuns: 150, seed: 20_261_125 });

const findingsOf = (spec: Spec, facts: Facts): Finding[] =>
  checkRules(RULES, { spec, facts, effective: resolveEffective(spec, facts, DERIVATIONS) });

const errorIds = (findings: readonly Finding[]): Set<string> =>
  new Set(findings.filter(({ severity }) => severity === 'Error').map(({ id }) => id));

/** What is wrong with a fix, or undefined. */
function flaw(spec: Spec, facts: Facts, before: readonly Finding[], found: Finding, fix: object): string | undefined {
  const fixed = withFix(spec, fix);
  const parsed = parseProfile({ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'shop' }, spec: fixed });
  if ('issues' in parsed) return `breaks the schema: ${JSON.stringify(parsed.issues)}`;
  const after = findingsOf(fixed, facts);
  if (after.some(({ id, path }) => id === found.id && path === found.path)) return 'does not clear the finding';
  const added = [...errorIds(after)].filter((id) => !errorIds(before).has(id));
  return added.length === 0 ? undefined : `adds ${added.join(', ')}`;
}

describe.each(NODES.map((facts) => [`${facts.allocatableCpuMillis}m`, facts] as const))(
  'on a node of %s',
  (_, facts) => {
    it('every fix of every finding is valid, clears it and adds no other error', { timeout: 60_000 }, () => {
      const flaws = PROFILES.flatMap(({ spec }) => {
        const before = findingsOf(spec, facts);
        return before.flatMap((found) =>
          found.fixes.flatMap((fix) => {
            const wrong = flaw(spec, facts, before, found, fix);
            return wrong === undefined ? [] : [`${found.id} ${JSON.stringify(fix)}: ${wrong}\n  ${found.message}`];
          }),
        );
      });
      expect(flaws).toEqual([]);
    });

    it('no two findings of a rule have the same path', () => {
      const twins = PROFILES.flatMap(({ spec }) => {
        const keys = findingsOf(spec, facts).map(({ id, path }) => `${id} ${path}`);
        return keys.filter((key, index) => keys.indexOf(key) !== index);
      });
      expect(twins).toEqual([]);
    });

    it('every error says what to do', () => {
      const mute = PROFILES.flatMap(({ spec }) => findingsOf(spec, facts)).filter(({ fix }) => fix === '');
      expect(mute.map(({ id, message }) => `${id} ${message}`)).toEqual([]);
    });
  },
);
