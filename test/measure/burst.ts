import { type Line, type Reply, tally } from './line.ts';

/** Many requests of one client at the same moment: who is let through, who is refused, who has to wait. */
export interface Burst {
  readonly asked: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Answered, but only after more than half a second: the limiter held them back. */
  readonly held: number;
  readonly slowestAnsweredMs: number;
  readonly slowestRefusedMs: number;
}

const HELD_MS = 500;

export async function burst(line: Line, path: string, count: number): Promise<Burst> {
  const replies = await Promise.all(Array.from({ length: count }, () => line.ask({ path })));
  const answered = replies.filter(({ status }) => status === 200);
  const refused = replies.filter(({ status }) => status !== 200);
  return {
    asked: count,
    statuses: tally(replies),
    held: answered.filter(({ milliseconds }) => milliseconds > HELD_MS).length,
    slowestAnsweredMs: slowest(answered),
    slowestRefusedMs: slowest(refused),
  };
}

const slowest = (replies: readonly Reply[]): number =>
  Math.round(Math.max(0, ...replies.map(({ milliseconds }) => milliseconds)));

/** The same for an entry that no cache has yet: how many say that they were fetched for this request. */
export async function stampede(line: Line, path: string, count: number): Promise<Readonly<Record<string, number>>> {
  const replies = await Promise.all(Array.from({ length: count }, () => line.ask({ path })));
  const outcomes: Record<string, number> = {};
  for (const { status, headers } of replies) {
    const name = status === 200 ? String(headers['x-cache-status']) : String(status);
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  }
  return outcomes;
}
