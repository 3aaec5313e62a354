import type { Dispatcher } from 'undici';
import type { Carrier, Pools } from '../../controller/cluster/pools.ts';
import { type CallFault, callFault, latency } from './faults.ts';
import type { Answer, SimServer } from './server/api-server.ts';
import { Refusal } from './server/refusal.ts';
import { createStream, resetError, type StreamContext } from './stream.ts';

/** What is to be known of all traffic. */
export interface Traffic {
  /** A request leaves a process. */
  readonly left: (method: string, path: string) => void;
  /** A write arrives, also of a process that has ended since. False: it was torn off. */
  readonly arriving: (method: string, path: string, body: string) => boolean;
  /** A write was done. */
  readonly done: (method: string, path: string) => void;
}

/** The way of one process to the server. */
export interface NetworkOptions extends StreamContext {
  readonly server: SimServer;
  readonly traffic: Traffic;
}

type RequestOptions = Dispatcher.RequestOptions;
type Response = Dispatcher.ResponseData;

const REFUSALS: Partial<Record<CallFault, { readonly status: number; readonly retryAfterSeconds?: number }>> = {
  tooMany: { status: 429, retryAfterSeconds: 2 },
  tooManyWithoutWait: { status: 429 },
  serverError: { status: 500 },
  unavailable: { status: 503, retryAfterSeconds: 1 },
};

/** Connections that are made of timers. The guard is asked where a real connection asks it: when the bytes leave. */
export function createNetwork(options: NetworkOptions): Pools {
  const send = (request: RequestOptions, leaving: () => void) => exchange(options, request, leaving);
  const carrier = {
    request: (request: RequestOptions) => send(request, () => undefined),
    compose: (interceptor: Dispatcher.DispatcherComposeInterceptor) => ({
      request: (request: RequestOptions) => {
        const start: Dispatcher['dispatch'] = (_, handler) => {
          handler.onRequestStart?.(undefined as never, undefined);
          return true;
        };
        return send(request, () => interceptor(start)(request, {}));
      },
    }),
  } as unknown as Carrier;
  const ticket = { agent: carrier, headers: {}, generation: 1 };
  return { ticket: async () => ticket, refused: async () => undefined, close: async () => undefined };
}

const isWatch = (path: string): boolean => path.includes('watch=true');
const isWrite = ({ method, path }: RequestOptions): boolean =>
  method !== 'GET' && !path.startsWith('/apis/authorization.k8s.io/');

function exchange(options: NetworkOptions, request: RequestOptions, leaving: () => void): Promise<Response> {
  const { time, random, host, faults, process, traffic } = options;
  const signal = request.signal as AbortSignal;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const settled = promise.finally(() => signal.removeEventListener('abort', onAbort));
  try {
    signal.throwIfAborted();
    leaving();
    traffic.left(request.method, request.path);
    const fault = callFault(faults, random, process, isWrite(request));
    const back = (answer: () => void) => void time.after(latency(random, fault), () => host.deliver(answer));
    time.after(latency(random, fault), () => arrive(options, { request, fault, back, resolve, reject }));
  } catch (error) {
    reject(error);
  }
  return settled;
}

interface Arrived {
  readonly request: RequestOptions;
  readonly fault: CallFault | undefined;
  readonly back: (answer: () => void) => void;
  readonly resolve: (response: Response) => void;
  readonly reject: (error: unknown) => void;
}

function arrive(options: NetworkOptions, arrived: Arrived): void {
  const { request, fault, back, resolve, reject } = arrived;
  const refused = fault === undefined ? undefined : REFUSALS[fault];
  if (fault === 'silentBefore') return;
  if (fault === 'resetBefore') back(() => reject(resetError()));
  else if (refused !== undefined) {
    const body = JSON.stringify({ kind: 'Status', code: refused.status, message: `injected ${fault}` });
    back(() => resolve(responseOf({ ...refused, body })));
  } else if (isWatch(request.path)) {
    const response = openWatch(options, request);
    if (response !== undefined) back(() => resolve(response));
  } else serve(options, arrived);
}

/** What the server does, and whether anybody gets to know. */
function serve({ server, traffic }: NetworkOptions, { request, fault, back, resolve, reject }: Arrived): void {
  const { method, path, headers } = request;
  const written = isWrite(request);
  const body = (request.body as string | null) ?? undefined;
  if (written && !traffic.arriving(method, path, body ?? '')) return;
  const contentType = (headers as Record<string, string> | undefined)?.['content-type'];
  const answer = server.answer({ method, path, contentType, body });
  if (written && answer.status < 300) traffic.done(method, path);
  if (fault === 'silentAfter') return;
  back(() => (fault === 'resetAfter' ? reject(resetError()) : resolve(responseOf(answer))));
}

/** Undefined: nobody waits for it any more. */
function openWatch(options: NetworkOptions, request: RequestOptions): Response | undefined {
  const { server, host, time, random } = options;
  const signal = request.signal as AbortSignal;
  if (signal.aborted || !host.isAlive()) return undefined;
  const stream = createStream(options);
  const streaming = { statusCode: 200, headers: {}, body: stream } as unknown as Response;
  try {
    const served = server.watch(request.path, { line: stream.line, end: () => leave(stream.end) });
    const [, seconds = '300'] = /timeoutSeconds=(\d+)/.exec(request.path) ?? [];
    const cancel = time.after(Number(seconds) * 1000, () => leave(stream.end));
    const stays = host.onKill(() => leave(() => undefined));
    const leave = (tell: () => void) => {
      served.close();
      cancel();
      stays();
      tell();
    };
    signal.addEventListener('abort', () => leave(() => stream.fail(signal.reason)));
    return streaming;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Servers say it either way.
    const body = JSON.stringify({ kind: 'Status', ...error.body });
    if (random() < 0.5) return responseOf({ status: error.status, body });
    stream.line(`{"type":"ERROR","object":${body}}\n`);
    stream.end();
    return streaming;
  }
}

const responseOf = ({ status, body, retryAfterSeconds }: Answer): Response =>
  ({
    statusCode: status,
    headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
    body: { text: async () => body },
  }) as unknown as Response;
