import type { Random } from './clock.ts';
import type { Pace } from './outcome.ts';

/** The shape of a backoff. */
export interface BackoffOptions {
  /** Delay after the first failure, default 5 ms. */
  readonly baseMs?: number;
  /** First delay of the slow pace, default 30 s: somebody has to change something. */
  readonly slowBaseMs?: number;
  /** No delay is longer, default 5 min. */
  readonly capMs?: number;
  /** Up to this share is added at random, so that keys which failed together do not come back together; default 0.2. */
  readonly jitter?: number;
}

/** Counts the failures of each key in a row and says how long to wait. */
export interface Backoff {
  /** One more failure of the key; the delay before its next try. */
  readonly next: (key: string, pace: Pace) => number;
  /** The key got through. */
  readonly forget: (key: string) => void;
  /** Failures in a row. */
  readonly failures: (key: string) => number;
}

/** `factor` 2 from `baseMs`, capped before jitter. */
export function delayMs(failures: number, baseMs: number, capMs: number): number {
  // 2^53 ms is longer than any cap, and beyond it the power would lose its meaning.
  return Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 52));
}

/** A backoff without memory of any key. */
export function createBackoff(random: Random, options: BackoffOptions = {}): Backoff {
  const { baseMs = 5, slowBaseMs = 30_000, capMs = 300_000, jitter = 0.2 } = options;
  const failures = new Map<string, number>();
  return {
    next: (key, pace) => {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      const delay = delayMs(count, pace === 'slow' ? slowBaseMs : baseMs, capMs);
      return delay * (1 + jitter * random());
    },
    forget: (key) => {
      failures.delete(key);
    },
    failures: (key) => failures.get(key) ?? 0,
  };
}
