import type { Dispatcher } from 'undici';
import { type Clock, pause, systemClock } from '../loop/clock.ts';
import { contained } from '../loop/contained.ts';
import type { Endpoint } from './config.ts';
import { ApiError, type Asked, ConnectionError, type StatusBody, WriteRefused } from './errors.ts';
import { guarded } from './guarded.ts';
import { createPools, type Lane, type Pools, type Ticket } from './pools.ts';

/** One call with an answer of a size we can hold. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For the whole call with all its attempts, default 30 s. */
  readonly deadlineMs?: number | undefined;
  /** Sending it twice has the effect of sending it once; GET always is. */
  readonly repeatable?: boolean | undefined;
  /** Asked for each attempt when it has its connection, right before the bytes leave; a throw keeps them back. */
  readonly guard?: (() => void) | undefined;
}

/** A good answer. */
export interface ApiResponse {
  /** Parsed JSON. */
  readonly body: unknown;
  /** The server's warnings in its own words. */
  readonly warnings: readonly string[];
}

/** One stream without an end. */
export interface WatchRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The only way to end it from this side. */
  readonly signal: AbortSignal;
}

/** Bytes to and from one API server. Everything that talks to a server stands on this; a simulated server implements it. */
export interface Transport {
  /** Throws ApiError, ConnectionError, or the reason of the signal. */
  readonly request: (request: ApiRequest) => Promise<ApiResponse>;
  /** Resolves with the stream when the server has accepted the watch. */
  readonly watch: (request: WatchRequest) => Promise<AsyncIterable<Uint8Array>>;
  /** Cuts all connections. */
  readonly close: () => Promise<void>;
}

/** One attempt at one call, for metrics. */
export interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly lane: Lane;
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  /** Until the headers for a watch, until the last byte else. */
  readonly durationMs: number;
}

/** What a metrics collector may want to know as it happens. */
export interface TransportObserver {
  readonly attempted?: (attempt: Attempt) => void;
  readonly credentialsNotRead?: (error: unknown) => void;
}

/** How to build a transport. */
export interface TransportOptions {
  readonly endpoint: Endpoint;
  readonly clock?: Clock | undefined;
  readonly observer?: TransportObserver | undefined;
  /** Watches at a time, default 64. */
  readonly watchConnections?: number | undefined;
  /** Connections of another make; default: real ones to the endpoint. */
  readonly pools?: Pools | undefined;
}

/** Attempts at one call: more would only hold a worker that could do something else. */
const MAX_ATTEMPTS = 4;
const DEADLINE_MS = 30_000;

interface Context {
  readonly pools: Pools;
  readonly server: URL;
  readonly clock: Clock;
  readonly observer: TransportObserver;
}

interface Call extends Asked {
  readonly lane: Lane;
  readonly pathAndQuery: string;
  readonly body: string | undefined;
  readonly contentType: string;
  readonly repeatable: boolean;
  readonly guard: (() => void) | undefined;
  readonly signal: AbortSignal;
}

type Response = Dispatcher.ResponseData;

/** A transport that opens no connection until the first call. */
export function createTransport(options: TransportOptions): Transport {
  const { endpoint, clock = systemClock } = options;
  const observer = contained(options.observer ?? {});
  const { watchConnections } = options;
  const pools =
    options.pools ?? createPools({ endpoint, clock, watchConnections, refreshFailed: observer.credentialsNotRead });
  const context: Context = { pools, server: new URL(endpoint.server), clock, observer };
  return {
    request: (request) => requestWithin(context, request),
    watch: async (request) => {
      const call = callOf(context, { ...request, method: 'GET' }, 'watch', request.signal);
      const response = await attempts(context, call, 2, (ticket) => exchange(context, call, ticket, open));
      return bodyOf(response, call);
    },
    close: pools.close,
  };
}

async function requestWithin(context: Context, request: ApiRequest): Promise<ApiResponse> {
  const deadlineMs = request.deadlineMs ?? DEADLINE_MS;
  const controller = new AbortController();
  const endsAtMs = context.clock.nowMs() + deadlineMs;
  const late = () => controller.abort(new ConnectionError(`no answer within ${deadlineMs} ms`, askedOf(request)));
  const cancel = context.clock.after(deadlineMs, late);
  const onAbort = () => controller.abort(request.signal?.reason);
  request.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    request.signal?.throwIfAborted();
    const call = callOf(context, request, 'api', controller.signal);
    return await attempts(
      context,
      call,
      MAX_ATTEMPTS,
      (ticket) => exchange(context, call, ticket, readAnswer),
      endsAtMs,
    );
  } finally {
    cancel();
    request.signal?.removeEventListener('abort', onAbort);
  }
}

/** Tries until it works, until trying again makes no sense, or until the time does not suffice. */
async function attempts<T>(
  context: Context,
  call: Call,
  most: number,
  once: (ticket: Ticket) => Promise<T>,
  endsAtMs = Number.POSITIVE_INFINITY,
): Promise<T> {
  const tried = { sockets: 0, refusals: 0 };
  for (let attempt = 1; ; attempt += 1) {
    const ticket = await context.pools.ticket(call.lane);
    try {
      return await once(ticket);
    } catch (error) {
      const delayMs = attempt < most && !call.signal.aborted ? retryDelayMs(error, call, tried) : undefined;
      if (delayMs === undefined || context.clock.nowMs() + delayMs >= endsAtMs) throw error;
      await beforeRetry(context, call, ticket, error);
      if (delayMs > 0) await pause(context.clock, delayMs, call.signal);
    }
  }
}

