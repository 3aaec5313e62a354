import { formatPgSize, mebibytes, milliCores, pgKilobytes } from '../crds/units.ts';
import type { Derivations } from './effective.ts';

/**
 * How each knob follows from others when the user leaves it out. One entry a knob:
 * rule, formula as text, function. The user's value always wins, so none of these runs when it is set.
 */
const KEEPALIVE_MARGIN_SECONDS = 15; // S2: the server side of a hop outlives the client side by 10 s and more.
const POSTGRES_WORK_MEM_FLOOR_KB = 4096; // 6.2: today's PGTune takes the same floor.
const POSTGRES_WORKER_PROCESSES = 8; // Default of max_worker_processes, each of which may use work_mem.
const WAL_CEILING_KB = 4 * 1024 * 1024; // PG-08: 4 GB.

const cores = (quantity: string | number) => Math.max(1, Math.ceil(milliCores(quantity) / 1000));
const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

export const DERIVATIONS: Derivations = {
  'edge.workerProcesses': {
    rule: 'NG-32',
    formula: 'max(1, ceil(edge.resources.limits.cpu))',
    derive: (read) => clamp(cores(read.value('edge.resources.limits.cpu')), 1, 64),
  },
  'backend.workers': {
    rule: 'BE-02',
    formula: 'max(1, ceil(backend.resources.limits.cpu))',
    derive: (read) => clamp(cores(read.value('backend.resources.limits.cpu')), 1, 32),
  },
  'backend.maxRequestsJitter': {
    rule: 'BE-05',
    formula: 'ceil(0.3 × backend.maxRequests)',
    derive: (read) => Math.ceil(0.3 * read.value('backend.maxRequests')),
  },
  'backend.keepAliveSeconds': {
    rule: 'INV-06',
    formula: 'edge.upstreamKeepalive.timeoutSeconds + 15',
    derive: (read) => clamp(read.value('edge.upstreamKeepalive.timeoutSeconds') + KEEPALIVE_MARGIN_SECONDS, 1, 650),
  },
  'frontend.keepAliveSeconds': {
    rule: 'INV-06',
    formula: 'edge.upstreamKeepalive.timeoutSeconds + 15',
    derive: (read) => clamp(read.value('edge.upstreamKeepalive.timeoutSeconds') + KEEPALIVE_MARGIN_SECONDS, 1, 650),
  },
  'frontend.maxOldSpaceMiB': {
    rule: 'RES-07',
    formula: 'frontend.resources.limits.memory − max(256Mi, 25 %)',
    derive: (read) => {
      const limit = mebibytes(read.value('frontend.resources.limits.memory'));
      return clamp(limit - Math.max(256, Math.floor(limit / 4)), 128, 65_536);
    },
  },
  'postgres.parameters.sharedBuffers': {
    rule: 'PG-07',
    formula: 'postgres.resources.limits.memory / 4',
    derive: (read) => formatPgSize(Math.max(128, mebibytes(read.value('postgres.resources.limits.memory')) * 256)),
  },
  'postgres.parameters.effectiveCacheSize': {
    rule: 'S14',
    formula: '0.75 × postgres.resources.limits.memory',
    derive: (read) => formatPgSize(Math.max(8, mebibytes(read.value('postgres.resources.limits.memory')) * 768)),
  },
  'postgres.parameters.maintenanceWorkMem': {
    rule: 'PGTune',
    formula: 'min(postgres.resources.limits.memory / 16, 2GB)',
    derive: (read) =>
      formatPgSize(clamp(mebibytes(read.value('postgres.resources.limits.memory')) * 64, 1024, 2_097_151)),
  },
  'postgres.parameters.workMem': {
    rule: 'PGTune',
    formula: 'max(4MB, (limit − sharedBuffers) / ((maxConnections + 8) × 3))',
    derive: (read) => {
      const limitKb = mebibytes(read.value('postgres.resources.limits.memory')) * 1024;
      const free = limitKb - pgKilobytes(read.value('postgres.parameters.sharedBuffers'));
      const share = Math.floor(free / ((read.value('postgres.maxConnections') + POSTGRES_WORKER_PROCESSES) * 3));
      return formatPgSize(Math.max(POSTGRES_WORK_MEM_FLOOR_KB, share));
    },
  },
  'postgres.parameters.maxWalSize': {
    rule: 'PG-08',
    formula: 'min(4GB, 0.2 × postgres.storage.size), at least 128MB',
    derive: (read) => {
      const volumeKb = mebibytes(read.spec.postgres.storage?.size ?? '0') * 1024;
      return formatPgSize(Math.floor(clamp(volumeKb * 0.2, 128 * 1024, WAL_CEILING_KB) / 1024) * 1024);
    },
  },
  'postgres.parameters.minWalSize': {
    rule: 'PG-08',
    formula: 'postgres.parameters.maxWalSize / 4',
    derive: (read) =>
      formatPgSize(Math.max(32_768, Math.floor(pgKilobytes(read.value('postgres.parameters.maxWalSize')) / 4))),
  },
};
