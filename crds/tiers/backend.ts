import * as z from 'zod';
import { containerPath, envList, image, tcpPort, urlPath, withCel } from '../fields.ts';
import { knob } from '../knob.ts';
import { resources } from './resources.ts';

/** The backend: FastAPI under gunicorn with uvicorn workers. Processes, timeouts, recycling, pool, migration. */

const flag = (key: string) => ({ target: { file: 'gunicorn' as const, key }, change: 'rolling' as const });
const environment = (key: string) => ({ target: { file: 'env' as const, key }, change: 'rolling' as const });

const pool = z
  .strictObject({
    size: knob(z.int().min(1).max(100), {
      ...environment('DB_POOL_SIZE'),
      description: 'Database connections that each worker process keeps open.',
      unit: 'connections per worker',
      source: 'DB-01, DB-02; SQLAlchemy default 5; the guide says 10',
    }),
    maxOverflow: knob(z.int().min(0).max(200), {
      ...environment('DB_MAX_OVERFLOW'),
      description: 'Database connections that each worker may open on top of size under load.',
      unit: 'connections per worker',
      source: 'DB-01: overflow not above size; the guide says 20',
    }),
    recycleSeconds: knob(z.int().min(60).max(86_400), {
      ...environment('DB_POOL_RECYCLE'),
      description: 'Age at which a database connection is replaced.',
      unit: 'seconds',
      default: 1800,
      source: 'DB-01; the guide says 3600',
    }),
    timeoutSeconds: knob(z.int().min(1).max(30), {
      ...environment('DB_POOL_TIMEOUT'),
      description: 'How long a request waits for a free database connection before it fails.',
      unit: 'seconds',
      source: 'DB-01, INV-07; SQLAlchemy default 30',
    }),
    prePing: knob(z.boolean(), {
      ...environment('DB_POOL_PRE_PING'),
      description:
        'Whether a connection is tried before it is used, so that a restart of the database costs no failed request.',
      default: true,
      source: 'DB-01; SQLAlchemy default false',
    }),
    useLifo: knob(z.boolean(), {
      ...environment('DB_POOL_USE_LIFO'),
      description:
        'Whether the connection that was given back last is taken first, so that the pool stays as small as the load needs and the rest ages out.',
      default: false,
      source: 'DB-01; SQLAlchemy default false',
    }),
    delivery: knob(z.enum(['Environment', 'Inject']), {
      target: { file: 'gunicorn.conf.py', key: 'create_engine' },
      change: 'rolling',
      description:
        'How the pool reaches the application: Environment sets DB_POOL_SIZE, DB_MAX_OVERFLOW, DB_POOL_RECYCLE, DB_POOL_TIMEOUT, DB_POOL_PRE_PING, DB_POOL_USE_LIFO and THREADPOOL_TOKENS for an application that reads them; Inject also sets them on SQLAlchemy create_engine and on the thread limit of anyio, for images that have them hard-coded.',
      default: 'Environment',
      source: 'images with hard-coded pools exist; D15',
    }),
  })
  .optional()
  .describe('The pool of database connections of one worker process.');

