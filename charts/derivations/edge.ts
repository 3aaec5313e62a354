import { bytes } from '../../crds/units.ts';
import type { Derivations, Reader } from '../effective.ts';
import { clamp, KEEPALIVE_MARGIN_SECONDS, wholeCores } from './arithmetic.ts';
import { CLOUDFLARE_IDLE_SECONDS, CLOUDFLARE_RANGES, CLOUDFLARE_RANGES_AS_OF } from './cloudflare.ts';

/** How the edge's knobs follow from others. */

/** NG-05: an answer takes 12 KiB on average, and a megabyte of the zone holds 8000 keys. */
export const AVERAGE_OBJECT_BYTES = 12 * 1024;
export const KEYS_PER_MIB = 8000;
/** NG-20, NG-21: what a zone holds, and how many times the expected clients it shall hold. */
export const RATE_STATES_PER_MIB = 8192;
export const CONNECTION_STATES_PER_MIB = 16_384;
const ZONE_HEADROOM = 4;
/** S23: an entry outlives its validity by this much, so that nginx never drops what is still valid. */
export const INACTIVE_MARGIN_SECONDS = 3600;
/** Traefik keeps idle connections for 90 seconds. */
const BEHIND_PROXY_SECONDS = 120;
const TO_BROWSERS_SECONDS = 75;

/** Networks from which nobody but pods can come to a Service of type ClusterIP (RFC 1918, RFC 6598, RFC 4193). */
export const PRIVATE_NETWORKS: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
];

export const EDGE_DERIVATIONS: Derivations = {
  'edge.workerProcesses': {
    rule: 'NG-32',
    formula: 'max(1, ceil(edge.resources.limits.cpu)); without that limit the cores of the nodes, at most 4',
    derive: workers,
  },
  'edge.rlimitNofile': {
    rule: 'INV-16',
    formula: '2 × edge.workerConnections + 1024',
    derive: (read) => neededDescriptors(read.value('edge.workerConnections')),
  },
  'edge.keepAliveSeconds': {
    rule: 'NG-30',
    formula: '75; behind a proxy 120 (Traefik keeps 90); behind Cloudflare 900 + 15',
    derive: keepAlive,
  },
  'edge.service.type': {
    rule: 'NG-23',
    formula: 'ClusterIP where edge.ingress is set and edge.service.externalTrafficPolicy is not',
    derive: (read) =>
      read.given('edge.ingress') !== undefined && read.given('edge.service.externalTrafficPolicy') === undefined
        ? 'ClusterIP'
        : undefined,
  },
  'edge.clientIdentity.source': {
    rule: 'NG-23',
    formula: 'XForwardedFor where edge.ingress alone leads to nginx; else CFConnectingIP where edge.cdn is Cloudflare',
    derive: (read) => {
      if (isBehindIngress(read)) return 'XForwardedFor';
      return read.value('edge.cdn.provider') === 'Cloudflare' ? 'CFConnectingIP' : undefined;
    },
  },
  'edge.clientIdentity.trustedCIDRs': {
    rule: 'NG-23',
    formula: `the private networks behind edge.ingress; behind Cloudflare its ranges, as published on ${CLOUDFLARE_RANGES_AS_OF}`,
    derive: trusted,
  },
  'edge.cdn.sMaxAgeSeconds': {
    rule: 'FUT-1',
    formula: 'edge.cache.api.ttlSeconds, where edge.cdn has a provider',
    derive: (read) =>
      read.value('edge.cdn.provider') === 'None' ? undefined : read.value('edge.cache.api.ttlSeconds'),
  },
  'edge.cache.api.otherCookies': {
    rule: 'INV-01',
    formula: 'Harmless where edge.cache.api.privateCookies is set, else Private',
    derive: (read) => (read.given('edge.cache.api.privateCookies') === undefined ? 'Private' : 'Harmless'),
  },
  'edge.cache.api.inactiveSeconds': {
    rule: 'INV-04',
    formula: 'max(edge.cache.api.ttlSeconds, edge.cache.api.notFoundTtlSeconds) + 3600',
    derive: (read) =>
      Math.max(read.value('edge.cache.api.ttlSeconds'), read.value('edge.cache.api.notFoundTtlSeconds')) +
      INACTIVE_MARGIN_SECONDS,
  },
  'edge.cache.static.inactiveSeconds': {
    rule: 'INV-04',
    formula: 'edge.cache.static.ttlSeconds + 3600',
    derive: (read) => read.value('edge.cache.static.ttlSeconds') + INACTIVE_MARGIN_SECONDS,
  },
  'edge.cache.image.inactiveSeconds': {
    rule: 'INV-04',
    formula: 'edge.cache.image.ttlSeconds + 3600',
    derive: (read) => read.value('edge.cache.image.ttlSeconds') + INACTIVE_MARGIN_SECONDS,
  },
  'edge.cache.keysZoneMiB': {
    rule: 'NG-05',
    formula: 'edge.cache.maxSize / 12Ki / 8000, from 5 to 256',
    derive: (read) => clamp(neededKeysZone(read.value('edge.cache.maxSize')), 5, 256),
  },
  'edge.cache.lockTimeoutSeconds': {
    rule: 'INV-04',
    formula: 'requestDeadlineSeconds',
    derive: (read) => read.value('requestDeadlineSeconds'),
  },
  'edge.rateLimit.zoneMiB': limitZone('NG-20', 128, RATE_STATES_PER_MIB),
  'edge.connectionLimit.zoneMiB': limitZone('NG-21', 64, CONNECTION_STATES_PER_MIB),
};

