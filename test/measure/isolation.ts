import { inParallel, type Line, type Reply, type Request, tally } from './line.ts';

/**
 * Who gets whose answer: users who are told apart by a header or by a cookie, and strangers, all ask for the same
 * URLs over a few shared connections. Every body is compared with who asked.
 */
export interface Isolation {
  readonly requests: number;
  /** Bodies that belong to somebody else, or to somebody where a stranger had asked. */
  readonly foreign: number;
  /** Answers to a request that names a user which came from the cache. */
  readonly personalFromCache: number;
  /** Neither the right answer nor somebody else's: errors, refusals. */
  readonly failed: number;
  readonly publicAsked: number;
  readonly publicHits: number;
  readonly statuses: Readonly<Record<string, number>>;
}

const USERS = ['alice', 'bob', 'maryam', 'reza', 'sara'] as const;
const PAGES = 5;

interface Asker {
  /** undefined: a stranger. */
  readonly user: (typeof USERS)[number] | undefined;
  readonly page: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks each public page once as a stranger, then the mix. `run` keeps the entries of two runs apart. */
export async function mixUsers(
  line: Line,
  options: { requests: number; connections: number; run: string },
): Promise<Isolation> {
  const { requests, connections, run } = options;
  for (let page = 1; page <= PAGES; page++) await line.ask(requestOf({ user: undefined, page, headers: {} }, run));
  const random = randomNumbers(20_261_124);
  const askers = Array.from({ length: requests }, () => askerOf(random));
  const replies: Reply[] = [];
  await inParallel(requests, connections, async (index) => {
    replies[index] = await line.ask(requestOf(askers[index] as Asker, run));
  });
  return judge(askers, replies);
}

function judge(askers: readonly Asker[], replies: readonly Reply[]): Isolation {
  const seen = askers.map((asker, index) => ({ asker, reply: replies[index] as Reply }));
  const fromCache = (reply: Reply) => reply.headers['x-cache-status'] === 'HIT';
  const strangersPages = seen.filter(({ asker }) => asker.user === undefined && asker.page !== undefined);
  return {
    requests: seen.length,
    foreign: seen.filter(({ asker, reply }) => isForeign(asker, reply)).length,
    personalFromCache: seen.filter(({ asker, reply }) => asker.user !== undefined && fromCache(reply)).length,
    failed: seen.filter(({ asker, reply }) => !isForeign(asker, reply) && !isRight(asker, reply)).length,
    publicAsked: strangersPages.length,
    publicHits: strangersPages.filter(({ reply }) => fromCache(reply)).length,
    statuses: tally(replies),
  };
}

/** Six of ten are strangers on public pages, which a cache is for; the others try to get at each other. */
function askerOf(random: () => number): Asker {
  const dice = random();
  const page = 1 + Math.floor(random() * PAGES);
  const user = USERS[Math.floor(random() * USERS.length)];
  const byHeader = { authorization: `Bearer token-${user}` };
  const byCookie = { cookie: `theme=dark; auth_token=token-${user}` };
  if (dice < 0.6) return { user: undefined, page, headers: {} };
  if (dice < 0.66) return { user: undefined, page: undefined, headers: {} };
  if (dice < 0.78) return { user, page: undefined, headers: byHeader };
  if (dice < 0.9) return { user, page: undefined, headers: byCookie };
  return { user, page, headers: dice < 0.95 ? byHeader : byCookie };
}

const requestOf = ({ page, headers }: Asker, run: string): Request => ({
  path: page === undefined ? `/api/users/me?run=${run}` : `/api/products?page=${page}&run=${run}`,
  headers,
});

function isForeign({ user, page }: Asker, { body }: Reply): boolean {
  if (page !== undefined) return false;
  const owner = /"email":"([a-z]+)@/.exec(body)?.[1];
  return owner !== undefined && owner !== user;
}

function isRight({ user, page }: Asker, { status, body }: Reply): boolean {
  if (page !== undefined) return status === 200 && (JSON.parse(body) as { page: number }).page === page;
  return user === undefined ? status === 401 : status === 200 && body.includes(`"${user}@`);
}

/** The same sequence each time (mulberry32), so that the two sides of a comparison are asked the same. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
