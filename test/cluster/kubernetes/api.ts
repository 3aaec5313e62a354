import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Verdict } from '../host/wait.ts';
import { type Answer, get } from './http.ts';

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data'?: string } }[];
  users: { user: { 'client-certificate-data'?: string; 'client-key-data'?: string; token?: string } }[];
}

/** Reads of the API server, for the conditions that a start waits for. */
export interface Api {
  /** Whether the server itself says that it is ready. */
  ready: () => Promise<Verdict>;
  /** Whether an object is there, and what it is. */
  object: (path: string) => Promise<unknown>;
}

/** Opens the API server of a kubeconfig with one cluster and one user. */
export function openApi(kubeconfig: string): Api {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const cluster = config.clusters[0]?.cluster;
  const user = config.users[0]?.user;
  if (cluster === undefined || user === undefined) throw new Error(`${kubeconfig} names no cluster or no user`);
  const options = {
    ...certificate('ca', cluster['certificate-authority-data']),
    ...certificate('cert', user['client-certificate-data']),
    ...certificate('key', user['client-key-data']),
    ...(user.token ? { headers: { authorization: `Bearer ${user.token}` } } : {}),
  };
  const read = (path: string): Promise<Answer> => get(`${cluster.server}${path}`, options);
  return {
    ready: async () => {
      try {
        const { status, body } = await read('/readyz');
        return status === 200 ? true : `${status} ${body.slice(0, 300)}`;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
    object: async (path) => {
      const { status, body } = await read(path);
      if (status === 404) return undefined;
      if (status !== 200) throw new Error(`GET ${path}: ${status} ${body.slice(0, 300)}`);
      return JSON.parse(body) as unknown;
    },
  };
}

/** Whether a node says that it is ready. */
export async function nodeIsReady(api: Api, name: string): Promise<Verdict> {
  const node = (await api.object(`/api/v1/nodes/${name}`)) as NodeObject | undefined;
  const condition = node?.status?.conditions?.find(({ type }) => type === 'Ready');
  if (node === undefined || condition === undefined) return 'the node has not registered';
  return condition.status === 'True' ? true : (condition.message ?? 'not ready');
}

/** Whether the kubelet answers the API server, and has heard of all its pods: before that, neither exec nor logs work. */
export async function kubeletKnowsItsPods(api: Api, node: string): Promise<Verdict> {
  try {
    const bound = (await api.object(`/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`)) as PodList;
    const known = (await api.object(`/api/v1/nodes/${node}/proxy/pods`)) as PodList | undefined;
    const uids = new Set((known?.items ?? []).map(({ metadata }) => metadata.uid));
    const unknown = bound.items.filter(({ metadata }) => !uids.has(metadata.uid));
    return unknown.length === 0 || `it has yet to hear of ${unknown.map(({ metadata }) => metadata.name).join(', ')}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether a deployment has all the pods it wants. */
export async function deploymentIsAvailable(api: Api, namespace: string, name: string): Promise<Verdict> {
  const found = (await api.object(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`)) as
    | { spec: { replicas: number }; status?: { availableReplicas?: number } }
    | undefined;
  const available = found?.status?.availableReplicas ?? 0;
  return found !== undefined && available >= found.spec.replicas ? true : `${available} pods of ${name} are available`;
}

/** Whether pods can be created in a namespace: they need its default service account. */
export async function namespaceIsUsable(api: Api, namespace: string): Promise<Verdict> {
  const account = await api.object(`/api/v1/namespaces/${namespace}/serviceaccounts/default`);
  return account !== undefined ? true : `namespace ${namespace} has no service account yet`;
}

interface PodList {
  items: { metadata: { name: string; uid: string } }[];
}

interface NodeObject {
  status?: { conditions?: { type: string; status: string; message?: string }[] };
}

function certificate(name: 'ca' | 'cert' | 'key', data: string | undefined): Record<string, Buffer> {
  return data === undefined ? {} : { [name]: Buffer.from(data, 'base64') };
}
