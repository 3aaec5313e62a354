import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEndpoint } from '../../controller/cluster/config.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from '../../deploy/names.ts';
import { waitFor } from '../support/kubectl.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import type { ApiServer } from './api-server.ts';

/** One process of the operator as its pod would run it, with a token of its own. */
export interface OperatorProcess {
  readonly name: string;
  /** As the audit log names the token. */
  readonly credential: string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit code, as soon as it has ended; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly isRunning: () => boolean;
  readonly log: () => string;
  /** Free, and open on all addresses. */
  readonly healthPort: () => number;
  /** A page of its health port. */
  readonly ask: (path: string) => Promise<string>;
}

/** One that has a network of its own. */
export interface Replica extends OperatorProcess {
  readonly proxy: TcpProxy;
}

/** How a process comes to the API server. */
export interface Way {
  /** On this machine. */
  readonly port: number;
  /** Whom to believe there; left out: the API server itself. */
  readonly ca?: string | undefined;
}

/** How to start a process. */
export interface ProcessOptions {
  readonly name: string;
  /** Its files lie there. */
  readonly folder: string;
  readonly way: Way;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** For Node. */
  readonly args?: readonly string[] | undefined;
}

const MAIN = join(import.meta.dirname, '..', '..', 'controller', 'main.ts');

/** Starts a process; resolves when its caches are filled. Its files lie in the folder. */
export async function startReplica(server: ApiServer, name: string, folder: string): Promise<Replica> {
  const proxy = await startTcpProxy(new URL(readEndpoint({ kubeconfig: server.real.kubeconfig }).server));
  const started = await startOperatorProcess(server, { name, folder, way: proxy });
  started.ended.then(proxy.close);
  return { ...started, proxy };
}

/** The same by another way. */
export async function startOperatorProcess(server: ApiServer, options: ProcessOptions): Promise<OperatorProcess> {
  const { name, folder, way, env = {}, args = [] } = options;
  const { token, jti } = await tokenOf(server);
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  writeFileSync(kubeconfig, JSON.stringify(await kubeconfigOf(server, token, way)));
  const child = spawn(process.execPath, [...args, MAIN], {
    env: {
      PATH: process.env.PATH,
      KUBECONFIG: kubeconfig,
      POD_NAME: name,
      PITCREW_LEASE_NAMESPACE: OPERATOR_NAMESPACE,
      PITCREW_NAMESPACES: server.namespace,
      PITCREW_HEALTH_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const started = viewOf(child, { name, credential: `JTI=${jti}` });
  await waitFor(`${name} to fill its caches`, async () => {
    if (!started.isRunning()) throw new Error(started.log());
    return started.log().includes('caches are filled') || undefined;
  });
  return started;
}

function viewOf(child: ChildProcess, known: Pick<OperatorProcess, 'name' | 'credential'>): OperatorProcess {
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes) => {
      log += String(bytes);
    });
  }
  const healthPort = () => Number(/"healthPort":(\d+)/.exec(log)?.[1]);
  return {
    ...known,
    kill: (signal) => child.kill(signal),
    ended: new Promise((resolve) => child.on('exit', resolve)),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    log: () => log,
    healthPort,
    ask: async (path) => (await fetch(`http://127.0.0.1:${healthPort()}${path}`)).text(),
  };
}

async function tokenOf({ transport }: ApiServer): Promise<{ readonly token: string; readonly jti: string }> {
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/${OPERATOR}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } };
  const { body } = await transport.request({ method: 'POST', path, body: request });
  const { token } = (body as { status: { token: string } }).status;
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  return { token, jti: claims.jti };
}

async function kubeconfigOf({ real }: ApiServer, token: string, { port, ca }: Way): Promise<object> {
  const admin = readEndpoint({ kubeconfig: real.kubeconfig });
  const { tls } = await admin.readCredentials(false);
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'tls-server-name': tls.servername ?? new URL(admin.server).hostname,
    'certificate-authority-data': Buffer.from(ca ?? tls.ca ?? '').toString('base64'),
  };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster }],
    users: [{ name: 'operator', user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: 'operator' } }],
    'current-context': 'real',
  };
}
