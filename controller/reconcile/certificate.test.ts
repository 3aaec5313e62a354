import { describe, expect, it } from 'vitest';
import { expiresSoon, isPair, pairOf, pairProblem } from './certificate.ts';
import { SYNTHESIS } from './fixtures.ts';
import { expiringCertificates } from './gate.ts';
import { CERTIFICATE, KEY, OTHER_KEY, VALID_FROM, VALID_TO } from './pair-fixture.ts';

const WELL = VALID_FROM + 1_000;
const DAY_MS = 24 * 3_600_000;

describe('a certificate and its key', () => {
  it('are well when they belong together', () => {
    expect(pairOf(CERTIFICATE, KEY)).toEqual({ problem: undefined, validFrom: VALID_FROM, validTo: VALID_TO });
    expect(pairProblem(pairOf(CERTIFICATE + CERTIFICATE, KEY), WELL)).toBeUndefined();
  });

  it.each<[string, string, string, RegExp]>([
    ['no certificate', 'c', KEY, /tls.crt holds no certificate/],
    ['a broken chain', CERTIFICATE + CERTIFICATE.replace('MIIB', 'AAAA'), KEY, /certificate of its chain/],
    ['no key', CERTIFICATE, 'k', /tls.key holds no private key/],
    ['another key', CERTIFICATE, OTHER_KEY, /does not belong/],
  ])('will not do with %s', (_what, certificate, key, problem) => {
    const said = pairProblem(pairOf(certificate, key), WELL);
    expect(said).toMatch(problem);
    expect(said).not.toContain('PRIVATE');
  });

  it('will not do outside of their time', () => {
    const pair = pairOf(CERTIFICATE, KEY);
    expect(pairProblem(pair, VALID_TO)).toBe('its certificate expired at 2120-01-01T00:00:00Z');
    expect(pairProblem(pair, VALID_FROM - 1)).toMatch(/not valid before 2020-01-01T00:00:00Z/);
  });

  it('are worth a word in their last two weeks', () => {
    const pair = pairOf(CERTIFICATE, KEY);
    expect(expiresSoon(pair, VALID_TO - 15 * DAY_MS)).toBeUndefined();
    expect(expiresSoon(pair, VALID_TO - 13 * DAY_MS)).toBe('2120-01-01T00:00:00Z');
    expect(expiresSoon(pair, VALID_TO)).toBeUndefined();
    const requirement = { kind: 'Secret', name: 'shop-tls', keys: [], path: 'edge.tls.secretName' } as const;
    const { findings } = expiringCertificates(SYNTHESIS, [{ requirement, expiresAt: '2120-01-01T00:00:00Z' }]);
    expect(findings.at(-1)).toMatchObject({ id: 'CERT-01', severity: 'Warning', path: 'edge.tls.secretName' });
  });

  it('are told from other keys', () => {
    expect(isPair(['tls.crt', 'tls.key'])).toBe(true);
    expect(isPair(['uri'])).toBe(false);
  });
});
