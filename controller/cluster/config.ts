import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** What a TLS connection to the server is made with. */
export interface TlsMaterial {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** What a request is authorised with, and the connection it goes over. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Changes exactly when `tls` does: a pool is rebuilt for nothing else. */
  readonly tlsFingerprint: string;
}

/** An API server and how to get in. */
export interface Endpoint {
  /** Base URL without a trailing slash. */
  readonly server: string;
  /** Of the context or of the pod's service account. */
  readonly namespace: string;
  /** Reads token, certificates and CA anew from where they are kept. `refused`: the server will not have the last ones. */
  readonly readCredentials: (refused: boolean) => Promise<Credentials>;
}

/** Which configuration; with nothing given, as kubectl does it, then the pod's service account. */
export interface EndpointOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly inCluster?: boolean | undefined;
}

/** The endpoint that the configuration names. Throws when there is none, or when it needs what we do not have. */
export function readEndpoint(options: EndpointOptions = {}): Endpoint {
  let config = loadConfig(options);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig has no current cluster');
  if (cluster.proxyUrl !== undefined) throw new Error('proxy-url in a kubeconfig is not supported');
  const readCredentials = async (refused: boolean): Promise<Credentials> => {
    // A plugin's answer is cached inside the config until it expires, and asking it may open a browser.
    const keep = usesPlugin(config) && !refused;
    if (!keep) config = loadConfig(options);
    return credentialsOf(config);
  };
  return { server: cluster.server.replace(/\/+$/, ''), namespace: namespaceOf(config), readCredentials };
}

/** `exec` is null, not undefined, for users without one. */
const usesPlugin = (config: KubeConfig): boolean => Boolean(config.getCurrentUser()?.exec);

function loadConfig(options: EndpointOptions): KubeConfig {
  const config = new KubeConfig();
  if (options.inCluster === true) config.loadFromCluster();
  else if (options.kubeconfig !== undefined) config.loadFromFile(options.kubeconfig);
  else config.loadFromDefault();
  if (options.context !== undefined) config.setCurrentContext(options.context);
  return config;
}

const namespaceOf = (config: KubeConfig): string =>
  config.getContextObject(config.getCurrentContext())?.namespace?.trim() || 'default';

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token file usually ends in a newline, which no header may hold.
    if (typeof value === 'string') headers[name.toLowerCase()] = value.trim();
  }
  if (typeof options.auth === 'string') headers.authorization ??= `Basic ${btoa(options.auth)}`;
  const tls: TlsMaterial = {
    ca: bytesOf(options.ca),
    cert: bytesOf(options.cert),
    key: bytesOf(options.key),
    servername: options.servername,
    rejectUnauthorized: options.rejectUnauthorized,
  };
  return { headers, tls, tlsFingerprint: fingerprintOf(tls) };
}

const bytesOf = (value: unknown): Buffer | string | undefined =>
  typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined;

/** Of the meaning, not of the identity: the same bytes read again give the same fingerprint. */
export function fingerprintOf(tls: TlsMaterial): string {
  const parts = [tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)];
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part ?? '').update('\0');
  return hash.digest('hex');
}
