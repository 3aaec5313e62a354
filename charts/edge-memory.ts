import { bytes, mebibytes } from '../crds/units.ts';
import type { RuleInput } from './findings.ts';
import { cachesOf } from './tiers/edge/cache.ts';

/** The memory that one edge pod may need (RES-05, INV-15), at the worst moment: while a reload has two sets of workers. */

/** What a worker takes by itself and for each connection slot: 432 bytes, measured. */
const WORKER_MIB = 4;
const SLOT_MIB = 432 / 2 ** 20;
/** Old and new workers stand side by side until the old ones have drained. */
const RELOAD_FACTOR = 2;
const LEAST_ACTIVE = 200;
/** Share of the requests in progress that have a body, and share of those whose answer is being compressed. */
const BODY_SHARE = 0.2;
const GZIP_SHARE = 0.5;
/** State of zlib for one answer: a window and a hash of 128 KiB each. */
const GZIP_MIB = 0.26;
const TLS_SESSIONS_MIB = 10;
const FILL = 0.9;
const MEBIBYTE = 2 ** 20;

/** Parts in MiB, rounded up, and what they are to be compared with. */
export interface EdgeMemory {
  readonly active: number;
  readonly workers: number;
  readonly zones: number;
  readonly buffers: number;
  readonly compression: number;
  /** Caches in memory; those on disk take none. */
  readonly caches: number;
  readonly neededMiB: number;
  /** 90 % of the limit. */
  readonly usableMiB: number;
  readonly limitMiB: number;
  /** Limit with which all of it would fit. */
  readonly neededLimitMiB: number;
}

export function edgeMemory(input: Pick<RuleInput, 'spec' | 'effective'>): EdgeMemory {
  const { value } = input.effective;
  const processes = value('edge.workerProcesses');
  const slots = value('edge.workerConnections');
  const active = activeRequests(input);
  const parts = {
    workers: Math.ceil(processes * (WORKER_MIB + SLOT_MIB * slots) * RELOAD_FACTOR),
    zones: zones(input),
    buffers: Math.ceil((active * bufferBytes(input)) / MEBIBYTE),
    compression: Math.ceil(active * GZIP_SHARE * GZIP_MIB),
    caches: value('edge.cache.medium') === 'Memory' ? Math.ceil(bytes(value('edge.cache.maxSize')) / MEBIBYTE) : 0,
  };
  const neededMiB = Object.values(parts).reduce((sum, part) => sum + part, 0);
  const limitMiB = mebibytes(value('edge.resources.limits.memory'));
  return {
    ...parts,
    active,
    neededMiB,
    limitMiB,
    usableMiB: Math.floor(limitMiB * FILL),
    neededLimitMiB: Math.ceil(neededMiB / FILL / 16) * 16 + 16,
  };
}

/** Requests in progress at a peak; a proxied one takes two connection slots. */
function activeRequests({ spec, effective }: Pick<RuleInput, 'spec' | 'effective'>): number {
  const capacity = Math.floor(
    (effective.value('edge.workerProcesses') * effective.value('edge.workerConnections')) / 2,
  );
  return Math.min(capacity, Math.max(LEAST_ACTIVE, spec.objective?.concurrentUsers ?? 0));
}

/** Two zones of each kind of limit, the keys of each cache, TLS sessions. */
function zones({ spec, effective }: Pick<RuleInput, 'spec' | 'effective'>): number {
  const { value } = effective;
  return (
    2 * value('edge.rateLimit.zoneMiB') +
    2 * value('edge.connectionLimit.zoneMiB') +
    cachesOf({ spec, value }).size * value('edge.cache.keysZoneMiB') +
    (spec.edge.tls === undefined ? 0 : TLS_SESSIONS_MIB)
  );
}

function bufferBytes({ effective: { value } }: Pick<RuleInput, 'effective'>): number {
  return (
    BODY_SHARE * bytes(value('edge.buffers.clientBody')) +
    bytes(value('edge.buffers.proxyHeader')) +
    value('edge.buffers.proxyCount') * bytes(value('edge.buffers.proxySize'))
  );
}
