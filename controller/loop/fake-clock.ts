import type { Clock } from './clock.ts';

/** A clock that stands still until it is told to go on; for tests and simulation. */
export interface FakeClock extends Clock {
  /** Goes on by `ms`, running what falls due in order, and lets promises settle before and after each step. */
  readonly advance: (ms: number) => Promise<void>;
  /** How many timers wait. */
  readonly pending: () => number;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Lets every promise that can settle without time passing do so. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock at zero. */
export function createFakeClock(): FakeClock {
  let nowMs = 0;
  let order = 0;
  const timers = new Set<Timer>();

  const earliest = (untilMs: number): Timer | undefined => {
    let best: Timer | undefined;
    for (const timer of timers) {
      if (timer.dueMs > untilMs) continue;
      if (best === undefined || timer.dueMs < best.dueMs || (timer.dueMs === best.dueMs && timer.order < best.order)) {
        best = timer;
      }
    }
    return best;
  };

  return {
    nowMs: () => nowMs,
    after: (delayMs, run) => {
      order += 1;
      const timer = { dueMs: nowMs + Math.max(0, delayMs), order, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pending: () => timers.size,
    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await settle();
      for (let timer = earliest(untilMs); timer !== undefined; timer = earliest(untilMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.dueMs);
        timer.run();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}
