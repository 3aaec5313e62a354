import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Kubectl } from './kubectl.ts';

/** Requests through the edge as a browser would send them, to the node's port of the edge's Service. */
export interface Edge {
  readonly address: string;
  readonly httpPort: number;
  readonly httpsPort: number | undefined;
  /** One request by https where the site has it. A new connection each time, so that no request depends on another. */
  ask(path: string, options?: Ask): Promise<Answer>;
}

export interface Ask {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Plain http even where there is https. */
  readonly plain?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface ServiceView {
  readonly spec: { readonly ports: ReadonlyArray<{ readonly name: string; readonly nodePort?: number }> };
}

/** Finds the edge of a profile on the node. */
export async function edgeOf(
  kubectl: Kubectl,
  nodeAddress: string,
  at: { namespace: string; profile: string; host: string },
): Promise<Edge> {
  const service = await kubectl.get<ServiceView>('service', `${at.profile}-edge`, '-n', at.namespace);
  const portOf = (name: string) => service?.spec.ports.find((port) => port.name === name)?.nodePort;
  const httpPort = portOf('http');
  if (httpPort === undefined) throw new Error(`Service ${at.namespace}/${at.profile}-edge has no node port`);
  const httpsPort = portOf('https');
  const ask = (path: string, options: Ask = {}) => {
    const secure = httpsPort !== undefined && options.plain !== true;
    return send({
      secure,
      address: nodeAddress,
      port: secure ? httpsPort : httpPort,
      path,
      host: options.host ?? at.host,
      options,
    });
  };
  return { address: nodeAddress, httpPort, httpsPort, ask };
}

interface Send {
  readonly secure: boolean;
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly host: string;
  readonly options: Ask;
}

function send({ secure, address, port, path, host, options }: Send): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const common = {
      host: address,
      port,
      path,
      method: options.method ?? 'GET',
      headers: { host, ...options.headers },
      agent: false,
      timeout: 30_000,
    };
    const request = secure
      ? httpsRequest({ ...common, servername: host, rejectUnauthorized: false })
      : httpRequest(common);
    request.once('error', reject);
    request.once('timeout', () => request.destroy(new Error(`no answer from ${host}${path} within 30 s`)));
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.end(options.body);
  });
}
