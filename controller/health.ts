import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createTlsServer, type TlsFiles } from './tls-server.ts';

/** One question with its answer: undefined is well, a string says what is wrong. */
export interface Check {
  readonly name: string;
  readonly ask: () => string | undefined;
}

/** Another page on the same port, such as metrics. */
export interface Page {
  readonly contentType: string;
  readonly render: () => string | Promise<string>;
  /** Undefined, or answers undefined: anybody may see it. */
  readonly admit?: ((authorization: string | undefined) => Promise<Refusal | undefined>) | undefined;
}

/** Why somebody may not see a page. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly why: string;
}

/** How to build the server. */
export interface HealthOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Default: all addresses, since the kubelet asks from outside. */
  readonly host?: string | undefined;
  /** Left out: plain http, as the kubelet asks. */
  readonly tls?: TlsFiles | undefined;
  /** Any that fails gets the process restarted. */
  readonly live: readonly Check[];
  /** Any that fails takes the process out of service. */
  readonly ready: readonly Check[];
  /** By path, for example `/metrics`. */
  readonly pages?: Readonly<Record<string, Page>> | undefined;
}

/** The running server. */
export interface HealthServer {
  readonly port: number;
  /** Answers what is being asked and stops. */
  readonly close: () => Promise<void>;
}

/** What a reflector shows of itself. */
export interface Watched {
  readonly kind: string;
  readonly hasSynced: () => boolean;
  readonly lastByteAgeMs: () => number;
}

/** An event loop that was held up longer than this does not keep its promises (leases, deadlines). */
const MAX_LAG_MS = 5_000;
/** Bookmarks come every minute; a watch older than this is blind. */
const MAX_WATCH_AGE_MS = 300_000;
const LAG_WINDOW_MS = 30_000;

/** Starts listening. Rejects when the port is taken, or a certificate cannot be read. */
export async function startHealth(options: HealthOptions): Promise<HealthServer> {
  const listener: RequestListener = (request, response) => {
    answer(options, request, response).catch(() => send(response, 500, 'text/plain', 'internal error\n'));
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

async function answer(options: HealthOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path === '/healthz') return report(response, options.live);
  if (path === '/readyz') return report(response, options.ready);
  const page = options.pages?.[path];
  if (page === undefined) return send(response, 404, 'text/plain', 'not found\n');
  const refusal = await page.admit?.(request.headers.authorization);
  if (refusal !== undefined) return send(response, refusal.status, 'text/plain', `${refusal.why}\n`);
  send(response, 200, page.contentType, await page.render());
}

function report(response: ServerResponse, checks: readonly Check[]): void {
  const answers = checks.map(({ name, ask }) => ({ name, wrong: ask() }));
  const lines = answers.map(({ name, wrong }) => (wrong === undefined ? `[+] ${name} ok` : `[-] ${name}: ${wrong}`));
  const well = answers.every(({ wrong }) => wrong === undefined);
  send(response, well ? 200 : 503, 'text/plain', `${lines.join('\n')}\n`);
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });

/** Live: no watch has been silent for too long. */
export const watchCheck = (watched: readonly Watched[]): Check => ({
  name: 'watch',
  ask: () => {
    const silent = watched.filter(({ lastByteAgeMs }) => lastByteAgeMs() > MAX_WATCH_AGE_MS);
    return silent.length === 0 ? undefined : `no byte in 5 min: ${silent.map(({ kind }) => kind).join(', ')}`;
  },
});

/** Ready: every cache was filled once. */
export const syncCheck = (watched: readonly Watched[]): Check => ({
  name: 'caches',
  ask: () => {
    const unsynced = watched.filter(({ hasSynced }) => !hasSynced());
    return unsynced.length === 0 ? undefined : `not yet listed: ${unsynced.map(({ kind }) => kind).join(', ')}`;
  },
});

/** Live: the event loop was not held up. Give it the reader of a `LagMeter`. */
export const lagCheck = (maxLagMs: () => number): Check => ({
  name: 'event-loop',
  ask: () => (maxLagMs() < MAX_LAG_MS ? undefined : `held up for ${Math.round(maxLagMs())} ms`),
});

/** Measures how long the event loop was held up. */
export interface LagMeter {
  /** The longest in the last half to full minute. */
  readonly maxLagMs: () => number;
  readonly stop: () => void;
}

/** Starts measuring; costs one timer. */
export function startLagMeter(): LagMeter {
  const histogram = monitorEventLoopDelay({ resolution: 20 });
  histogram.enable();
  let before = 0;
  const timer = setInterval(() => {
    before = histogram.max / 1e6;
    histogram.reset();
  }, LAG_WINDOW_MS);
  timer.unref();
  return {
    maxLagMs: () => Math.max(before, histogram.max / 1e6),
    stop: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
