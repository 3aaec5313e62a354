import { z } from 'zod';
import { celKilobytes, decimal, image, objectName, pgSize, withCel } from '../fields.ts';
import { type ChangeClass, knob } from '../knob.ts';
import { pgKilobytes } from '../units.ts';
import { resources } from './resources.ts';

/** PostgreSQL: the guide's eleven parameters and what goes with them. Bounds are those of the server itself. */

const parameter = (key: string, change: ChangeClass) => ({ target: { file: 'postgresql.conf' as const, key }, change });
const KB_MAX = 2_147_483_647;

const parameters = withCel(
  z.strictObject({
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
    maintenanceWorkMem: knob(pgSize(1024, KB_MAX), {
      ...parameter('maintenance_work_mem', 'reload'),
      description: 'Memory for VACUUM, CREATE INDEX and each autovacuum worker.',
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
      description:
        'Memory for WAL that is not written yet. Unset, the server takes 1/32 of sharedBuffers, at most 16MB.',
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
      default: '1.1',
      source: 'guide (SSD); PGTune',
    }),
    effectiveIoConcurrency: knob(z.int().min(0).max(1000), {
      ...parameter('effective_io_concurrency', 'reload'),
      description:
        'Reads that one query keeps under way at the same time. From PostgreSQL 18 on, values above 64 can raise latency for all.',
      unit: 'requests',
      default: 32,
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
    maxWalSize: knob(pgSize(32_768, KB_MAX), {
      ...parameter('max_wal_size', 'reload'),
      description: 'WAL at which a checkpoint is forced. A soft limit.',
      source: 'PG-08, INV-12; the guide says 4GB',
    }),
  }),
  {
    rule: `!has(self.minWalSize) || !has(self.maxWalSize) || ${celKilobytes('self.minWalSize')} < ${celKilobytes('self.maxWalSize')}`,
    message: 'minWalSize must be smaller than maxWalSize (INV-12): lower minWalSize or raise maxWalSize',
  },
  ({ minWalSize, maxWalSize }) =>
    minWalSize === undefined || maxWalSize === undefined || pgKilobytes(minWalSize) < pgKilobytes(maxWalSize),
);

export const postgresSchema = withCel(
  z.strictObject({
    mode: z
      .enum(['Managed', 'External', 'CloudNativePG'])
      .optional()
      .describe(
        'Managed: the operator runs PostgreSQL. External: it runs elsewhere. CloudNativePG: it is a Cluster of that operator. Default: Managed.',
      ),
    connectionSecretName: objectName()
      .optional()
      .describe('For External and CloudNativePG: the Secret with the keys username, password, host, port and dbname.'),
    image: knob(image(), {
      target: { file: 'manifest', key: 'image' },
      change: 'restart',
      description: 'PostgreSQL image. The major version must not change once the database exists.',
      default: 'postgres:18',
      source: 'current major; D20',
    }),
    storage: z
      .strictObject({
        size: z
          .string()
          .min(1)
          .max(20)
          .regex(/^[1-9][0-9]{0,6}(Mi|Gi|Ti)$/)
          .describe('Size of the data volume: 20Gi.'),
        storageClassName: objectName().optional().describe("StorageClass of the data volume. Default: the cluster's."),
      })
      .optional()
      .describe('The data volume. It outlives the profile.'),
    maxConnections: knob(z.int().min(10).max(500), {
      ...parameter('max_connections', 'restart'),
      description: 'Connections that the server accepts in all, 3 of them reserved for the superuser.',
      unit: 'connections',
      default: 100,
      source: 'default of PostgreSQL; DB-02, INV-05',
    }),
    statementTimeoutSeconds: knob(z.int().min(1).max(600), {
      target: { file: 'roles.sql', key: 'statement_timeout' },
      change: 'sql',
      description: 'Time after which a statement of the application is cancelled. Migrations are exempt.',
      unit: 'seconds',
      default: 30,
      source: 'guide, query timeout; DB-04',
    }),
    parameters: parameters.optional().describe("Parameters of postgresql.conf, in PostgreSQL's own units."),
    resources: resources({ requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '1000m', memory: '1Gi' } }),
  }),
  {
    rule: "(has(self.mode) && self.mode != 'Managed') ? has(self.connectionSecretName) : has(self.storage)",
    message: 'mode Managed needs storage.size; External and CloudNativePG need connectionSecretName',
  },
  (postgres) =>
    postgres.mode !== undefined && postgres.mode !== 'Managed'
      ? postgres.connectionSecretName !== undefined
      : postgres.storage !== undefined,
).describe('PostgreSQL.');
