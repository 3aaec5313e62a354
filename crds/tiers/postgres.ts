import * as z from 'zod';
import { image, objectName, withCel } from '../fields.ts';
import { knob } from '../knob.ts';
import { extraParametersList } from './postgres-extra.ts';
import { parameter, parametersSchema } from './postgres-parameters.ts';
import { resources } from './resources.ts';

/** PostgreSQL: who runs it, its volume, connections, timeouts and parameters. */

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
      .describe(
        'For External and CloudNativePG: the Secret with the keys username, password, host, port and dbname. Kubernetes puts them into DATABASE_URL as they are: where a value holds @ / ? # % [ ] or white space, give backend.env a DATABASE_URL that takes a key with the whole URL, as CloudNativePG writes it under uri (DB-11).',
      ),
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
        medium: knob(z.enum(['SSD', 'HDD']), {
          target: {
            file: 'derivation',
            key: 'postgres.parameters.randomPageCost and postgres.parameters.effectiveIoConcurrency',
          },
          change: 'reload',
          description: 'Kind of disk behind the volume.',
          default: 'SSD',
          source: 'guide (SSD); PGTune',
        }),
      })
      .optional()
      .describe('The data volume. It outlives the profile.'),
    maxConnections: knob(z.int().min(10).max(500), {
      ...parameter('max_connections', 'restart'),
      description: 'Connections that the server accepts in all, 3 of them reserved for the superuser.',
      unit: 'connections',
      source: 'DB-02, INV-05; PostgreSQL default 100',
    }),
    reservedConnections: knob(z.int().min(0).max(100), {
      ...parameter('reserved_connections', 'restart'),
      since: 16,
      description: 'Connections that are kept free of the application for monitoring and the operator.',
      unit: 'connections',
      default: 0,
      source: 'DB-02; default of PostgreSQL',
    }),
    statementTimeoutSeconds: knob(z.int().min(1).max(600), {
      target: { file: 'roles.sql', key: 'statement_timeout' },
      change: 'sql',
      description:
        'Time after which a statement of the application is cancelled. Migrations are exempt. It is a setting of the role: an application that sets a statement_timeout of its own when it connects (in the URL, in connect_args) keeps that, and the operator cannot see it.',
      unit: 'seconds',
      source: 'guide, query timeout: 30; DB-04, INV-07',
    }),
    transactionTimeoutSeconds: knob(z.int().min(1).max(86_400), {
      target: { file: 'roles.sql', key: 'transaction_timeout' },
      change: 'sql',
      since: 17,
      description:
        'Time after which a transaction of the application is ended, whatever it does. Unset: never. What the application sets by itself when it connects wins here, too.',
      unit: 'seconds',
      source: 'DB-04; PostgreSQL default none',
    }),
    durability: knob(z.enum(['Full', 'RelaxedCommit']), {
      ...parameter('synchronous_commit', 'reload'),
      words: { Full: 'on', RelaxedCommit: 'off' },
      description:
        'Full: a commit is on disk before it is reported. RelaxedCommit: faster, but a crash of the node loses the last 0.6 seconds of reported commits; nothing is corrupted.',
      default: 'Full',
      source: 'PG-12',
    }),
    parameters: parametersSchema.optional().describe("Parameters of postgresql.conf, in PostgreSQL's own units."),
    extraParameters: knob(extraParametersList(), {
      ...parameter('*', 'reload'),
      description:
        'Further parameters of postgresql.conf. Names are checked against those that PostgreSQL 15 to 18 know, values against their bounds, and against those of the server once it runs (INV-22). Those that need a restart of the server cause one.',
      source: 'PG-05',
    }),
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