export const backendSchema = withCel(
  z.strictObject({
    image: image().describe('Image of the application, with gunicorn and uvicorn in it. Needs no change for pitcrew.'),
    app: z
      .string()
      .min(3)
      .max(128)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*$/)
      .optional()
      .describe('The ASGI application, as module:attribute. Default: main:app.'),
    port: tcpPort().optional().describe('TCP port on which gunicorn listens. Default: 8000.'),
    paths: z
      .array(urlPath())
      .min(1)
      .max(50)
      .optional()
      .describe('URL prefixes that nginx passes to the backend; all others go to the frontend. Default: /api/.'),
    healthPath: urlPath()
      .optional()
      .describe('Path that answers 200 while the process is alive. Never cached, never limited. Default: /health.'),
    runAsUser: z
      .int()
      .min(1)
      .max(2_147_483_647)
      .optional()
      .describe('Numeric user of the process; images whose user is root run as this one. Default: 1000.'),
    migrate: z
      .strictObject({
        command: z
          .array(z.string().min(1).max(1024))
          .min(1)
          .max(50)
          .describe('Command that brings the schema up to date, for example [alembic, upgrade, head].'),
        timeoutSeconds: z
          .int()
          .min(10)
          .max(86_400)
          .optional()
          .describe('Time after which the migration counts as failed. Unit: seconds. Default: 600.'),
      })
      .optional()
      .describe(
        "Runs once for each new image or command, after a dump of the database and before the new pods start. A database of mode Managed knows a login for it, which PGUSER and DATABASE_URL name there: what it makes belongs to the application's role, but no time limit holds, only that it waits 5 seconds for a lock. A login that backend.env takes from the Secret itself is the application's: its limits hold, unless the driver reads PGOPTIONS, as psycopg does and asyncpg does not. With another database the limits are those of the role in its Secret.",
      ),
    env: envList()
      .optional()
      .describe('Environment of the application. DATABASE_URL is set by the operator unless it is listed here.'),
    writablePaths: z
      .array(containerPath())
      .max(20)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe(
        'Directories that the application writes to. The rest of its file system is read-only. Content is lost with the pod.',
      ),
    replicas: knob(z.int().min(1).max(10), {
      target: { file: 'manifest', key: 'replicas' },
      change: 'rolling',
      description: 'Backend pods, each with its own workers and pools.',
      unit: 'pods',
      default: 1,
      source: 'FUT-4',
    }),
    workers: knob(z.int().min(1).max(32), {
      ...flag('--workers'),
      description: 'gunicorn worker processes in each pod.',
      unit: 'processes per pod',
      source: 'BE-02; the guide says 4',
    }),
    workerClass: knob(z.enum(['uvicorn.workers.UvicornWorker', 'uvicorn_worker.UvicornWorker', 'asgi']), {
      ...flag('--worker-class'),
      description: 'Class of the gunicorn workers; its package must be in the image.',
      default: 'uvicorn.workers.UvicornWorker',
      source: 'guide, multi-worker setup; BE-01',
    }),
    timeoutSeconds: knob(z.int().min(10).max(600), {
      ...flag('--timeout'),
      description: 'Heartbeat: a worker whose event loop hangs for this long is killed. It does not bound a request.',
      unit: 'seconds',
      source: 'BE-06; the guide says 120',
    }),
    gracefulTimeoutSeconds: knob(z.int().min(1).max(600), {
      ...flag('--graceful-timeout'),
      description: 'Time that running requests have to finish when a pod stops.',
      unit: 'seconds',
      source: 'BE-04, INV-08; gunicorn default 30',
    }),
    maxRequests: knob(z.int().min(0).max(10_000_000), {
      ...flag('--max-requests'),
      description: 'Requests after which a worker is replaced; 0 never replaces it.',
      unit: 'requests per worker',
      default: 0,
      source: 'BE-05; the guide says 1000',
    }),
    maxRequestsJitter: knob(z.int().min(0).max(10_000_000), {
      ...flag('--max-requests-jitter'),
      description: 'Random addition to maxRequests, so that the workers are not replaced at the same time.',
      unit: 'requests per worker',
      source: 'BE-05; the guide says 50',
    }),
    keepAliveSeconds: knob(z.int().min(1).max(650), {
      ...flag('--keep-alive'),
      description: 'How long the backend keeps an idle connection. Must be longer than nginx keeps it (INV-06).',
      unit: 'seconds',
      source: 'INV-06; the guide says 5',
    }),
    backlog: knob(z.int().min(64).max(65_535), {
      ...flag('--backlog'),
      description: 'Connections that may wait to be accepted; the kernel caps it at net.core.somaxconn.',
      unit: 'connections',
      default: 2048,
      source: 'BE-11; gunicorn default',
    }),
    threadTokens: knob(z.int().min(1).max(1000), {
      ...environment('THREADPOOL_TOKENS'),
      description:
        'Endpoints declared with plain def that one worker runs at the same time, each in a thread. Must be well above the connections of the pool, since a request keeps its connection while its next step waits for a thread (INV-11). Read by the application; set on anyio by pool.delivery Inject.',
      unit: 'threads per worker',
      source: 'BE-09, INV-11; anyio default 40',
    }),
    expectedWorkerMiB: knob(z.int().min(16).max(16_384), {
      target: { file: 'derivation', key: 'backend.workers and INV-18' },
      change: 'rolling',
      description: 'Memory that one worker process of this application is expected to need.',
      unit: 'MiB',
      default: 160,
      source: 'BE-02; FastAPI with SQLAlchemy alone takes about 48',
    }),
    pool,
    resources: resources({ requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '1500m', memory: '1Gi' } }),
  }),
  {
    rule: '!has(self.maxRequestsJitter) || !has(self.maxRequests) || self.maxRequestsJitter <= self.maxRequests',
    message: 'maxRequestsJitter must not exceed maxRequests: lower it, or raise maxRequests',
  },
  (backend) =>
    backend.maxRequestsJitter === undefined ||
    backend.maxRequests === undefined ||
    backend.maxRequestsJitter <= backend.maxRequests,
).describe('FastAPI under gunicorn.');
