import { randomUUID } from 'node:crypto';
import { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';
import { type Clock, type Random, systemClock } from './clock.ts';
import { contained } from './contained.ts';
import type { Outcome, PassFailure } from './outcome.ts';
import {
  type AddOptions,
  createQueue,
  LOW_PRIORITY,
  type Queue,
  type QueueObserver,
  type QueueStats,
  type Taken,
} from './queue.ts';

/** What a pass gets beside its key. */
export interface PassContext {
  /** Aborted at the pass's deadline, and when a stopping loop has waited long enough. Must reach every call. */
  readonly signal: AbortSignal;
  /** One per pass; belongs in every line it logs. */
  readonly reconcileId: string;
  /** Failures of the key in a row before this pass. */
  readonly failuresBefore: number;
}

/** One look at one key. Says how it ended; what to do about that is the loop's business. */
export type Pass = (key: string, context: PassContext) => Promise<Outcome>;

/** How a pass went, for metrics and logs. */
export interface PassReport {
  readonly key: string;
  readonly reconcileId: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  /** Until the key comes again by itself; undefined: only with a new event. */
  readonly againAfterMs: number | undefined;
  readonly failuresInARow: number;
  /** What the pass threw, instead of returning an outcome. A throw is always a bug or an I/O error nobody classified. */
  readonly thrown: unknown;
  /** The deadline had passed. */
  readonly late: boolean;
}

/** What a metrics collector or a logger may want to know as it happens. Must not throw. */
export interface LoopObserver extends QueueObserver {
  readonly passStarted?: (taken: Taken, reconcileId: string) => void;
  readonly passEnded?: (report: PassReport) => void;
}

/** How to build a loop. */
export interface LoopOptions {
  readonly pass: Pass;
  /** What a thrown error means for the retry; default: a failure with backoff and a message that tells nothing. */
  readonly failureOf?: ((error: unknown) => PassFailure) | undefined;
  /** Passes at a time, default 8. */
  readonly workers?: number | undefined;
  /** Default 60 s. */
  readonly passDeadlineMs?: number | undefined;
  /** How long `stop` waits for running passes, default 25 s. */
  readonly stopGraceMs?: number | undefined;
  readonly backoff?: BackoffOptions | undefined;
  readonly observer?: LoopObserver | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly newId?: (() => string) | undefined;
}

/** A moment's look at the loop, for gauges. */
export interface LoopStats extends QueueStats {
  readonly workers: number;
  /** Age of the oldest running pass; 0 when none runs. */
  readonly longestPassMs: number;
}

/** Keys in, passes run, retries scheduled. */
export interface Loop {
  /** Allowed before `start`: keys wait until there are workers, which is how a standby keeps warm. */
  readonly add: (key: string, options?: AddOptions) => void;
  /** Starts the workers. Throws when called twice. */
  readonly start: () => void;
  /** Takes no more keys, waits for running passes, then aborts the rest. Names the keys that were cut off. */
  readonly stop: () => Promise<{ readonly cutOff: readonly string[] }>;
  readonly stats: () => LoopStats;
}

interface Running {
  readonly startedMs: number;
  readonly abort: (reason: Error) => void;
}

interface State {
  readonly clock: Clock;
  readonly pass: Pass;
  readonly failureOf: (error: unknown) => PassFailure;
  readonly passDeadlineMs: number;
  readonly observer: LoopObserver;
  readonly newId: () => string;
  readonly queue: Queue;
  readonly backoff: Backoff;
  readonly running: Map<string, Running>;
}

const unknownFailure = (): PassFailure => ({ pace: 'backoff', message: 'internal error' });

/** A loop that does nothing until `start`. */
export function createLoop(options: LoopOptions): Loop {
  const { clock = systemClock, workers = 8, stopGraceMs = 25_000 } = options;
  const observer = contained(options.observer ?? {});
  const state: State = {
    clock,
    pass: options.pass,
    failureOf: options.failureOf ?? unknownFailure,
    passDeadlineMs: options.passDeadlineMs ?? 60_000,
    observer,
    newId: options.newId ?? randomUUID,
    queue: createQueue(clock, observer),
    backoff: createBackoff(options.random ?? Math.random, options.backoff),
    running: new Map(),
  };
  let working: Promise<unknown> | undefined;
  return {
    add: state.queue.add,
    start: () => {
      if (working !== undefined) throw new Error('the loop is already running');
      working = Promise.all(Array.from({ length: workers }, () => work(state)));
    },
    stop: async () => {
      state.queue.stop();
      if (await endedWithin(clock, stopGraceMs, working)) return { cutOff: [] };
      for (const pass of state.running.values()) pass.abort(new PassCutOff('shutdown'));
      return { cutOff: [...state.running.keys()].sort() };
    },
    stats: () => {
      const started = [...state.running.values()].map((pass) => pass.startedMs);
      const longestPassMs = started.length === 0 ? 0 : clock.nowMs() - Math.min(...started);
      return { ...state.queue.stats(), workers, longestPassMs };
    },
  };
}

/** Why a pass's signal was aborted. */
export class PassCutOff extends Error {
  readonly why: 'deadline' | 'shutdown';

  constructor(why: 'deadline' | 'shutdown') {
    super(why === 'deadline' ? 'the pass took too long' : 'the operator is stopping');
    this.name = 'PassCutOff';
    this.why = why;
  }
}

/** One worker, until the queue is stopped. */
async function work(state: State): Promise<void> {
  for (let taken = await state.queue.take(); taken !== undefined; taken = await state.queue.take()) {
    await runPass(state, taken);
  }
}

async function runPass(state: State, taken: Taken): Promise<void> {
  const { key } = taken;
  const { clock, backoff, queue, observer, running } = state;
  const reconcileId = state.newId();
  const controller = new AbortController();
  const startedMs = clock.nowMs();
  const cancelDeadline = clock.after(state.passDeadlineMs, () => controller.abort(new PassCutOff('deadline')));
  running.set(key, { startedMs, abort: (reason) => controller.abort(reason) });
  observer.passStarted?.(taken, reconcileId);
  const context = { signal: controller.signal, reconcileId, failuresBefore: backoff.failures(key) };
  const { outcome, thrown } = await attempt(state, key, context);
  cancelDeadline();
  running.delete(key);
  const againAfterMs = schedule(state, key, outcome);
  queue.done(key);
  observer.passEnded?.({
    key,
    reconcileId,
    outcome,
    durationMs: clock.nowMs() - startedMs,
    againAfterMs,
    failuresInARow: backoff.failures(key),
    thrown,
    late: controller.signal.aborted,
  });
}

async function attempt(
  state: State,
  key: string,
  context: PassContext,
): Promise<{ readonly outcome: Outcome; readonly thrown: unknown }> {
  try {
    return { outcome: await state.pass(key, context), thrown: undefined };
  } catch (thrown) {
    return { outcome: { kind: 'failed', failure: state.failureOf(thrown) }, thrown };
  }
}

/** Turns an ending into the next try; returns when that will be. */
function schedule({ queue, backoff }: State, key: string, outcome: Outcome): number | undefined {
  if (outcome.kind !== 'failed') backoff.forget(key);
  switch (outcome.kind) {
    case 'settled':
      if (outcome.resyncAfterMs !== undefined) {
        queue.add(key, { afterMs: outcome.resyncAfterMs, priority: LOW_PRIORITY });
      }
      return outcome.resyncAfterMs;
    case 'waiting':
      queue.add(key, { afterMs: outcome.afterMs });
      return outcome.afterMs;
    case 'invalid':
      return undefined;
    case 'failed': {
      const { pace, retryAfterMs = 0 } = outcome.failure;
      const afterMs = Math.max(backoff.next(key, pace), retryAfterMs);
      queue.add(key, { afterMs });
      return afterMs;
    }
  }
}

/** Whether the workers come to their end in time. */
function endedWithin(clock: Clock, graceMs: number, work: Promise<unknown> | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(graceMs, () => resolve(false));
    Promise.resolve(work).then(() => {
      cancel();
      resolve(true);
    });
  });
}