const beforeRetry = async (context: Context, call: Call, ticket: Ticket, error: unknown): Promise<void> => {
  if (isRefusal(error)) await context.pools.refused(ticket);
  call.signal.throwIfAborted();
};

const isRefusal = (error: unknown): boolean => error instanceof ApiError && error.status === 401;

/** How long to wait before the same call again; undefined: not again. */
function retryDelayMs(error: unknown, call: Call, tried: { sockets: number; refusals: number }): number | undefined {
  if (isRefusal(error)) {
    tried.refusals += 1;
    return tried.refusals === 1 ? 0 : undefined;
  }
  if (error instanceof ApiError) {
    // 429 is said before anything was done; after other errors a call may have had its effect.
    const harmless = error.status === 429 || call.repeatable;
    // A watch leaves waiting to its reflector, which has a backoff of its own.
    return harmless && call.lane === 'api' ? error.retryAfterMs : undefined;
  }
  tried.sockets += 1;
  return error instanceof ConnectionError && call.repeatable && tried.sockets === 1 ? 0 : undefined;
}

/** One attempt; `read` says how much of the answer belongs to it. */
async function exchange<T>(
  context: Context,
  call: Call,
  ticket: Ticket,
  read: (response: Response, call: Call) => Promise<T>,
): Promise<T> {
  const startedMs = context.clock.nowMs();
  let status: number | undefined;
  try {
    const response = await guarded(ticket.agent, call.guard).request({
      origin: context.server.origin,
      path: call.pathAndQuery,
      method: call.method as Dispatcher.HttpMethod,
      headers: headersOf(call, ticket),
      body: call.body ?? null,
      signal: call.signal,
    });
    status = response.statusCode;
    if (status >= 400) throw await apiErrorOf(response, call);
    return await read(response, call);
  } catch (error) {
    throw asOurs(error, call);
  } finally {
    const { method, path, lane } = call;
    context.observer.attempted?.({ method, path, lane, status, durationMs: context.clock.nowMs() - startedMs });
  }
}

/** Whatever the HTTP layer throws becomes one kind of error; what was thrown stays as its cause. */
function asOurs(error: unknown, call: Call): unknown {
  if (error instanceof ApiError || error instanceof ConnectionError || error instanceof WriteRefused) return error;
  if (call.signal.aborted) return call.signal.reason;
  const said = error instanceof Error ? error.message : 'connection failed';
  return new ConnectionError(said === '' ? 'connection failed' : said, askedOf(call), { cause: error });
}

const open = async (response: Response): Promise<Response> => response;

async function readAnswer(response: Response, call: Call): Promise<ApiResponse> {
  const text = await response.body.text();
  return { body: parseJson(text, call), warnings: warningsOf(response.headers.warning) };
}

async function* bodyOf(response: Response, call: Call): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw asOurs(error, call);
  }
}

function parseJson(text: string, asked: Asked): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ConnectionError('the answer is no JSON', askedOf(asked), { cause });
  }
}

async function apiErrorOf(response: Response, asked: Asked): Promise<ApiError> {
  const text = await response.body.text();
  const retryAfterSeconds = Number(response.headers['retry-after']);
  const retryAfterMs = retryAfterSeconds > 0 ? retryAfterSeconds * 1000 : undefined;
  return new ApiError(response.statusCode, statusBodyOf(text), askedOf(asked), retryAfterMs);
}

/** A proxy in between may answer in anything; its first line is better than nothing. */
function statusBodyOf(text: string): StatusBody {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body as StatusBody;
  } catch {
    // Not JSON: told below.
  }
  const [line = ''] = text.trim().split('\n');
  return line === '' ? {} : { message: line.slice(0, 200) };
}

/** `299 - "text"` once or more, in one header or many (RFC 7234 5.5). */
export function warningsOf(header: string | string[] | undefined): string[] {
  const joined = Array.isArray(header) ? header.join(', ') : (header ?? '');
  return [...joined.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, said = '']) => said.replace(/\\(.)/g, '$1'));
}

const askedOf = ({ method, path }: Asked): Asked => ({ method, path });

const headersOf = (call: Call, ticket: Ticket): Record<string, string> => ({
  ...ticket.headers,
  accept: 'application/json',
  'user-agent': 'pitcrew',
  ...(call.body === undefined ? {} : { 'content-type': call.contentType }),
});

function callOf(context: Context, request: ApiRequest, lane: Lane, signal: AbortSignal): Call {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) query.set(name, value);
  }
  // A server behind a shared gateway has a path of its own.
  const path = `${context.server.pathname.replace(/\/$/, '')}${request.path}`;
  return {
    method: request.method,
    path: request.path,
    lane,
    pathAndQuery: query.size === 0 ? path : `${path}?${query}`,
    body: request.body === undefined ? undefined : JSON.stringify(request.body),
    contentType: request.contentType ?? 'application/json',
    repeatable: request.repeatable ?? request.method === 'GET',
    guard: request.guard,
    signal,
  };
}
