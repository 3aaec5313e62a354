/** Time as the loop and the cluster room see it: never the wall clock, so jumps of it change nothing. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  readonly nowMs: () => number;
  /** Runs `run` once, `delayMs` from now, unless the returned function is called first. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

/** The process's own clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`; rejects with the signal's reason as soon as that is aborted. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
