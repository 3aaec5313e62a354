import { Pool } from 'undici';

/** Requests over a fixed number of connections that stay open, as one browser or one proxy in front would send them. */
export interface Line {
  ask(request: Request): Promise<Reply>;
  close(): Promise<void>;
}

export interface Request {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer, or status 0 and the error in `body` where the connection broke. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly milliseconds: number;
}

/** Where a line leads to: an address of the test node and the name of the site. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly host: string;
  readonly secure?: boolean;
}

/** Longer than any pause of an experiment, so that the line itself never is the side that hangs up. */
const IDLE_MS = 120_000;
const PATIENCE_MS = 120_000;

export function openLine(target: Target, connections: number): Line {
  const pool = new Pool(`${target.secure ? 'https' : 'http'}://${target.address}:${target.port}`, {
    connections,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    headersTimeout: PATIENCE_MS,
    bodyTimeout: PATIENCE_MS,
    connect: { servername: target.host, rejectUnauthorized: false },
  });
  const ask = async ({ path, method = 'GET', headers = {}, body }: Request): Promise<Reply> => {
    const started = performance.now();
    const since = () => performance.now() - started;
    try {
      const answer = await pool.request({
        path,
        method,
        headers: { host: target.host, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: answer.headers, body: text, milliseconds: since() };
    } catch (error) {
      return { status: 0, headers: {}, body: String(error), milliseconds: since() };
    }
  };
  return { ask, close: () => pool.close() };
}

/** How often each status came; `broken` for connections that broke. */
export function tally(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of replies) {
    const name = status === 0 ? 'broken' : String(status);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Runs so many workers over the numbers from 0 to count - 1, each taking the next number when it is done with one. */
export async function inParallel(count: number, workers: number, job: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async () => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: workers }, work));
}
