import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { createCluster } from '../../controller/cluster/client.ts';
import { readEndpoint } from '../../controller/cluster/config.ts';
import type { Cluster, KubeObject } from '../../controller/cluster/port.ts';
import { createTransport, type Transport } from '../../controller/cluster/transport.ts';
import { type Cluster as RealCluster, startCluster } from '../cluster/cluster.ts';

/** A real API server, a client for it as the operator has one, and a namespace for one file of tests. */
export interface ApiServer {
  readonly real: RealCluster;
  readonly transport: Transport;
  readonly cluster: Cluster;
  readonly namespace: string;
}

/** The cluster that the files share which need none of their own. */
export const CONTRACT_CLUSTER = 'contract';

/** Starts or finds the cluster of this name before the tests of a file, and removes the namespace after them. */
export function useApiServer(name = CONTRACT_CLUSTER): ApiServer {
  const held: { server?: ApiServer } = {};
  const server = (): ApiServer => {
    if (held.server === undefined) throw new Error('the API server is not there before the tests run');
    return held.server;
  };
  beforeAll(async () => {
    const real = await startCluster({ name, node: false });
    const transport = createTransport({ endpoint: readEndpoint({ kubeconfig: real.kubeconfig }) });
    const namespace = `contract-${randomBytes(4).toString('hex')}`;
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await transport.request({ method: 'POST', path: '/api/v1/namespaces', body });
    held.server = { real, transport, cluster: createCluster({ transport }), namespace };
  });
  afterAll(async () => {
    const { transport, namespace } = server();
    await transport.request({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` });
    await transport.close();
  });
  return {
    get real() {
      return server().real;
    },
    get transport() {
      return server().transport;
    },
    get cluster() {
      return server().cluster;
    },
    get namespace() {
      return server().namespace;
    },
  };
}

/** Applies as somebody else does, with force. */
export async function applyAs(server: ApiServer, manager: string, object: KubeLike): Promise<KubeObject> {
  const { object: stored } = await server.cluster.apply(object, { fieldManager: manager });
  return stored;
}

/** Merge-patches as somebody else does: kubectl edit, another controller. */
export async function patchAs(server: ApiServer, manager: string, path: string, body: unknown): Promise<KubeObject> {
  const answer = await server.transport.request({
    method: 'PATCH',
    path,
    query: { fieldManager: manager },
    body,
    contentType: 'application/merge-patch+json',
  });
  return answer.body as KubeObject;
}

/** Any object to be sent. */
export interface KubeLike {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}
