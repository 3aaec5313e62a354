import type { Clock } from '../../controller/loop/clock.ts';
import { settle } from '../../controller/loop/fake-clock.ts';
import { createHeap } from '../../controller/loop/heap.ts';

/** Time of a simulated world: it stands still while anything runs, and jumps to whatever is due next. */
export interface VirtualTime extends Clock {
  /** Runs all that falls due until then, in order, letting promises settle after each. */
  readonly runUntil: (untilMs: number) => Promise<void>;
}

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** A world at zero. */
export function createVirtualTime(): VirtualTime {
  const timers = createHeap<Timer>((a, b) => (a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs));
  let nowMs = 0;
  let order = 0;
  return {
    nowMs: () => nowMs,
    after: (delayMs, run) => {
      order += 1;
      const timer: Timer = { dueMs: nowMs + Math.max(0, delayMs), order, run };
      timers.push(timer);
      // What was cancelled stays in the heap without its closure: taking it out would cost more.
      return () => {
        timer.run = undefined;
      };
    },
    runUntil: async (untilMs) => {
      await settle();
      for (let next = timers.peek(); next !== undefined && next.dueMs <= untilMs; next = timers.peek()) {
        timers.pop();
        if (next.run === undefined) continue;
        nowMs = next.dueMs;
        next.run();
        await settle();
      }
      nowMs = untilMs;
    },
  };
}
