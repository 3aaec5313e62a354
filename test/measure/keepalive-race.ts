import { setTimeout as sleep } from 'node:timers/promises';
import { type Line, type Reply, tally } from './line.ts';

/**
 * POSTs after pauses about as long as the backend keeps an idle connection. Where the backend hangs up while nginx
 * still counts on the connection, a POST sent in that moment is lost: nginx must not send it twice, so it says 502.
 */
export interface Race {
  readonly posts: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly lost: number;
}

/** An order without items: it goes through edge, worker and application, which refuses it before it asks the database. */
const ORDER = { path: '/api/orders', method: 'POST', body: '{"customer":"","items":[]}' } as const;
const ANSWER = 422;

export interface RaceOptions {
  readonly posts: number;
  /** As many as nginx keeps idle connections; each of them is used once a wave. */
  readonly clients: number;
  readonly pauseMs: number;
  /** The pauses differ by so much from wave to wave, to both sides. */
  readonly spreadMs: number;
}

/** Each line sends its waves by itself, a little later than the one before it. */
export async function race(lines: readonly Line[], options: RaceOptions): Promise<Race> {
  const shift = options.pauseMs / lines.length;
  const perLine = await Promise.all(
    lines.map(async (line, index) => {
      await sleep(index * shift);
      return wavesOf(line, { ...options, posts: Math.ceil(options.posts / lines.length) });
    }),
  );
  const replies = perLine.flat();
  const wrong = replies.find(({ status }) => ![ANSWER, 502].includes(status));
  if (wrong !== undefined) throw new Error(`a POST was answered ${wrong.status}: ${wrong.body}`);
  return {
    posts: replies.length,
    statuses: tally(replies),
    lost: replies.filter(({ status }) => status === 502).length,
  };
}

async function wavesOf(line: Line, { posts, clients, pauseMs, spreadMs }: RaceOptions): Promise<Reply[]> {
  const replies: Reply[] = [];
  const waves = Math.ceil(posts / clients);
  for (let wave = 0; wave < waves; wave++) {
    const sent = Array.from({ length: clients }, () => line.ask({ ...ORDER, headers: JSON_BODY }));
    replies.push(...(await Promise.all(sent)));
    const offset = (2 * (wave % STEPS)) / (STEPS - 1) - 1;
    if (wave < waves - 1) await sleep(pauseMs + offset * spreadMs);
  }
  return replies;
}

const JSON_BODY = { 'content-type': 'application/json' };
/** Waves after which the pauses repeat. */
const STEPS = 9;