/** Cores that the workers of nginx may fill. */
function workers(read: Reader): number {
  if (read.value('cpuLimitPolicy') === 'Limit')
    return clamp(wholeCores(read.value('edge.resources.limits.cpu')), 1, 64);
  return clamp(Math.floor(read.fact('allocatableCpuMillis') / 1000), 1, 4);
}

/** INV-16: a proxied request holds two descriptors, one for each side; the rest is for files, logs and listeners. */
export const neededDescriptors = (workerConnections: number): number => 2 * workerConnections + 1024;

/** MiB of keys for a cache of this size. */
export const neededKeysZone = (maxSize: string | number): number =>
  Math.ceil(bytes(maxSize) / AVERAGE_OBJECT_BYTES / KEYS_PER_MIB);

function limitZone(rule: string, stateBytes: number, statesPerMiB: number) {
  return {
    rule,
    formula: `4 × objective.concurrentUsers × ${stateBytes} bytes, from 10 to 256`,
    derive: (read: Reader): number => {
      const clients = read.given('objective.concurrentUsers') ?? 0;
      return clamp(Math.ceil((ZONE_HEADROOM * clients) / statesPerMiB), 10, 256);
    },
  };
}

function keepAlive(read: Reader): number {
  const source = read.value('edge.clientIdentity.source');
  if (source === 'CFConnectingIP') return CLOUDFLARE_IDLE_SECONDS + KEEPALIVE_MARGIN_SECONDS;
  return source === 'Direct' ? TO_BROWSERS_SECONDS : BEHIND_PROXY_SECONDS;
}

/** Whether clients can only come through the Ingress: then the peer is a pod of its proxy. */
const isBehindIngress = (read: Reader): boolean =>
  read.given('edge.ingress') !== undefined && read.value('edge.service.type') === 'ClusterIP';

function trusted(read: Reader): string[] | undefined {
  const source = read.value('edge.clientIdentity.source');
  const cloudflare = source === 'CFConnectingIP' || read.value('edge.cdn.provider') === 'Cloudflare';
  if (source === 'Direct') return undefined;
  const networks = [
    ...(isBehindIngress(read) ? PRIVATE_NETWORKS : []),
    // Behind both, the Ingress hands on what Cloudflare said, if it was told to trust it.
    ...(cloudflare ? CLOUDFLARE_RANGES : []),
  ];
  return networks.length === 0 ? undefined : networks;
}
