import { formatPgSize, mebibytes, pgKilobytes } from '../../crds/units.ts';
import type { Derivations, Reader } from '../effective.ts';
import { workMemCeilingKb } from '../postgres-memory.ts';
import { postgresVersion } from '../postgres-version.ts';
import { clamp, wholeCores } from './arithmetic.ts';

/** How PostgreSQL's parameters follow from others: PGTune's formulas for a web application, with corrections. */
const WORK_MEM_FLOOR_KB = 4096; // Today's PGTune takes the same floor; it is PostgreSQL's default.
const WORK_MEM_LEAST_KB = 1024;
const WORKER_PROCESSES = 8; // Default of max_worker_processes, each of which may use work_mem.
const WAL_CEILING_KB = 4 * 1024 * 1024; // PG-08: 4 GB.
/** S15: up to 17 the number of prefetched pages; from 18 on real reads under way, of which many slow all down. */
const IO_CONCURRENCY = { HDD: 2, SSD: 200, SSD_FROM_18: 32 };
const PARALLEL_MOST = 4;

/** A share of the memory limit, in kB. */
const limitKb = (read: Reader): number => mebibytes(read.value('postgres.resources.limits.memory')) * 1024;

export const POSTGRES_DERIVATIONS: Derivations = {
  'postgres.parameters.sharedBuffers': {
    rule: 'PG-07',
    formula: 'postgres.resources.limits.memory / 4',
    derive: (read) => formatPgSize(clamp(Math.floor(limitKb(read) / 4), 128, 1_073_741_824)),
  },
  'postgres.parameters.effectiveCacheSize': {
    rule: 'S14',
    formula: '0.75 × postgres.resources.limits.memory',
    derive: (read) => formatPgSize(clamp(Math.floor(limitKb(read) * 0.75), 8, 2_147_483_647)),
  },
  'postgres.parameters.maintenanceWorkMem': {
    rule: 'PGTune',
    formula: 'postgres.resources.limits.memory / 16, from 1MB to 2GB',
    derive: (read) => formatPgSize(clamp(Math.floor(limitKb(read) / 16), 1024, 2_097_151)),
  },
  'postgres.parameters.workMem': {
    rule: 'PGTune, INV-10',
    formula:
      'max(4MB, (postgres.resources.limits.memory − postgres.parameters.sharedBuffers) / ((postgres.maxConnections + 8) × 3)), and no more than INV-10 leaves to the queries that run at the same time',
    derive: (read) => {
      const free = limitKb(read) - pgKilobytes(read.value('postgres.parameters.sharedBuffers'));
      const share = Math.floor(free / ((read.value('postgres.maxConnections') + WORKER_PROCESSES) * 3));
      const bounded = Math.min(Math.max(WORK_MEM_FLOOR_KB, share), workMemCeilingKb(read));
      return formatPgSize(clamp(bounded, WORK_MEM_LEAST_KB, 2_147_483_647));
    },
  },
  'postgres.parameters.maxWalSize': {
    rule: 'PG-08',
    formula: 'min(4GB, 0.2 × postgres.storage.size), at least 128MB and twice postgres.parameters.minWalSize',
    derive: (read) => {
      const volumeKb = mebibytes(read.given('postgres.storage.size') ?? '0') * 1024;
      const share = Math.floor(clamp(volumeKb * 0.2, 128 * 1024, WAL_CEILING_KB) / 1024) * 1024;
      const least = read.given('postgres.parameters.minWalSize');
      return formatPgSize(clamp(share, least === undefined ? 0 : 2 * pgKilobytes(least), 2_147_483_647));
    },
  },
  'postgres.parameters.minWalSize': {
    rule: 'PG-08',
    formula: 'postgres.parameters.maxWalSize / 4, at least 32MB',
    derive: (read) =>
      formatPgSize(Math.max(32_768, Math.floor(pgKilobytes(read.value('postgres.parameters.maxWalSize')) / 4))),
  },
  'postgres.parameters.randomPageCost': {
    rule: 'PGTune',
    formula: '1.1 for SSD, 4 for HDD: postgres.storage.medium',
    derive: (read) => (read.value('postgres.storage.medium') === 'HDD' ? '4' : '1.1'),
  },
  'postgres.parameters.effectiveIoConcurrency': {
    rule: 'S15, INV-23',
    formula: '2 for HDD; for SSD 32, before PostgreSQL 18 200: postgres.storage.medium and postgres.image',
    derive: (read) => {
      if (read.value('postgres.storage.medium') === 'HDD') return IO_CONCURRENCY.HDD;
      return major(read) >= 18 ? IO_CONCURRENCY.SSD_FROM_18 : IO_CONCURRENCY.SSD;
    },
  },
  'postgres.parameters.ioMethod': {
    rule: 'PG-09',
    formula: 'Worker from PostgreSQL 18 on, which every build and every node can do: postgres.image',
    derive: (read) => (major(read) >= 18 ? 'Worker' : undefined),
  },
  'postgres.parameters.maxParallelWorkersPerGather': {
    rule: 'PG-10',
    formula: 'min(4, ceil(postgres.resources.limits.cpu / 2)), on one core 0',
    derive: (read) => {
      const cores = wholeCores(read.value('postgres.resources.limits.cpu'));
      return cores === 1 ? 0 : Math.min(PARALLEL_MOST, Math.ceil(cores / 2));
    },
  },
  'postgres.parameters.maxParallelMaintenanceWorkers': {
    rule: 'PG-10',
    formula: 'postgres.parameters.maxParallelWorkersPerGather',
    derive: (read) => read.value('postgres.parameters.maxParallelWorkersPerGather'),
  },
};

const major = (read: Reader): number => postgresVersion(read.value('postgres.image')).major;
