import { VERSION } from '../synth/version.ts';
import { readEndpoint } from './cluster/config.ts';
import { configOf, type OperatorConfig } from './config.ts';
import { lagCheck, startHealth, startLagMeter, syncCheck, type Watched, watchCheck } from './health.ts';
import { createLog, type Log } from './log.ts';
import { startOperator } from './reconcile/operator.ts';

/** The operator's process: settings, log, health, operator, signals. Everything else is wired in `startOperator`. */
async function main(config: OperatorConfig, log: Log): Promise<void> {
  const asked = askedToEnd();
  const lag = startLagMeter();
  // Before the caches are known there is nothing to be ready with.
  const watched: Watched[] = [{ kind: 'all kinds', hasSynced: () => false, lastByteAgeMs: () => 0 }];
  const health = await startHealth({
    port: config.healthPort,
    live: [lagCheck(lag.maxLagMs), watchCheck(watched)],
    ready: [syncCheck(watched)],
  });
  log.info({ version: VERSION, healthPort: health.port, stallAfterMs: config.stallAfterMs }, 'starting');
  const starting = startOperator({ endpoint: readEndpoint(), config, log, version: VERSION }, (reflectors) => {
    watched.splice(0, watched.length, ...reflectors);
  });
  const operator = await Promise.race([starting, asked]);
  if (operator === undefined) return log.info('stopped before the start was over');
  await asked;
  log.info('stopping');
  await operator.stop();
  await health.close();
  log.info('stopped');
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
    main(config, log).then(() => process.exit(0), die);
  } catch (error) {
    die(error);
  }
}

if (process.argv.includes('--version')) process.stdout.write(`pitcrew ${VERSION}\n`);
else run();
