import { type Clock, pause, type Random } from '../loop/clock.ts';
import { listPages } from './client.ts';
import { ApiError, isTooOld } from './errors.ts';
import { linesOf } from './lines.ts';
import type { KubeObject } from './port.ts';
import { pathOf, type Resource } from './resources.ts';
import type { Transport } from './transport.ts';

/** Counters of a feed, for metrics. Must not throw. */
export interface FeedObserver {
  readonly listed?: (items: number) => void;
  readonly watchStarted?: () => void;
  /** No byte for too long: the connection was dropped and made anew. */
  readonly stalled?: () => void;
  /** The server had no history from our version on. */
  readonly tooOld?: () => void;
  /** A list or a watch ended in an error; it will be tried again. */
  readonly interrupted?: (error: unknown) => void;
  /** A list at our own version differed from what the watch had told us. Must stay 0. */
  readonly missed?: (changes: number) => void;
}

/** A list while it comes in. */
export interface Relist {
  /** The objects of one page; nothing of them need be kept but a digest. */
  readonly page: (objects: readonly KubeObject[]) => void;
  /** That was all; returns how many changes it made. */
  readonly finish: () => number;
}

/** Where a feed delivers. None of them may throw. */
export interface FeedSink {
  readonly relist: () => Relist;
  readonly put: (object: KubeObject) => void;
  readonly remove: (object: KubeObject) => void;
}

/** How to build a feed. */
export interface FeedOptions {
  readonly transport: Transport;
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly sink: FeedSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: FeedObserver;
  readonly timing: FeedTiming;
}

/** All in milliseconds. */
export interface FeedTiming {
  /** Silence after which a watch counts as dead; the server sends a bookmark about every minute. */
  readonly stallMs: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** A watch that lived longer was good: start the next at once. */
  readonly goodWatchMs: number;
  /** Between lists that check what the watch has told. */
  readonly verifyMs: number;
}

/** As client-go, and a safety net every half hour. */
export const FEED_TIMING: FeedTiming = {
  stallMs: 130_000,
  backoffBaseMs: 800,
  backoffCapMs: 30_000,
  goodWatchMs: 1_000,
  verifyMs: 1_800_000,
};

/** One collection, listed and watched for ever. */
export interface Feed {
  /** Ends when the signal is aborted, never before. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly hasSynced: () => boolean;
  /** Since the last byte of the server or, before the first, since the start. */
  readonly lastByteAgeMs: () => number;
}

/** As of now, or as of a version. */
type ListMode = 'fresh' | 'exact';

interface WatchEvent {
  readonly type: string;
  readonly object: KubeObject;
}

class StallError extends Error {}

interface State {
  /** How far the server's story was heard. */
  resourceVersion: string | undefined;
  /** What to list before the next watch; undefined: nothing. */
  nextList: ListMode | undefined;
  synced: boolean;
  /** Bad ends in a row. */
  failures: number;
  /** The last of them was without an answer: the server is away. */
  away: boolean;
  lastByteMs: number;
  verifyAtMs: number;
  /** When the server accepted the running watch. */
  watchedFromMs: number | undefined;
}

/** A feed that does nothing until `run`. */
export function createFeed(options: FeedOptions): Feed {
  const { clock } = options;
  const state: State = {
    resourceVersion: undefined,
    // Never out of a lagging server's memory, which version 0 would permit: the process before this one may have seen more.
    nextList: 'fresh',
    synced: false,
    failures: 0,
    away: false,
    lastByteMs: clock.nowMs(),
    verifyAtMs: 0,
    watchedFromMs: undefined,
  };
  return {
    run: async (signal) => {
      state.lastByteMs = clock.nowMs();
      while (!signal.aborted) {
        const delayMs = await step(options, state, signal);
        // An abort only ends the pause: the loop's condition sees it.
        if (delayMs > 0) await pause(clock, delayMs, signal).catch(() => undefined);
      }
    },
    hasSynced: () => state.synced,
    lastByteAgeMs: () => clock.nowMs() - state.lastByteMs,
  };
}

/** One list, if one is due, and one watch to its end. Returns how long to wait before the next. */
async function step(options: FeedOptions, state: State, signal: AbortSignal): Promise<number> {
  const { clock } = options;
  state.watchedFromMs = undefined;
  let problem: unknown;
  try {
    if (state.nextList === undefined && clock.nowMs() >= state.verifyAtMs) state.nextList = 'exact';
    if (state.nextList !== undefined) await list(options, state, { mode: state.nextList, signal });
    await watch(options, state, signal);
  } catch (error) {
    problem = error;
    if (!signal.aborted) note(options, state, error);
  }
  const livedMs = state.watchedFromMs === undefined ? 0 : clock.nowMs() - state.watchedFromMs;
  return delayAfter(options, state, { problem, livedMs });
}

