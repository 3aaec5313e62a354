import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { VERSION } from '../synth/version.ts';
import { type Endpoint, readEndpoint } from './cluster/config.ts';
import { createTransport } from './cluster/transport.ts';
import { configOf, type OperatorConfig } from './config.ts';
import {
  type HealthServer,
  lagCheck,
  type Page,
  startHealth,
  startLagMeter,
  syncCheck,
  type Watched,
  watchCheck,
} from './health.ts';
import { createElection, type Election } from './leader/election.ts';
import { LEASE_NAME, leaseAt } from './leader/lease.ts';
import { createLog, type Log } from './log.ts';
import { createGuard, METRICS_PATH } from './metrics/guard.ts';
import { createMetrics } from './metrics/metrics.ts';
import { startOperator } from './reconcile/operator.ts';

/** The operator's process: settings, log, health, operator, signals. Everything else is wired in `startOperator`. */
async function main(config: OperatorConfig, log: Log, die: (error: unknown) => void): Promise<void> {
  const asked = askedToEnd();
  const endpoint = readEndpoint();
  const election = candidacy(config, endpoint, log, die);
  const lag = startLagMeter();
  // Before the caches are known there is nothing to be ready with.
  const watched: Watched[] = [{ kind: 'all kinds', hasSynced: () => false, lastByteAgeMs: () => 0 }];
  const metrics = createMetrics({
    version: VERSION,
    maxLagMs: lag.maxLagMs,
    leads: () => election && { name: LEASE_NAME, leading: election.leads() },
  });
  const pages = { [METRICS_PATH]: { ...metrics.page, admit: admission(config) } };
  const apart = config.metrics.port !== undefined;
  const health = await startHealth({
    port: config.healthPort,
    live: [lagCheck(lag.maxLagMs), watchCheck(watched)],
    ready: [syncCheck(watched)],
    pages: apart ? {} : pages,
  });
  const metricsServer = apart ? await startMetrics(config, pages) : undefined;
  log.info({ version: VERSION, healthPort: health.port, stallAfterMs: config.stallAfterMs }, 'starting');
  const starting = startOperator({ endpoint, config, log, version: VERSION, metrics, election }, (reflectors) => {
    watched.splice(0, watched.length, ...reflectors);
  });
  const operator = await Promise.race([starting, asked]);
  await asked;
  log.info(operator === undefined ? 'stopping before any work' : 'stopping');
  await operator?.stop();
  // Last of all: from here on somebody else may write.
  await election?.release();
  await Promise.all([health.close(), metricsServer?.close()]);
  log.info('stopped');
}

/** Its part in the election; undefined where there is none. The Lease is renewed over connections that nothing else waits for. */
function candidacy(
  { election }: OperatorConfig,
  endpoint: Endpoint,
  log: Log,
  onLost: (error: unknown) => void,
): Election | undefined {
  if (election === undefined) return undefined;
  const place = { namespace: election.namespace ?? endpoint.namespace, name: LEASE_NAME };
  const identity = election.identity ?? `${hostname()}_${randomUUID()}`;
  const lease = `${place.namespace}/${place.name}`;
  return createElection({
    store: leaseAt(createTransport({ endpoint }), place),
    identity,
    onLost,
    observer: {
      standsBy: (holder) => log.info({ lease, identity, holder }, 'standing by'),
      leads: (transitions) => log.info({ lease, identity, transitions }, 'leading'),
      failed: (error) => log.warn({ lease, identity, error }, 'the Lease could not be read or written'),
    },
  });
}

/** Whom `/metrics` is shown. The API server is asked by connections of its own: those of the operator may all be in use. */
function admission({ metrics }: OperatorConfig): Page['admit'] {
  if (metrics.auth === 'None') return undefined;
  return createGuard(createTransport({ endpoint: readEndpoint() }), () => performance.now());
}

function startMetrics({ metrics }: OperatorConfig, pages: Readonly<Record<string, Page>>): Promise<HealthServer> {
  return startHealth({ port: metrics.port ?? 0, tls: metrics.tls, live: [], ready: [], pages });
}

/** Listens from the first moment on: the first process of a container ignores signals that it has no handler for. */
function askedToEnd(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(undefined));
  });
}

function run(): void {
  let log = createLog();
  // Crash-only: every pass starts from what the API server says, so a fresh process is always right.
  const die = (error: unknown): never => {
    log.error({ error }, 'ending after an error');
    process.exit(1);
  };
  process.on('unhandledRejection', die);
  process.on('uncaughtException', die);
  try {
    const config = configOf(process.env);
    log = createLog({ level: config.logLevel });
    main(config, log, die).then(() => process.exit(0), die);
  } catch (error) {
    die(error);
  }
}

if (process.argv.includes('--version')) process.stdout.write(`pitcrew ${VERSION}\n`);
else run();
