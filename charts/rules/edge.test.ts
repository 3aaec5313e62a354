import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProfile, type Spec } from '../../crds/performance-profile.ts';
import { validProfile } from '../../test/support/arbitrary.ts';
import { DERIVATIONS } from '../derivations.ts';
import { resolveEffective } from '../effective.ts';
import { DEFAULT_FACTS } from '../facts.ts';
import { checkRules, type Finding, type Fix, type Rule } from '../findings.ts';
import { withFix } from '../fix.ts';
import { RULES } from '../rule-book.ts';
import { EDGE_RULES } from './edge.ts';
import { CASES, SPEC, withEdge } from './testing/edge-cases.ts';

function findingsOf(spec: Spec, rules: readonly Rule[]): Finding[] {
  const effective = resolveEffective(spec, DEFAULT_FACTS, DERIVATIONS);
  return checkRules(rules, { spec, effective, facts: DEFAULT_FACTS });
}
/** Of several findings of a rule, the one that says it. */
const finding = (spec: Spec, id: string, says = /./) =>
  findingsOf(spec, EDGE_RULES).find((found) => found.id === id && says.test(found.message));

describe('rules of the edge', () => {
  it('have nothing to say of a profile that leaves all to us', () => {
    expect(findingsOf(SPEC, EDGE_RULES)).toEqual([]);
    const behindIngress: Spec = { ...SPEC, edge: { hosts: ['shop.example'], ingress: { className: 'traefik' } } };
    expect(findingsOf(behindIngress, EDGE_RULES)).toEqual([]);
    const locked = withEdge({ cdn: { provider: 'Cloudflare' }, clientIdentity: { otherPeers: 'Refuse' } });
    expect(findingsOf(locked, EDGE_RULES)).toEqual([]);
  });

  it.each(CASES)('$id: $why', ({ id, spec, severity, says, fix }) => {
    expect('profile' in parseProfile(profileOf(spec)), 'the case is a valid profile').toBe(true);
    const found = finding(spec, id, says);
    expect(found?.severity).toBe(severity);
    expect(found?.message).toMatch(says);
    expect(found?.fix).toMatch(fix);
  });

  it('have a case each', () => {
    expect(EDGE_RULES.map(({ id }) => id).filter((id) => !CASES.some((known) => known.id === id))).toEqual([]);
    expect(new Set(EDGE_RULES.map(({ id }) => id)).size).toBe(EDGE_RULES.length);
    for (const { id } of EDGE_RULES) expect(id).toMatch(/^[A-Z]+-[0-9]{2}$/);
  });

  it.each(CASES)('$id: each fix alone clears it and adds no error ($why)', ({ id, spec, says }) => {
    const found = finding(spec, id, says);
    if (found?.severity !== 'Info') expect(found?.fixes.length).toBeGreaterThan(0);
    for (const fix of found?.fixes ?? []) expectMended(spec, found as Finding, fix, RULES);
  });

  it('say of the guide what an expert would, and refuse nothing', () => {
    const guide = withEdge(
      {
        service: { type: 'LoadBalancer' },
        tls: { secretName: 'shop-tls' },
        cache: { api: { paths: ['/api/products'], privateCookies: ['auth_token'] }, maxSize: '100Mi' },
        connectionLimit: { api: 10, web: 20 },
        upstreamKeepalive: { connections: 32, timeoutSeconds: 60, requests: 100 },
        gzip: { level: 6 },
        buffers: { clientBody: '128Ki', output: '32Ki' },
        resources: { requests: { memory: '64Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
      },
      { objective: { concurrentUsers: 100 } },
    );
    expect(findingsOf(guide, EDGE_RULES).map(({ id, severity }) => `${id} ${severity}`)).toEqual([
      'INV-09 Warning',
      'INV-19 Warning',
      'INV-19 Warning',
      'S-18 Info',
      'S-19 Info',
    ]);
  });
});

describe('versions of nginx (NG-23)', () => {
  it.each([
    ['nginx:1.30', false],
    ['nginx:1.30.4', false],
    ['nginx:1.30.3', true],
    ['nginx:1.31.2', true],
    ['nginx:1.31.3-alpine', false],
    ['nginx:1.28', true],
    ['nginxinc/nginx-unprivileged:1.27.1', true],
    ['nginx:2.0', false],
    ['nginx:stable', false],
    ['nginx', false],
    ['registry.example/my-edge:1.2', false],
    ['registry.example:5000/nginx:1.30.6', false],
  ])('%s: %s', (image, isOld) => {
    expect(finding(withEdge({ image }), 'NG-23') !== undefined).toBe(isOld);
  });
});

describe('for random profiles', () => {
  const profiles = fc.sample(validProfile, { numRuns: 200, seed: 20_261_125 });

  it('each fix of the edge clears its finding, is valid, and adds no error of the edge', { timeout: 60_000 }, () => {
    let tried = 0;
    for (const { spec } of profiles) {
      for (const found of findingsOf(spec, EDGE_RULES)) {
        for (const fix of found.fixes) expectMended(spec, found, fix, EDGE_RULES);
        tried += found.fixes.length;
      }
    }
    expect(tried).toBeGreaterThan(200);
  });
});

/** What it takes to be a fix. */
function expectMended(spec: Spec, { id, path }: Finding, fix: Fix, rules: readonly Rule[]): void {
  const after = withFix(spec, fix);
  const parsed = parseProfile(profileOf(after));
  const context = `${id} after ${JSON.stringify(fix)} of ${JSON.stringify(spec)}`;
  expect('issues' in parsed ? parsed.issues : [], context).toEqual([]);
  const errors = (of: Spec) =>
    findingsOf(of, rules)
      .filter(({ severity }) => severity === 'Error')
      .map((found) => found.id);
  expect(
    findingsOf(after, EDGE_RULES).map((found) => `${found.id} ${found.path}`),
    context,
  ).not.toContain(`${id} ${path}`);
  expect(
    errors(after).filter((found) => !errors(spec).includes(found)),
    context,
  ).toEqual([]);
}

const profileOf = (spec: Spec) => ({
  apiVersion: 'performance.bahamm.ir/v1alpha1',
  kind: 'PerformanceProfile',
  metadata: { name: 'shop', namespace: 'shop' },
  spec,
});
