import { KIND } from '../../crds/group.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { classify } from '../cluster/classify.ts';
import { createCluster } from '../cluster/client.ts';
import type { Endpoint } from '../cluster/config.ts';
import { createEventRecorder, type EventObserver, type EventRecorder } from '../cluster/events.ts';
import { plainVersion } from '../cluster/facts/observed-facts.ts';
import type { Pools } from '../cluster/pools.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { ReflectorObserver } from '../cluster/reflector.ts';
import type { Kind } from '../cluster/resources.ts';
import { refOf } from '../cluster/store.ts';
import { createTransport, type TransportOptions } from '../cluster/transport.ts';
import type { OperatorConfig } from '../config.ts';
import type { Watched } from '../health.ts';
import type { Election } from '../leader/election.ts';
import { type Log, passLog } from '../log.ts';
import { type Clock, type Random, systemClock } from '../loop/clock.ts';
import { createLoop, type Loop, type LoopObserver, type LoopOptions, type PassContext } from '../loop/loop.ts';
import { merged } from '../loop/merged.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createProber, type Probes, REAL_PROBES } from '../probe/prober.ts';
import { createMemory } from './memory.ts';
import { reconcile } from './reconcile.ts';
import { checkRights } from './rights.ts';
import { surroundingsReader } from './surroundings.ts';
import type { Tools } from './tools.ts';
import { createWatching, WATCHES_PER_SCOPE, type Watching } from './watching.ts';

/** What a process stands on. */
export interface Ground {
  readonly clock: Clock;
  readonly random: Random;
  /** Wall clock. */
  readonly now: () => Date;
  /** Left out: real connections. */
  readonly pools?: Pools | undefined;
}

const REAL_GROUND: Ground = { clock: systemClock, random: Math.random, now: () => new Date() };

/** What an operator is built from. */
export interface OperatorOptions {
  readonly endpoint: Endpoint;
  readonly config: Pick<OperatorConfig, 'namespaces' | 'stallAfterMs' | 'workers'>;
  readonly log: Log;
  readonly version: string;
  /** Another rendering, as another version of the operator has one. */
  readonly synthesize?: typeof synthesize | undefined;
  /** How running processes are asked; replaced where none run. */
  readonly probes?: Probes | undefined;
  readonly transportObserver?: TransportOptions['observer'];
  /** Where everything is counted; left out: nowhere. */
  readonly metrics?: Metrics | undefined;
  /** Who else may do the same work; left out: nobody. */
  readonly election?: Pick<Election, 'lead' | 'guard'> | undefined;
  /** Replaced where time and network are simulated. */
  readonly ground?: Ground | undefined;
}

/** A running operator. */
export interface Operator {
  /** For the probes of the operator's own pod. */
  readonly watched: readonly Watched[];
  /** Ends passes, writes the last events, closes the connections. */
  readonly stop: () => Promise<void>;
}

/** Connects, fills the caches, and starts to work. Resolves when the first pass may run, which is when it is elected; rejects where rights are missing. */
export async function startOperator(
  options: OperatorOptions,
  onWatched?: (watched: readonly Watched[]) => void,
): Promise<Operator> {
  const { config, log } = options;
  const scopes = config.namespaces?.length ?? 1;
  const { metrics, probes = REAL_PROBES, ground = REAL_GROUND } = options;
  const { clock, random, now, pools } = ground;
  const transport = createTransport({
    endpoint: options.endpoint,
    observer: merged(
      options.transportObserver ?? {},
      metrics?.api.transport(new URL(options.endpoint.server).host) ?? {},
    ),
    watchConnections: WATCHES_PER_SCOPE * scopes + 2,
    clock,
    pools,
  });
  const cluster = createCluster({ transport, guardWrite: options.election?.guard });
  const memory = createMemory();
  const recorder = createEventRecorder({
    transport,
    clock,
    now,
    guardWrite: options.election?.guard,
    observer: merged<EventObserver>(
      { dropped: (why, error) => log.warn({ why, error }, 'an event was dropped') },
      metrics?.api.events ?? {},
    ),
  });
  await checkRights(cluster, config.namespaces);
  const withNodes = await mayReadNodes(cluster, log);
  const { cache, reflectors } = createWatching({
    transport,
    namespaces: config.namespaces,
    withNodes,
    memory,
    enqueue: (key, add) => loop.add(key, add),
    observerOf: (kind) => merged(reflectorObserver(log, kind), metrics?.api.reflector(kind) ?? {}),
    clock,
    random,
  });
  const tools: Tools = {
    cluster,
    cache,
    memory,
    recorder: metrics === undefined ? recorder : counted(recorder, metrics),
    log,
    prober: createProber(clock.nowMs, metrics?.api.measured(probes) ?? probes),
    readVersion: versionReader(cluster, clock),
    readSurroundings: surroundingsReader(cluster, cache, log, clock),
    now,
    stallAfterMs: config.stallAfterMs,
    synthesize: options.synthesize ?? synthesize,
    renderVersion: options.version,
  };
  const loop = createPassLoop(tools, { workers: config.workers, clock, random }, metrics?.passes ?? {});
  metrics?.attach({ watches: reflectors, profiles: () => profilesOf(reflectors, cache), stats: loop.stats });
  onWatched?.(reflectors);
  for (const reflector of reflectors) reflector.start();
  await Promise.all(reflectors.map((reflector) => reflector.whenSynced()));
  log.info({ kinds: reflectors.map(({ kind }) => kind), namespaces: config.namespaces ?? 'all' }, 'caches are filled');
  // Keys gather meanwhile: who is elected has everything at hand.
  await options.election?.lead();
  loop.start();
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

/** The API server's version, asked anew when the last answer is older than the caller takes. */
function versionReader(cluster: Tools['cluster'], { nowMs }: Clock): Tools['readVersion'] {
  let held: { readonly version: string; readonly atMs: number } | undefined;
  return async (maxAgeMs, signal) => {
    if (held !== undefined && nowMs() - held.atMs < maxAgeMs) return held.version;
    const { gitVersion } = await cluster.version({ signal });
    held = { version: plainVersion(gitVersion), atMs: nowMs() };
    return held.version;
  };
}

/** All profiles that the watch has told of, with their pods. */
function profilesOf(reflectors: Watching['reflectors'], cache: Watching['cache']) {
  const profiles = reflectors.find(({ kind }) => kind === KIND)?.list() ?? [];
  return profiles.map(({ key, value }) => ({ object: value as KubeObject, pods: cache.pods(key) }));
}

const counted = (recorder: EventRecorder, { api }: Metrics): EventRecorder => ({
  ...recorder,
  record: (regarding, note) => {
    api.told(note);
    recorder.record(regarding, note);
  },
});

function createPassLoop(
  tools: Tools,
  options: Pick<LoopOptions, 'workers' | 'clock' | 'random'>,
  counters: LoopObserver,
): Loop {
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
  return createLoop({ ...options, pass, failureOf: classify, observer: merged(observer, counters) });
}

function reflectorObserver(log: Log, kind: Kind): ReflectorObserver {
  return {
    interrupted: (error) => log.info({ kind, error }, 'a watch was interrupted'),
    stalled: () => log.warn({ kind }, 'a watch was silent for too long'),
    missed: (changes) => log.error({ kind, changes }, 'a watch had missed changes'),
    handlerFailed: (error) => log.error({ kind, error }, 'an event could not be handled'),
  };
}
