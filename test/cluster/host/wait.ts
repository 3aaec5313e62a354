import { setTimeout as sleep } from 'node:timers/promises';

/** What a condition says: true when it holds, otherwise what it is still waiting for. */
export type Verdict = true | string;

/** Polls a condition until it holds, and throws with its last word when the deadline has passed. */
export async function waitUntil(
  what: string,
  deadlineMs: number,
  condition: () => Promise<Verdict> | Verdict,
  intervalMs = 50,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const verdict = await condition();
    if (verdict === true) return;
    if (Date.now() >= end) throw new Error(`${what}: not after ${deadlineMs / 1000} s (${verdict})`);
    await sleep(intervalMs);
  }
}
