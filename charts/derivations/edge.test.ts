import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Spec } from '../../crds/performance-profile.ts';
import { DERIVATIONS } from '../derivations.ts';
import { type KnobPath, resolveEffective } from '../effective.ts';
import { DEFAULT_FACTS } from '../facts.ts';
import { CLOUDFLARE_RANGES } from './cloudflare.ts';
import { PRIVATE_NETWORKS } from './edge.ts';

const specWith = (edge: Partial<Spec['edge']>, more: Partial<Spec> = {}): Spec => ({
  backend: { image: 'shop:1' },
  frontend: { image: 'front:1' },
  postgres: { storage: { size: '20Gi' } },
  ...more,
  edge: { hosts: ['shop.example'], ...edge },
});
const effectiveOf = (spec: Spec) => resolveEffective(spec, DEFAULT_FACTS, DERIVATIONS);
const entryOf = (spec: Spec, path: string) =>
  effectiveOf(spec)
    .entries()
    .find((found) => found.path === path);

describe('derivations of the edge', () => {
  const cloudflare = specWith({ cdn: { provider: 'Cloudflare' } });
  const ingress = specWith({ ingress: { className: 'traefik' } });

  it.each<[string, Spec, KnobPath, unknown]>([
    ['a server on the net', specWith({}), 'edge.keepAliveSeconds', 75],
    ['the guide', specWith({ workerConnections: 2048 }), 'edge.rlimitNofile', 5120],
    ['cpuLimitPolicy None', specWith({}, { cpuLimitPolicy: 'None' }), 'edge.workerProcesses', 4],
    ['an Ingress', ingress, 'edge.service.type', 'ClusterIP'],
    ['an Ingress', ingress, 'edge.clientIdentity.source', 'XForwardedFor'],
    ['an Ingress', ingress, 'edge.clientIdentity.trustedCIDRs', PRIVATE_NETWORKS],
    ['an Ingress', ingress, 'edge.keepAliveSeconds', 120],
    ['Cloudflare', cloudflare, 'edge.clientIdentity.source', 'CFConnectingIP'],
    ['Cloudflare', cloudflare, 'edge.clientIdentity.trustedCIDRs', CLOUDFLARE_RANGES],
    ['Cloudflare', cloudflare, 'edge.keepAliveSeconds', 915],
    ['Cloudflare', cloudflare, 'edge.cdn.sMaxAgeSeconds', 300],
    [
      'both',
      specWith({ ingress: { className: 'traefik' }, cdn: { provider: 'Cloudflare' } }),
      'edge.clientIdentity.trustedCIDRs',
      [...PRIVATE_NETWORKS, ...CLOUDFLARE_RANGES],
    ],
    ['no cookies named', specWith({}), 'edge.cache.api.otherCookies', 'Private'],
    [
      'cookies named',
      specWith({ cache: { api: { privateCookies: ['a'] } } }),
      'edge.cache.api.otherCookies',
      'Harmless',
    ],
    ['the guide', specWith({}), 'edge.cache.api.inactiveSeconds', 3900],
    ['the guide', specWith({}), 'edge.cache.static.inactiveSeconds', 31_539_600],
    ['the guide', specWith({}), 'edge.cache.keysZoneMiB', 5],
    ['a large cache', specWith({ cache: { maxSize: '2Gi' } }), 'edge.cache.keysZoneMiB', 22],
    ['a deadline', specWith({}, { requestDeadlineSeconds: 90 }), 'edge.cache.lockTimeoutSeconds', 90],
    ['100 users', specWith({}, { objective: { concurrentUsers: 100 } }), 'edge.rateLimit.zoneMiB', 10],
    ['50,000 users', specWith({}, { objective: { concurrentUsers: 50_000 } }), 'edge.rateLimit.zoneMiB', 25],
    ['50,000 users', specWith({}, { objective: { concurrentUsers: 50_000 } }), 'edge.connectionLimit.zoneMiB', 13],
  ])('%s: %s', (_, spec, path, expected) => {
    const entry = entryOf(spec, path);
    expect(entry).toMatchObject({ value: expected, source: 'derived' });
    expect(entry?.formula).toBeTruthy();
    expect(entry?.rule).toMatch(/^[A-Z]+-\d+$/);
  });

  it.each<[string, Spec, KnobPath, unknown]>([
    ['clients come directly', specWith({}), 'edge.clientIdentity.source', 'Direct'],
    ['nobody is trusted', specWith({}), 'edge.clientIdentity.trustedCIDRs', []],
    ['nothing leads to nginx but itself', specWith({}), 'edge.service.type', 'LoadBalancer'],
    [
      'the Service is reached past the Ingress',
      specWith({ ingress: { className: 'traefik' }, service: { externalTrafficPolicy: 'Local' } }),
      'edge.clientIdentity.source',
      'Direct',
    ],
  ])('the default stands where %s', (_, spec, path, expected) => {
    expect(entryOf(spec, path)).toMatchObject({ value: expected, source: 'default' });
  });

  it('without a CDN, say nothing of one', () => {
    expect(entryOf(specWith({}), 'edge.cdn.sMaxAgeSeconds')).toBeUndefined();
  });

  it('tell what they were derived from', () => {
    expect(entryOf(ingress, 'edge.clientIdentity.source')?.inputs).toMatchObject({
      'edge.ingress': { className: 'traefik' },
      'edge.service.type': 'ClusterIP',
    });
    const users = specWith({}, { objective: { concurrentUsers: 50_000 } });
    expect(entryOf(users, 'edge.rateLimit.zoneMiB')?.inputs).toEqual({ 'objective.concurrentUsers': 50_000 });
  });
});

describe('more of one never gives less of the other', () => {
  it.each<[string, KnobPath, number, (amount: number) => Spec]>([
    ['cache, keys', 'edge.cache.keysZoneMiB', 2 ** 40, (maxSize) => specWith({ cache: { maxSize } })],
    [
      'connections, descriptors',
      'edge.rlimitNofile',
      65_536,
      (amount) => specWith({ workerConnections: Math.max(256, amount) }),
    ],
    [
      'users, room to count them',
      'edge.rateLimit.zoneMiB',
      1e6,
      (amount) => specWith({}, { objective: { concurrentUsers: amount + 1 } }),
    ],
    [
      'time for a request, patience of the lock',
      'edge.cache.lockTimeoutSeconds',
      599,
      (amount) => specWith({}, { requestDeadlineSeconds: amount + 1 }),
    ],
    [
      'validity, stay in the cache',
      'edge.cache.api.inactiveSeconds',
      86_399,
      (amount) => specWith({ cache: { api: { ttlSeconds: amount + 1 } } }),
    ],
    ['CPU, workers', 'edge.workerProcesses', 64, (amount) => specWith({ resources: { limits: { cpu: amount + 1 } } })],
  ])('%s', (_, path, most, spec) => {
    const amount = fc.integer({ min: 0, max: most });
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((each) =>
          Number(effectiveOf(spec(each)).value(path)),
        );
        return (less ?? 0) <= (more ?? 0);
      }),
    );
  });
});
