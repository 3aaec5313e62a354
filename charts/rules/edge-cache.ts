import { bytes } from '../../crds/units.ts';
import { AVERAGE_OBJECT_BYTES, KEYS_PER_MIB, neededKeysZone } from '../derivations/edge.ts';
import type { Fix, Rule, RuleInput } from '../findings.ts';
import { type CacheName, cacheShares, cachesOf, SMALLEST_CACHE } from '../tiers/edge/cache.ts';
import { type Concern, speakOnce } from './concerns.ts';

/** How long answers are kept, and whether the caches have the room for it. */

const MARGIN_SECONDS = 3600;
const MOST_ZONE_MIB = 1024; // The upper bound of edge.cache.keysZoneMiB.
const DEFAULT_SIZE = '100Mi';
const MEBIBYTE = 2 ** 20;

export const EDGE_CACHE_RULES: readonly Rule[] = [
  {
    id: 'INV-04',
    path: 'edge.cache',
    check: (input) => {
      const { effective } = input;
      const deadline = effective.value('requestDeadlineSeconds');
      const lock = effective.value('edge.cache.lockTimeoutSeconds');
      const caches = [...cachesOf({ spec: input.spec, value: effective.value }).keys()];
      return speakOnce([
        ...caches.map((name) => droppedEarly(input, name)),
        caches.length > 0 &&
          lock < deadline && {
            severity: 'Warning',
            message: `requests for a missing entry wait ${lock} s for the first of them, which may take ${deadline} s: after that all of them reach the upstream at once`,
            fixes: [{ 'edge.cache.lockTimeoutSeconds': deadline }],
          },
      ]);
    },
  },
  {
    id: 'NG-03',
    path: 'edge.cache.api',
    check: ({ effective }) => {
      const found = effective.value('edge.cache.api.ttlSeconds');
      const missing = effective.value('edge.cache.api.notFoundTtlSeconds');
      return speakOnce([
        missing > found && {
          severity: 'Warning',
          message: `a 404 is kept for ${missing} s, longer than an answer (${found} s): what was just created stays missing`,
          fixes: [{ 'edge.cache.api.notFoundTtlSeconds': Math.min(60, found) }],
        },
        effective.value('edge.cache.api.lifetime') === 'Fixed' && {
          severity: 'Warning',
          message: `answers are kept for ${found} s even where the backend says less (Cache-Control: max-age)`,
          fixes: [{ 'edge.cache.api.lifetime': 'Upstream' }],
        },
      ]);
    },
  },
  { id: 'NG-05', path: 'edge.cache.maxSize', check: sizes },
  {
    id: 'S-21',
    path: 'edge.cache.maxSize',
    check: (input) => {
      const { spec, effective } = input;
      const given = spec.edge.cache?.maxSize;
      if (given === undefined || effective.value('edge.cache.medium') === 'Memory') return undefined;
      if (bytes(given) === 0 || bytes(given) >= bytes(DEFAULT_SIZE)) return undefined;
      return {
        severity: 'Info',
        message: `a cache of ${given} on disk saves no memory against ${DEFAULT_SIZE}: the kernel gives its pages up when memory is short. It only holds fewer answers`,
        fixes: [{ 'edge.cache.maxSize': DEFAULT_SIZE }],
      };
    },
  },
];

/** nginx drops what nobody asked for in `inactive`, however long it is valid (S23). */
function droppedEarly({ effective }: RuleInput, name: CacheName): Concern | undefined {
  const inactive = effective.value(`edge.cache.${name}.inactiveSeconds`);
  const ttl = Math.max(
    effective.value(`edge.cache.${name}.ttlSeconds`),
    name === 'api' ? effective.value('edge.cache.api.notFoundTtlSeconds') : 0,
  );
  if (inactive >= ttl) return undefined;
  return {
    severity: 'Warning',
    message: `the ${name} cache drops what nobody asks for in ${inactive} s, although it is valid for ${ttl} s`,
    fixes: [{ [`edge.cache.${name}.inactiveSeconds`]: ttl + MARGIN_SECONDS }],
  };
}

function sizes(input: RuleInput): ReturnType<Rule['check']> {
  const { spec, effective } = input;
  const maxSize = effective.value('edge.cache.maxSize');
  const zone = effective.value('edge.cache.keysZoneMiB');
  const enough = neededKeysZone(DEFAULT_SIZE);
  const off = [...cacheShares({ spec, value: effective.value })].filter(([, share]) => share < SMALLEST_CACHE);
  if (bytes(maxSize) > 0 && off.length > 0) {
    const larger: Fix = {
      'edge.cache.maxSize': DEFAULT_SIZE,
      ...(zone < enough ? { 'edge.cache.keysZoneMiB': enough } : {}),
    };
    return {
      severity: 'Warning',
      message: `of ${maxSize}, ${off.map(([name, share]) => `${share / 1024}Ki are left for the ${name} cache`).join(', ')}: below 1Mi a cache is switched off`,
      fixes: [larger],
    };
  }
  const needed = neededKeysZone(maxSize);
  if (needed <= zone) return undefined;
  const smaller: Fix = {
    'edge.cache.maxSize': `${Math.floor((zone * KEYS_PER_MIB * AVERAGE_OBJECT_BYTES) / MEBIBYTE)}Mi`,
  };
  const larger: Fix = { 'edge.cache.keysZoneMiB': needed };
  return {
    severity: 'Warning',
    message: `${maxSize} hold about ${needed * KEYS_PER_MIB} answers of 12Ki, but a zone of ${zone} MiB only ${zone * KEYS_PER_MIB} keys: nginx drops answers while there is still space`,
    fixes: needed <= MOST_ZONE_MIB ? [larger, smaller] : [smaller],
  };
}
