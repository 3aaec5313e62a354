import { bytes } from '../../crds/units.ts';
import { type Cel, cel, define, greatest, say } from '../admission/cel.ts';
import { given, said, value } from '../admission/fields.ts';
import { bytesOf } from '../admission/quantities.ts';
import { deadline, hasFrontend } from '../admission/values.ts';
import { AVERAGE_OBJECT_BYTES, INACTIVE_MARGIN_SECONDS, KEYS_PER_MIB, neededKeysZone } from '../derivations/edge.ts';
import type { Admission, Fix, Rule, RuleInput, Verdict, Violation } from '../findings.ts';
import { type CacheName, cacheShares, cachesOf, SMALLEST_CACHE, WEIGHTS } from '../tiers/edge/cache.ts';

/** How long answers are kept, and whether the caches have the room for it. */

const MARGIN_SECONDS = 3600;
const MOST_ZONE_MIB = 1024; // The upper bound of edge.cache.keysZoneMiB.
const DEFAULT_SIZE = '100Mi';
const MEBIBYTE = 2 ** 20;
const CACHES: readonly CacheName[] = ['api', 'static', 'image'];

export const EDGE_CACHE_RULES: readonly Rule[] = [
  {
    id: 'INV-04',
    path: 'edge.cache',
    check: (input) => {
      const { effective } = input;
      const deadline = effective.value('requestDeadlineSeconds');
      const lock = effective.value('edge.cache.lockTimeoutSeconds');
      const caches = [...cachesOf({ spec: input.spec, value: effective.value }).keys()];
      return [
        ...caches.map((name) => droppedEarly(input, name)),
        caches.length > 0 &&
          lock < deadline && {
            severity: 'Warning',
            path: 'edge.cache.lockTimeoutSeconds',
            message: `requests for a missing entry wait ${lock} s for the first of them, which may take ${deadline} s: after that all of them reach the upstream at once`,
            fixes: [{ 'edge.cache.lockTimeoutSeconds': deadline }],
          },
      ];
    },
    admission: [...CACHES.map(droppedWarning), lockWarning()],
  },
  {
    id: 'NG-03',
    path: 'edge.cache.api',
    check: ({ effective }) => {
      const found = effective.value('edge.cache.api.ttlSeconds');
      const missing = effective.value('edge.cache.api.notFoundTtlSeconds');
      return [
        missing > found && {
          severity: 'Warning',
          path: 'edge.cache.api.notFoundTtlSeconds',
          message: `a 404 is kept for ${missing} s, longer than an answer (${found} s): what was just created stays missing`,
          fixes: [{ 'edge.cache.api.notFoundTtlSeconds': Math.min(60, found) }],
        },
        effective.value('edge.cache.api.lifetime') === 'Fixed' && {
          severity: 'Warning',
          path: 'edge.cache.api.lifetime',
          message: `answers are kept for ${found} s even where the backend says less (Cache-Control: max-age)`,
          fixes: [{ 'edge.cache.api.lifetime': 'Upstream' }],
        },
      ];
    },
    admission: lifetimeWarnings(),
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
    admission: [smallWarning()],
  },
];

/** nginx drops what nobody asked for in `inactive`, however long it is valid (S23). */
function droppedEarly({ effective }: RuleInput, name: CacheName): Violation | undefined {
  const inactive = effective.value(`edge.cache.${name}.inactiveSeconds`);
  const ttl = Math.max(
    effective.value(`edge.cache.${name}.ttlSeconds`),
    name === 'api' ? effective.value('edge.cache.api.notFoundTtlSeconds') : 0,
  );
  if (inactive >= ttl) return undefined;
  return {
    severity: 'Warning',
    path: `edge.cache.${name}.inactiveSeconds`,
    message: `the ${name} cache drops what nobody asks for in ${inactive} s, although it is valid for ${ttl} s`,
    fixes: [{ [`edge.cache.${name}.inactiveSeconds`]: ttl + MARGIN_SECONDS }],
  };
}

function sizes(input: RuleInput): Verdict {
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

/** Whether there is a cache, and it is large enough: charts/tiers/edge/cache.ts. */
function hasCache(name: CacheName): Cel {
  const listed = cel`size(${value('edge.cache.api.paths')}) > 0`;
  const wanted = (other: CacheName): Cel => (other === 'api' ? listed : hasFrontend);
  const pages = WEIGHTS.static + WEIGHTS.image;
  const weight = define('cacheWeight', cel`(${listed} ? ${WEIGHTS.api} : 0) + (${hasFrontend} ? ${pages} : 0)`);
  const total = define('cacheBytes', bytesOf(value('edge.cache.maxSize')));
  return cel`${wanted(name)} && ${total} * ${WEIGHTS[name]} >= ${SMALLEST_CACHE} * ${weight}`;
}

function droppedWarning(name: CacheName): Admission {
  const own = value(`edge.cache.${name}.ttlSeconds`);
  const missing = value('edge.cache.api.notFoundTtlSeconds');
  const ttl = name === 'api' ? greatest(own, missing) : own;
  const inactive = value(`edge.cache.${name}.inactiveSeconds`, cel`${ttl} + ${INACTIVE_MARGIN_SECONDS}`);
  return {
    wrong: cel`${hasCache(name)} && ${inactive} < ${ttl}`,
    says: say`the ${name} cache drops what nobody asks for in ${inactive} s, although it is valid for ${ttl} s`,
    fix: say`remove edge.cache.${name}.inactiveSeconds`,
  };
}

function lockWarning(): Admission {
  const lock = value('edge.cache.lockTimeoutSeconds', deadline);
  const [api, chunks, pictures] = [hasCache('api'), hasCache('static'), hasCache('image')];
  return {
    wrong: cel`(${api} || ${chunks} || ${pictures}) && ${lock} < ${deadline}`,
    says: say`requests for a missing entry wait ${lock} s for the first of them, which may take ${deadline} s: then all reach the upstream at once`,
    fix: say`set edge.cache.lockTimeoutSeconds to ${deadline}`,
  };
}

function lifetimeWarnings(): Admission[] {
  const found = value('edge.cache.api.ttlSeconds');
  const missing = value('edge.cache.api.notFoundTtlSeconds');
  return [
    {
      wrong: cel`${missing} > ${found}`,
      says: say`a 404 is kept for ${missing} s, longer than an answer (${found} s): what was just created stays missing`,
      fix: say`set edge.cache.api.notFoundTtlSeconds to ${found}`,
    },
    {
      wrong: cel`${value('edge.cache.api.lifetime')} == ${'Fixed'}`,
      says: say`answers are kept for ${found} s even where the backend says less (Cache-Control: max-age)`,
      fix: say`set edge.cache.api.lifetime to Upstream`,
    },
  ];
}

function smallWarning(): Admission {
  const size = bytesOf(said('edge.cache.maxSize'));
  const isOnDisk = cel`${given('edge.cache.maxSize')} && ${value('edge.cache.medium')} != ${'Memory'}`;
  return {
    wrong: cel`${isOnDisk} && ${size} > 0 && ${size} < ${bytes(DEFAULT_SIZE)}`,
    says: say`a cache of ${said('edge.cache.maxSize')} on disk saves no memory against ${DEFAULT_SIZE}: it only holds fewer answers`,
    fix: say`set edge.cache.maxSize to ${DEFAULT_SIZE}`,
  };
}
