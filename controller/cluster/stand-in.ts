import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Endpoint } from './config.ts';

/** One request as it came over the wire. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** The bytes, not yet parsed. */
  readonly body: string;
}

/** What a test answers with. */
export type Answer = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

/** A server that breaks in the ways a network breaks. It knows nothing of Kubernetes: real behaviour is tested on a real one. */
export interface StandIn {
  readonly endpoint: Endpoint;
  readonly seen: Seen[];
  /** Replaces the answer for all later requests. */
  readonly answerWith: (answer: Answer) => void;
  /** Connections ever opened. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** Listens on a free local port. */
export async function startStandIn(answer: Answer): Promise<StandIn> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  let current = answer;
  let connections = 0;
  const server = createServer((request, response) => {
    readSeen(request).then((one) => {
      seen.push(one);
      current(one, response, request);
    });
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: plainEndpoint(`http://127.0.0.1:${port}`),
    seen,
    answerWith: (next) => {
      current = next;
    },
    connections: () => connections,
    close: () => closeHard(server, sockets),
  };
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

const plainEndpoint = (server: string): Endpoint => ({
  server,
  namespace: 'default',
  readCredentials: async () => ({ headers: {}, tls: {}, tlsFingerprint: '' }),
});

async function readSeen(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://stand-in');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function closeHard(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
