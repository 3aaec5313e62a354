import { randomUUID } from 'node:crypto';
import { type BackoffOptions, createBackoff } from './backoff.ts';
import { type Clock, type Random, systemClock } from './clock.ts';
import type { Outcome, PassFailure } from './outcome.ts';
import {
  type AddOptions,
  createQueue,
  LOW_PRIORITY,
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

const unknownFailure = (): PassFailure => ({ pace: 'backoff', message: 'internal error' });

/** A loop that does nothing until `start`. */
export function createLoop(options: LoopOptions): Loop {
  const { clock = systemClock, workers = 8, passDeadlineMs = 60_000, stopGraceMs = 25_000 } = options;
  const observer = contained(options.observer ?? {});
  const newId = options.newId ?? randomUUID;
  const queue = createQueue(clock, observer);
  const backoff = createBackoff(options.random ?? Math.random, options.backoff);
  const running = new Map<string, Running>();
  let working: Promise<unknown> | undefined;

  const schedule = (key: string, outcome: Outcome): number | undefined => {
    const again = againOf(outcome, (pace) => backoff.next(key, pace));
    if (outcome.kind !== 'failed') backoff.forget(key);
    if (again !== undefined) queue.add(key, again);
    return again?.afterMs;
  };

  const attempt = async (key: string, context: PassContext): Promise<{ outcome: Outcome; thrown: unknown }> => {
    try {
      return { outcome: await options.pass(key, context), thrown: undefined };
    } catch (thrown) {
      return { outcome: { kind: 'failed', failure: (options.failureOf ?? unknownFailure)(thrown) }, thrown };
    }
  };

  const runPass = async (taken: Taken): Promise<void> => {
    const { key } = taken;
    const reconcileId = newId();
    const controller = new AbortController();
    const startedMs = clock.nowMs();
    const cancelDeadline = clock.after(passDeadlineMs, () => controller.abort(new PassCutOff('deadline')));
    running.set(key, { startedMs, abort: (reason) => controller.abort(reason) });
    observer.passStarted(taken, reconcileId);
    const context = { signal: controller.signal, reconcileId, failuresBefore: backoff.failures(key) };
    const { outcome, thrown } = await attempt(key, context);
    cancelDeadline();
    running.delete(key);
    // Before `done`, so that a worker never takes the key between its end and its schedule.
    const againAfterMs = schedule(key, outcome);
    queue.done(key);
    observer.passEnded({
      key,
      reconcileId,
      outcome,
      durationMs: clock.nowMs() - startedMs,
      againAfterMs,
      failuresInARow: backoff.failures(key),
      thrown,
      late: controller.signal.aborted,
    });
  };

  const work = async (): Promise<void> => {
    for (let taken = await queue.take(); taken !== undefined; taken = await queue.take()) {
      await runPass(taken);
    }
  };

  return {
    add: queue.add,
    start: () => {
      if (working !== undefined) throw new Error('the loop is already running');
      working = Promise.all(Array.from({ length: workers }, work));
    },
    stop: async () => {
      queue.stop();
      if (await endedWithin(clock, stopGraceMs, working)) return { cutOff: [] };
      const cutOff = [...running.keys()].sort();
      for (const pass of running.values()) pass.abort(new PassCutOff('shutdown'));
      return { cutOff };
    },
    stats: () => {
      const started = [...running.values()].map((pass) => pass.startedMs);
      const longestPassMs = started.length === 0 ? 0 : clock.nowMs() - Math.min(...started);
      return { ...queue.stats(), workers, longestPassMs };
    },
  };
}

/** A counter that throws must not stop a worker: the pass is what matters, and its error has nowhere else to go. */
function contained(observer: LoopObserver): Required<LoopObserver> {
  const quiet =
    <A extends unknown[]>(call: ((...args: A) => void) | undefined) =>
    (...args: A): void => {
      try {
        call?.(...args);
      } catch {
        // Stated in LoopObserver: must not throw.
      }
    };
  return {
    added: quiet(observer.added),
    taken: quiet(observer.taken),
    passStarted: quiet(observer.passStarted),
    passEnded: quiet(observer.passEnded),
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

function againOf(outcome: Outcome, backOff: (pace: PassFailure['pace']) => number): RequiredAdd | undefined {
  switch (outcome.kind) {
    case 'settled':
      return outcome.resyncAfterMs === undefined
        ? undefined
        : { afterMs: outcome.resyncAfterMs, priority: LOW_PRIORITY };
    case 'waiting':
      return { afterMs: outcome.afterMs };
    case 'invalid':
      return undefined;
    case 'failed':
      return { afterMs: Math.max(backOff(outcome.failure.pace), outcome.failure.retryAfterMs ?? 0) };
  }
}

type RequiredAdd = AddOptions & { readonly afterMs: number };

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
