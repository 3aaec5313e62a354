import { formatPgSize, mebibytes, pgKilobytes } from '../../crds/units.ts';
import type { Derivations } from '../effective.ts';
import { clamp } from './arithmetic.ts';

/** How PostgreSQL's parameters follow from others: PGTune's formulas with corrections. */
const POSTGRES_WORK_MEM_FLOOR_KB = 4096; // Today's PGTune takes the same floor.
const POSTGRES_WORKER_PROCESSES = 8; // Default of max_worker_processes, each of which may use work_mem.
const WAL_CEILING_KB = 4 * 1024 * 1024; // PG-08: 4 GB.

export const POSTGRES_DERIVATIONS: Derivations = {
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
