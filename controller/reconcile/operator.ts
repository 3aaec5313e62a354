import { classify } from '../cluster/classify.ts';
import { createCluster } from '../cluster/client.ts';
import type { Endpoint } from '../cluster/config.ts';
import { createEventRecorder } from '../cluster/events.ts';
import { plainVersion } from '../cluster/facts/observed-facts.ts';
import type { ReflectorObserver } from '../cluster/reflector.ts';
import type { Kind } from '../cluster/resources.ts';
import { refOf } from '../cluster/store.ts';
import { createTransport, type TransportOptions } from '../cluster/transport.ts';
import type { OperatorConfig } from '../config.ts';
import type { Watched } from '../health.ts';
import { type Log, passLog } from '../log.ts';
import { createLoop, type Loop, type LoopObserver, type PassContext } from '../loop/loop.ts';
import { createProber, type Probes } from '../probe/prober.ts';
import { createMemory } from './memory.ts';
import { reconcile } from './reconcile.ts';
import { surroundingsReader } from './surroundings.ts';
import type { Tools } from './tools.ts';
import { createWatching, WATCHES_PER_SCOPE } from './watching.ts';

/** What an operator is built from. */
export interface OperatorOptions {
  readonly endpoint: Endpoint;
  readonly config: Pick<OperatorConfig, 'namespaces' | 'stallAfterMs' | 'workers'>;
  readonly log: Log;
  readonly version: string;
  /** How running processes are asked; replaced where none run. */
  readonly probes?: Probes | undefined;
  readonly transportObserver?: TransportOptions['observer'];
}

/** A running operator. */
export interface Operator {
  /** For the probes of the operator's own pod. */
  readonly watched: readonly Watched[];
  /** Ends passes, writes the last events, closes the connections. */
  readonly stop: () => Promise<void>;
}

/** Connects, fills the caches, and starts to work. Resolves when the first pass may run. */
export async function startOperator(
  options: OperatorOptions,
  onWatched?: (watched: readonly Watched[]) => void,
): Promise<Operator> {
  const { config, log } = options;
  const scopes = config.namespaces?.length ?? 1;
  const transport = createTransport({
    endpoint: options.endpoint,
    observer: options.transportObserver,
    watchConnections: WATCHES_PER_SCOPE * scopes + 2,
  });
  const cluster = createCluster({ transport });
  const memory = createMemory();
  const recorder = createEventRecorder({
    transport,
    observer: { dropped: (why, error) => log.warn({ why, error }, 'an event was dropped') },
  });
  const withNodes = await mayReadNodes(cluster, log);
  const { cache, reflectors } = createWatching({
    transport,
    namespaces: config.namespaces,
    withNodes,
    memory,
    enqueue: (key, add) => loop.add(key, add),
    observerOf: (kind) => reflectorObserver(log, kind),
  });
  const tools: Tools = {
    cluster,
    cache,
    memory,
    recorder,
    log,
    prober: createProber(() => performance.now(), options.probes),
    readVersion: versionReader(cluster),
    readSurroundings: surroundingsReader(cluster, cache, log),
    now: () => new Date(),
    stallAfterMs: config.stallAfterMs,
    renderVersion: options.version,
  };
  const loop = createPassLoop(tools, config.workers);
  onWatched?.(reflectors);
  for (const reflector of reflectors) reflector.start();
  await Promise.all(reflectors.map((reflector) => reflector.whenSynced()));
  loop.start();
  log.info({ kinds: reflectors.map(({ kind }) => kind), namespaces: config.namespaces ?? 'all' }, 'caches are filled');
  return {
    watched: reflectors,
    stop: async () => {
      const { cutOff } = await loop.stop();
      if (cutOff.length > 0) log.warn({ cutOff }, 'passes were cut off');
      await recorder.flush();
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
      await transport.close();
    },
  };
}

async function mayReadNodes(cluster: Tools['cluster'], log: Log): Promise<boolean> {
  const allowed = await cluster.mayI({ verb: 'watch', kind: 'Node' });
  if (!allowed) log.warn('nodes may not be read: assumptions stand in for what they offer');
  return allowed;
}

const VERSION_BELIEVED_MS = 600_000;

/** The API server's version, asked again now and then: a cluster is upgraded while we run. */
function versionReader(cluster: Tools['cluster']): Tools['readVersion'] {
  let held: { readonly version: string; readonly atMs: number } | undefined;
  return async (signal) => {
    if (held !== undefined && performance.now() - held.atMs < VERSION_BELIEVED_MS) return held.version;
    const { gitVersion } = await cluster.version({ signal });
    held = { version: plainVersion(gitVersion), atMs: performance.now() };
    return held.version;
  };
}

function createPassLoop(tools: Tools, workers: number): Loop {
  const logOf = (key: string, reconcileID: string): Log => {
    const { namespace = '', name } = refOf(key);
    return passLog(tools.log, { controller: 'performanceprofile', namespace, name, reconcileID });
  };
  const pass = (key: string, { signal, reconcileId }: PassContext) =>
    reconcile({ ...tools, log: logOf(key, reconcileId) }, key, signal);
  const observer: LoopObserver = {
    passEnded: ({ key, reconcileId, outcome, durationMs, againAfterMs, thrown }) => {
      const log = logOf(key, reconcileId);
      const fields = {
        outcome: outcome.kind,
        durationMs: Math.round(durationMs),
        againAfterMs: againAfterMs === undefined ? undefined : Math.round(againAfterMs),
      };
      if (outcome.kind !== 'failed') log.debug(fields, 'pass ended');
      else if (thrown === undefined) log.warn({ ...fields, message: outcome.failure.message }, 'pass failed');
      else log.error({ ...fields, error: thrown }, 'pass failed');
    },
  };
  return createLoop({ pass, failureOf: classify, workers, observer });
}

function reflectorObserver(log: Log, kind: Kind): ReflectorObserver {
  return {
    interrupted: (error) => log.info({ kind, error }, 'a watch was interrupted'),
    stalled: () => log.warn({ kind }, 'a watch was silent for too long'),
    missed: (changes) => log.error({ kind, changes }, 'a watch had missed changes'),
    handlerFailed: (error) => log.error({ kind, error }, 'an event could not be handled'),
  };
}
