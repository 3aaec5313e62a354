import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { readEndpoint } from '../../controller/cluster/config.ts';
import { selfSignedCertificate } from '../support/certificate.ts';

/** An API server in trouble: the real one, behind somebody who keeps back, delays and loses what passes through. */

/** What is asked of the server. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly url: string;
}

/** What becomes of it; undefined: nothing. */
export type Trouble = (asked: Asked) => Fault | undefined;

/** `silence`: no answer, and of an answer that is an open watch no further byte. */
export type Fault = 'silence' | { readonly status: number } | { readonly delayMs: number };

export interface UnwellApi {
  readonly port: number;
  readonly ca: string;
  /** From here on, also of what is open; takes the place of the trouble before. */
  readonly suffer: (trouble: Trouble) => void;
  /** All is well again; whoever waits in vain is cut off, and may ask again. */
  readonly recover: () => void;
  /** Keeps back the next line of a watch that speaks of this; resolves when that has happened. */
  readonly lose: (words: RegExp) => Promise<void>;
  /** Ends all open watches, as a server does every few minutes. */
  readonly endWatches: () => void;
  readonly close: () => void;
}

const WELL: Trouble = () => undefined;
export const isWatch = ({ url }: Asked): boolean => url.includes('watch=true');

/** Listens on this machine, for who has a kubeconfig of the real server. */
export async function startUnwellApi(kubeconfig: string): Promise<UnwellApi> {
  const ask = await upstreamOf(kubeconfig);
  const { certificate, key } = selfSignedCertificate([ask.name]);
  const held = new Set<ServerResponse>();
  const watches = new Set<ServerResponse>();
  let trouble = WELL;
  let losing: { readonly words: RegExp; readonly lost: () => void } | undefined;

  const isLost = (line: string): boolean => {
    if (losing?.words.test(line) !== true) return false;
    losing.lost();
    losing = undefined;
    return true;
  };
  const watch = (asked: Asked, told: IncomingMessage, answer: ServerResponse) => {
    answer.flushHeaders();
    watches.add(answer.on('close', () => watches.delete(answer)));
    const lines = createInterface({ input: told }).on('close', () => answer.end());
    lines.on('error', () => answer.destroy());
    lines.on('line', (line) => {
      if (trouble(asked) === 'silence') held.add(answer);
      else if (!isLost(line)) answer.write(`${line}\n`);
    });
  };
  const passOn = (asked: Asked, body: IncomingMessage, answer: ServerResponse) => {
    const upstream = ask.send(asked, body, (told) => {
      answer.writeHead(told.statusCode ?? 502, told.headers);
      told.on('error', () => answer.destroy());
      if (isWatch(asked)) watch(asked, told, answer);
      else told.pipe(answer);
    });
    upstream.on('error', () => answer.destroy());
    answer.on('close', () => upstream.destroy());
  };
  const listener: RequestListener = (body, answer) => {
    const asked = { method: body.method ?? '', url: body.url ?? '' };
    const fault = trouble(asked);
    if (fault === undefined) passOn(asked, body, answer);
    else if (fault === 'silence') held.add(answer);
    else if ('status' in fault) answer.writeHead(fault.status, { 'content-type': 'application/json' }).end('{}');
    else setTimeout(() => passOn(asked, body, answer), fault.delayMs);
  };
  const listening = createServer({ cert: certificate, key }, listener);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const cut = (answers: Set<ServerResponse>) => {
    for (const answer of answers) answer.destroy();
    answers.clear();
  };
  return {
    port: (listening.address() as AddressInfo).port,
    ca: certificate,
    suffer: (next) => {
      trouble = next;
    },
    recover: () => {
      trouble = WELL;
      cut(held);
    },
    lose: (words) =>
      new Promise((lost) => {
        losing = { words, lost };
      }),
    endWatches: () => cut(watches),
    close: () => {
      listening.close();
      listening.closeAllConnections();
    },
  };
}

/** Asks the real server, with the headers of who asked. */
async function upstreamOf(kubeconfig: string) {
  const endpoint = readEndpoint({ kubeconfig });
  const { tls } = await endpoint.readCredentials(false);
  const { hostname: host, port } = new URL(endpoint.server);
  const { ca, servername } = tls;
  const send = ({ method, url: path }: Asked, body: IncomingMessage, onAnswer: (told: IncomingMessage) => void) =>
    body.pipe(request({ host, port, path, method, headers: body.headers, ca, servername }, onAnswer));
  return { name: servername ?? host, send };
}
