import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { readEndpoint } from '../../controller/cluster/config.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { type Asked, askedOf } from './asked.ts';
import { type LineFault, openStream, passLines, type Stream } from './stream.ts';

/** Answers in the API server's place; undefined: it is none of its business. */
export type Fault = (asked: Asked) => ((response: ServerResponse) => void) | undefined;

/** Told of each write before it goes to the API server, and when that has answered; false: it goes no further. */
export type WriteHook = (asked: Asked, moment: 'before' | 'after') => Promise<boolean>;

/** Where an API server listens; undefined: nobody can be reached. */
export type Route = (asked: Asked) => string | undefined;

/**
 * The real API server, behind somebody who reads every word: ends TLS with a certificate of its own, counts, edits
 * watches line by line, and answers by itself when it is told to. Listens on this machine only.
 */
export interface ChaosProxy {
  readonly port: number;
  readonly ca: string;
  /** Every request since the start, or since it was last emptied. */
  readonly seen: Asked[];
  /** Watches that are open. */
  readonly streams: ReadonlySet<Stream>;
  /** Puts a fault in force; the function that is returned takes it away. */
  readonly answering: (fault: Fault) => () => void;
  readonly editing: (fault: LineFault) => () => void;
  hook: WriteHook;
  route: Route;
  /** Nothing comes through on the connections of now any more, and nobody is told; new ones work. */
  readonly freeze: () => void;
  readonly close: () => void;
}

interface Upstream {
  readonly agent: Agent;
  readonly ca: string | Buffer | undefined;
  readonly server: string;
}

/** The longest list of a test is a hundredth of it. */
const MAX_BODY_BYTES = 32 * 2 ** 20;

/** Starts before the API server of a kubeconfig. */
export async function startChaosProxy(kubeconfig: string): Promise<ChaosProxy> {
  const upstream = await upstreamOf(kubeconfig);
  const host = new URL(upstream.server).hostname;
  const { certificate, key } = selfSignedCertificate([host]);
  const sockets = new Map<number, Socket>();
  const frozen = new Set<number>();
  const streams = new Set<Stream>();
  const faults: Fault[] = [];
  const lineFaults: LineFault[] = [];

  const server = createServer({ cert: certificate, key }, (request, response) => {
    const port = request.socket.remotePort ?? 0;
    const asked = askedOf(request.method ?? '', request.url ?? '');
    proxy.seen.push(asked);
    if (frozen.has(port)) return;
    const reset = () => sockets.get(port)?.resetAndDestroy();
    const answer = faults.map((fault) => fault(asked)).find((answering) => answering !== undefined);
    if (answer === undefined) serve({ asked, request, response, reset }).catch(reset);
    else {
      answer(response);
      asked.status = response.statusCode;
    }
  });
  // As the API server, not the few seconds of Node.
  server.keepAliveTimeout = 90_000;
  // The connection below TLS: only that can be reset.
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.on('close', () => {
      sockets.delete(port);
      frozen.delete(port);
    });
  });
  server.on('tlsClientError', () => undefined);

  const serve = async ({ asked, request, response, reset }: Exchange): Promise<void> => {
    const body = await bodyOf(request);
    if (asked.kind === 'write' && !(await proxy.hook(asked, 'before'))) return;
    const target = proxy.route(asked);
    if (target === undefined) return reset();
    const answer = await ask(upstream, { target, asked, request, body, response });
    asked.status = answer.statusCode;
    if (asked.kind === 'watch' && answer.statusCode === 200) return watch(asked, answer, { response, reset });
    const text = await bodyOf(answer);
    if (asked.kind === 'write' && !(await proxy.hook(asked, 'after'))) return;
    if (frozen.has(request.socket.remotePort ?? 0)) return;
    response.writeHead(answer.statusCode ?? 502, headersOf(answer)).end(text);
  };

  const watch = (asked: Asked, answer: IncomingMessage, { response, reset }: Pick<Exchange, 'response' | 'reset'>) => {
    const port = response.socket?.remotePort ?? 0;
    const stream = openStream(asked, response, reset);
    streams.add(stream);
    response.on('close', () => streams.delete(stream));
    const silent: LineFault = () => frozen.has(port);
    passLines(answer, stream, () => (frozen.has(port) ? [silent] : lineFaults));
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: ChaosProxy = {
    port: (server.address() as AddressInfo).port,
    ca: certificate,
    seen: [],
    streams,
    answering: (fault) => added(faults, fault),
    editing: (fault) => added(lineFaults, fault),
    hook: async () => true,
    route: () => upstream.server,
    freeze: () => {
      for (const port of sockets.keys()) frozen.add(port);
    },
    close: () => {
      server.close();
      for (const socket of sockets.values()) socket.destroy();
      upstream.agent.destroy();
    },
  };
  return proxy;
}

interface Exchange {
  readonly asked: Asked;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly reset: () => void;
}

function added<T>(list: T[], one: T): () => void {
  list.push(one);
  return () => {
    const place = list.indexOf(one);
    if (place >= 0) list.splice(place, 1);
  };
}

async function upstreamOf(kubeconfig: string): Promise<Upstream> {
  const endpoint = readEndpoint({ kubeconfig });
  const { tls } = await endpoint.readCredentials(false);
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  return { agent, ca: tls.ca, server: endpoint.server };
}

interface Passing extends Omit<Exchange, 'reset'> {
  readonly target: string;
  readonly body: Buffer;
}

/** Asks the real server with the words and the token of the operator. Rejects when it does not answer. */
function ask({ agent, ca }: Upstream, { target, asked, request, body, response }: Passing): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const url = new URL(asked.url, target);
    const headers = { ...request.headers, host: url.host };
    const call = httpsRequest(url, { method: asked.method, headers, agent, ca }, resolve);
    call.on('error', reject);
    response.on('close', () => call.destroy());
    call.end(body);
  });
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** The length is known by now, and the connection is ours. */
function headersOf({ headers }: IncomingMessage): IncomingMessage['headers'] {
  const { 'transfer-encoding': _, connection: __, 'content-length': ___, ...kept } = headers;
  return kept;
}
