import * as z from 'zod';
import { celKilobytes, decimal, pgSize, withCel } from '../fields.ts';
import { type ChangeClass, knob } from '../knob.ts';
import { pgKilobytes } from '../units.ts';

/** The guide's eleven parameters of PostgreSQL and those that belong to them. Bounds are those of the server itself. */

/** Place and change class of a parameter of postgresql.conf. */
export const parameter = (key: string, change: ChangeClass) => ({
  target: { file: 'postgresql.conf' as const, key },
  change,
});
const KB_MAX = 2_147_483_647;

const guideParameters = {
  sharedBuffers: knob(pgSize(128, 1_073_741_824), {
    ...parameter('shared_buffers', 'restart'),
    description: 'Memory for the shared page cache of the server; 15 to 40 percent of the memory limit.',
    source: 'PG-07; the guide says 256MB',
  }),
  effectiveCacheSize: knob(pgSize(8, KB_MAX), {
    ...parameter('effective_cache_size', 'reload'),
    description: 'What the planner believes to be cached, by the server and the kernel together. Allocates nothing.',
    source: 'PG-07, S14; the guide says 1GB',
  }),
  maintenanceWorkMem: knob(pgSize(64, KB_MAX), {
    ...parameter('maintenance_work_mem', 'reload'),
    description:
      'Memory for VACUUM, CREATE INDEX and each autovacuum worker. Before PostgreSQL 17 at least 1MB (INV-23).',
    source: 'PGTune; the guide says 64MB',
  }),
  checkpointCompletionTarget: knob(
    withCel(
      decimal(),
      {
        rule: "self.matches('^[0-9]{1,5}([.][0-9]{1,4})?$') && double(self) <= 1.0",
        message: 'must be between 0 and 1, as text: "0.9"',
      },
      (text) => Number(text) <= 1,
    ),
    {
      ...parameter('checkpoint_completion_target', 'reload'),
      description: 'Share of the time between two checkpoints over which their writes are spread.',
      default: '0.9',
      source: 'default of PostgreSQL 14 and later; guide',
    },
  ),
  walBuffers: knob(pgSize(32, 2_097_144), {
    ...parameter('wal_buffers', 'restart'),
    description: 'Memory for WAL that is not written yet. Unset, the server takes 1/32 of sharedBuffers, at most 16MB.',
    source: 'pg_settings; the guide says 16MB',
  }),
  defaultStatisticsTarget: knob(z.int().min(1).max(10_000), {
    ...parameter('default_statistics_target', 'reload'),
    description: 'Detail of the statistics that ANALYZE gathers.',
    default: 100,
    source: 'default of PostgreSQL; guide',
  }),
  randomPageCost: knob(decimal(), {
    ...parameter('random_page_cost', 'reload'),
    description: 'Cost of a random page read for the planner: "1.1" on SSD, "4" on rotating disks.',
    source: 'guide (SSD); PGTune',
  }),
  effectiveIoConcurrency: knob(z.int().min(0).max(1000), {
    ...parameter('effective_io_concurrency', 'reload'),
    description:
      'Reads that one query keeps under way at the same time. From PostgreSQL 18 on, values above 64 can raise latency for all.',
    unit: 'requests',
    source: 'S15, INV-23; the guide says 200',
  }),
  workMem: knob(pgSize(64, KB_MAX), {
    ...parameter('work_mem', 'reload'),
    description: 'Memory for each sort or hash of each query before it spills to disk.',
    source: 'PGTune; the guide says 2621kB',
  }),
  minWalSize: knob(pgSize(32_768, KB_MAX), {
    ...parameter('min_wal_size', 'reload'),
    description: 'WAL that is kept for reuse, permanently on disk.',
    source: 'PG-08, INV-12; the guide says 1GB',
  }),
  maxWalSize: knob(pgSize(65_536, KB_MAX), {
    ...parameter('max_wal_size', 'reload'),
    description: 'WAL at which a checkpoint is forced. A soft limit.',
    source: 'PG-08, INV-12; the guide says 4GB',
  }),
};

const furtherParameters = {
  checkpointTimeoutSeconds: knob(z.int().min(30).max(86_400), {
    ...parameter('checkpoint_timeout', 'reload'),
    description: 'Longest time between two checkpoints. Longer writes less and recovers more slowly after a crash.',
    unit: 'seconds',
    default: 900,
    source: 'PG-08; PostgreSQL default 300',
  }),
  walCompression: knob(z.enum(['None', 'Pglz', 'Lz4', 'Zstd']), {
    ...parameter('wal_compression', 'reload'),
    words: { None: 'off', Pglz: 'on', Lz4: 'lz4', Zstd: 'zstd' },
    description:
      'Compression of whole pages in the WAL. Pglz is in every build; Lz4 and Zstd are faster and need PostgreSQL 15 or later, built with them.',
    default: 'Pglz',
    source: 'PGTune takes lz4, which some builds lack: they would not start',
  }),
  ioMethod: knob(z.enum(['Sync', 'Worker', 'IoUring']), {
    ...parameter('io_method', 'restart'),
    since: 18,
    words: { Sync: 'sync', Worker: 'worker', IoUring: 'io_uring' },
    description:
      'How reads are done beside the query. IoUring needs a build that has it and a node whose seccomp profile lets it pass; elsewhere the server does not start.',
    source: 'PG-09',
  }),
  autovacuumMaxWorkers: knob(z.int().min(1).max(16), {
    ...parameter('autovacuum_max_workers', 'restart'),
    reloadSince: 18,
    description: 'Autovacuum processes at the same time, each of which takes maintenanceWorkMem.',
    unit: 'processes',
    default: 3,
    source: 'default of PostgreSQL; PG-06',
  }),
  autovacuumNaptimeSeconds: knob(z.int().min(1).max(2_147_483), {
    ...parameter('autovacuum_naptime', 'reload'),
    description: 'Pause between two looks of autovacuum at the database.',
    unit: 'seconds',
    default: 30,
    source: 'PG-13; PostgreSQL default 60',
  }),
  maxParallelWorkersPerGather: knob(z.int().min(0).max(64), {
    ...parameter('max_parallel_workers_per_gather', 'reload'),
    description: 'Processes that may help one query. Of no use on one core, where they only take memory.',
    unit: 'processes',
    source: 'PG-10, PGTune; PostgreSQL default 2',
  }),
  maxParallelMaintenanceWorkers: knob(z.int().min(0).max(64), {
    ...parameter('max_parallel_maintenance_workers', 'reload'),
    description: 'Processes that may help CREATE INDEX and VACUUM.',
    unit: 'processes',
    source: 'PG-10, PGTune; PostgreSQL default 2',
  }),
  logMinDurationMilliseconds: knob(z.int().min(-1).max(2_147_483_647), {
    ...parameter('log_min_duration_statement', 'reload'),
    description:
      'Statements that take at least this long are logged, without the values of their parameters. -1: none.',
    unit: 'milliseconds',
    default: 1000,
    source: 'slow queries are what tuning starts from; PostgreSQL logs none',
  }),
};

export const parametersSchema = withCel(
  z.strictObject({ ...guideParameters, ...furtherParameters }),
  {
    rule: `!has(self.minWalSize) || !has(self.maxWalSize) || ${celKilobytes('self.minWalSize')} < ${celKilobytes('self.maxWalSize')}`,
    message: 'minWalSize must be smaller than maxWalSize (INV-12): lower minWalSize or raise maxWalSize',
  },
  ({ minWalSize, maxWalSize }) =>
    minWalSize === undefined || maxWalSize === undefined || pgKilobytes(minWalSize) < pgKilobytes(maxWalSize),
);