async function list(
  options: FeedOptions,
  state: State,
  { mode, signal }: { mode: ListMode; signal: AbortSignal },
): Promise<void> {
  const { transport, resource, namespace, clock, observer, timing } = options;
  const relist = options.sink.relist();
  const query = { ...selectorsOf(options), ...versionQuery(mode, state.resourceVersion) };
  let listedVersion: string | undefined;
  let items = 0;
  // An exact list can fail for its version alone; whatever it failed of, a fresh one is never wrong.
  if (mode === 'exact') state.nextList = 'fresh';
  for await (const page of listPages(transport, { resource, namespace, query, signal })) {
    state.lastByteMs = clock.nowMs();
    relist.page(page.items);
    items += page.items.length;
    listedVersion = page.resourceVersion;
  }
  const changes = relist.finish();
  if (mode === 'exact' && changes > 0) observer.missed?.(changes);
  if (mode !== 'exact') state.resourceVersion = listedVersion;
  state.nextList = undefined;
  state.synced = true;
  state.verifyAtMs = clock.nowMs() + timing.verifyMs * (1 + 0.2 * options.random());
  observer.listed?.(items);
}

async function watch(options: FeedOptions, state: State, signal: AbortSignal): Promise<void> {
  const { transport, resource, namespace, clock, observer, timing } = options;
  const watchdog = createWatchdog(clock, timing.stallMs, signal);
  const onBytes = () => {
    state.lastByteMs = clock.nowMs();
    watchdog.fed();
  };
  const query = {
    ...selectorsOf(options),
    watch: 'true',
    allowWatchBookmarks: 'true',
    // Not all watches of all operators at the same time.
    timeoutSeconds: String(Math.floor(290 + 290 * options.random())),
    resourceVersion: state.resourceVersion,
  };
  try {
    const chunks = await transport.watch({ path: pathOf(resource, { namespace }), query, signal: watchdog.signal });
    state.watchedFromMs = clock.nowMs();
    observer.watchStarted?.();
    onBytes();
    for await (const line of linesOf(chunks, onBytes)) take(options, state, JSON.parse(line) as WatchEvent);
  } finally {
    watchdog.end();
  }
}

function take({ resource, sink }: FeedOptions, state: State, event: WatchEvent): void {
  if (event.type === 'ERROR') throw watchError(event.object, resource);
  const { resourceVersion } = event.object.metadata;
  if (event.type === 'ADDED' || event.type === 'MODIFIED') sink.put(event.object);
  else if (event.type === 'DELETED') sink.remove(event.object);
  // Also of bookmarks and of types that we do not know: it is the server's word on how far we are.
  state.resourceVersion = resourceVersion;
}

function note({ observer }: FeedOptions, state: State, error: unknown): void {
  if (error instanceof StallError) observer.stalled?.();
  else observer.interrupted?.(error);
  if (isTooOld(error)) {
    observer.tooOld?.();
    state.nextList = 'fresh';
  }
}

/** How long to wait before the next try, given how the last one went. */
function delayAfter(
  { timing, random }: FeedOptions,
  state: State,
  { problem, livedMs }: { problem: unknown; livedMs: number },
): number {
  const wasGood = livedMs > timing.goodWatchMs;
  const answered = problem instanceof ApiError;
  // Silence has cost enough: an event may have come meanwhile. And who answers again, with whatever, is back: for how long
  // it was away must not keep us from the list that it may ask for.
  if (wasGood || problem instanceof StallError || (state.away && answered)) state.failures = 0;
  state.away = problem !== undefined && !answered;
  if (problem instanceof StallError || (wasGood && !isTooOld(problem))) return 0;
  state.failures += 1;
  const backoffMs = timing.backoffBaseMs * 2 ** Math.min(state.failures - 1, 30);
  const askedMs = problem instanceof ApiError ? (problem.retryAfterMs ?? 0) : 0;
  // The cap is a promise of how soon a server that is back is found: jitter does not go beyond it.
  return Math.max(askedMs, Math.min(timing.backoffCapMs, backoffMs * (1 + 0.5 * random())));
}

const selectorsOf = ({ labelSelector, fieldSelector }: FeedOptions) => ({ labelSelector, fieldSelector });

/** Without a version the server answers with nothing older than the moment of the question. */
const versionQuery = (mode: ListMode, resourceVersion: string | undefined): Record<string, string | undefined> =>
  mode === 'fresh' ? {} : { resourceVersion, resourceVersionMatch: 'Exact' };

function watchError(object: unknown, resource: Resource): ApiError {
  const status = object as { code?: number; message?: string };
  return new ApiError(status.code ?? 500, status, { method: 'WATCH', path: pathOf(resource) });
}

interface Watchdog {
  readonly signal: AbortSignal;
  readonly fed: () => void;
  readonly end: () => void;
}

/** Aborts after silence. One timer that looks at the time of the last byte: a timer per chunk would cost more than the chunk. */
function createWatchdog(clock: Clock, stallMs: number, outer: AbortSignal): Watchdog {
  const controller = new AbortController();
  let fedAtMs = clock.nowMs();
  const onAbort = () => controller.abort(outer.reason);
  outer.addEventListener('abort', onAbort, { once: true });
  if (outer.aborted) onAbort();
  const look = () => {
    const leftMs = fedAtMs + stallMs - clock.nowMs();
    if (leftMs <= 0) controller.abort(new StallError('the watch fell silent'));
    else cancel = clock.after(leftMs, look);
  };
  let cancel = clock.after(stallMs, look);
  return {
    signal: controller.signal,
    fed: () => {
      fedAtMs = clock.nowMs();
    },
    end: () => {
      cancel();
      outer.removeEventListener('abort', onAbort);
      // Frees the connection when we leave before the server does.
      controller.abort();
    },
  };
}
