import type { Clock } from '../../controller/loop/clock.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What one process runs on: a clock of its own, and an end. Nothing reaches it while it is stopped, or when it is dead. */
export interface Host {
  readonly clock: Clock;
  /** Wall clock; may jump. */
  readonly now: () => Date;
  /** Something comes in from outside. */
  readonly deliver: (run: () => void) => void;
  readonly isAlive: () => boolean;
  /** As SIGSTOP, a swapped-out page, or a long computation. */
  readonly pause: (forMs: number) => void;
  /** As SIGKILL: nothing of it runs any more. */
  readonly kill: () => void;
  /** Returns how to take it back. */
  readonly onKill: (run: () => void) => () => void;
  wallOffsetMs: number;
}

const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z');

/** The world's wall clock. */
export const wallClock = (time: VirtualTime, offsetMs = 0): Date => new Date(EPOCH_MS + time.nowMs() + offsetMs);

/** `rate`: how fast its monotonic clock runs. */
export function createHost(time: VirtualTime, rate: number): Host {
  const startedMs = time.nowMs();
  const killed = new Set<() => void>();
  let state: 'running' | 'paused' | 'dead' = 'running';
  let backlog: (() => void)[] = [];
  let resumeAtMs = 0;

  const deliver = (run: () => void) => {
    if (state === 'running') run();
    else if (state === 'paused') backlog.push(run);
  };
  const resume = () => {
    if (state !== 'paused' || time.nowMs() < resumeAtMs) return;
    state = 'running';
    const waiting = backlog;
    backlog = [];
    for (const run of waiting) time.after(0, () => deliver(run));
  };
  const host: Host = {
    wallOffsetMs: 0,
    clock: {
      nowMs: () => (time.nowMs() - startedMs) * rate,
      after: (delayMs, run) => {
        let wanted = true;
        // Whole milliseconds, one at least, as timers of a real process.
        const cancel = time.after(Math.max(1, Math.ceil(delayMs / rate)), () => {
          deliver(() => {
            if (wanted) run();
          });
        });
        return () => {
          wanted = false;
          cancel();
        };
      },
    },
    now: () => wallClock(time, host.wallOffsetMs),
    deliver,
    isAlive: () => state !== 'dead',
    pause: (forMs) => {
      if (state === 'dead') return;
      state = 'paused';
      resumeAtMs = Math.max(resumeAtMs, time.nowMs() + forMs);
      time.after(forMs, resume);
    },
    kill: () => {
      if (state === 'dead') return;
      state = 'dead';
      backlog = [];
      const last = [...killed];
      killed.clear();
      for (const run of last) run();
    },
    onKill: (run) => {
      killed.add(run);
      return () => {
        killed.delete(run);
      };
    },
  };
  return host;
}
