/** What happens to one image, as told to whoever asked for it. */
export interface Progress {
  readonly name: string;
  /** "waiting" stands for another builder at work in the same cache. */
  readonly state: 'waiting' | 'unchanged' | 'building' | 'built' | 'failed';
  readonly position: number;
  readonly total: number;
  readonly elapsedMs: number;
}

const tickMs = 10_000;

/** Reports a building image every ten seconds, so that a long step does not look like a stuck one. */
export async function withTicks<T>(report: (elapsedMs: number) => void, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  report(0);
  const ticks = setInterval(() => report(Date.now() - start), tickMs);
  try {
    return await work();
  } finally {
    clearInterval(ticks);
  }
}

/** One line for people, for example "[2/5] postgres: building, 21 s". */
export function progressLine({ name, state, position, total, elapsedMs }: Progress): string {
  const elapsed = elapsedMs >= 1000 ? `, ${Math.round(elapsedMs / 1000)} s` : '';
  return `[${position}/${total}] ${name}: ${state}${elapsed}`;
}
