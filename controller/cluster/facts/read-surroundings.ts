import { isForbidden } from '../classify.ts';
import type { Cluster, KubeObject } from '../port.ts';
import type { Kind } from '../resources.ts';
import { type NodeDigest, usableNodes } from './nodes.ts';
import { add, NO_REQUESTS, type Requests, requestsOf, takesRoom } from './pod-requests.ts';
import { defaultProvisioner, type PodTally, type Surroundings, serviceAddress } from './surroundings.ts';

/** How to read. */
export interface SurroundingsOptions<Pod> {
  /** What other pods request is asked of these; without a usable one it would be compared with an assumption. */
  readonly nodes: readonly NodeDigest[];
  /** What to keep of a pod that may turn out to be ours; undefined: it is somebody else's for sure. */
  readonly keep: (pod: KubeObject) => Pod | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** kubeadm and k3s both call it so, whatever serves behind it. Where it has another name the address stays unknown. */
const DNS_SERVICE = { namespace: 'kube-system', name: 'kube-dns' };

/** More pods than this are more than we can read while an edit waits; what they request stays unknown then. */
const MOST_PAGES = 40;

/** All reads. What we have no right to read is left out; everything else that goes wrong is thrown. */
export async function readSurroundings<Pod>(
  cluster: Pick<Cluster, 'get' | 'list' | 'pages'>,
  options: SurroundingsOptions<Pod>,
): Promise<Surroundings<Pod>> {
  const { signal } = options;
  const forbidden: Kind[] = [];
  const ifAllowed = async <T>(kind: Kind, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!isForbidden(error)) throw error;
      forbidden.push(kind);
      return undefined;
    }
  };
  const [pods, classes, service] = await Promise.all([
    ifAllowed('Pod', () => tallyPods(cluster, options)),
    ifAllowed('StorageClass', () => cluster.list('StorageClass', { signal })),
    ifAllowed('Service', () => cluster.get('Service', DNS_SERVICE, { signal })),
  ]);
  return {
    pods,
    defaultStorageProvisioner: classes === undefined ? undefined : defaultProvisioner(classes.items),
    clusterDnsAddress: serviceAddress(service),
    forbidden: forbidden.sort(),
  };
}

/**
 * Page by page of 500: a page is gone before the next one comes. At the newest version, since with resourceVersion 0
 * the server would send all pods at once (kubernetes issue 96182).
 */
async function tallyPods<Pod>(
  cluster: Pick<Cluster, 'pages'>,
  { nodes, keep, signal }: SurroundingsOptions<Pod>,
): Promise<PodTally<Pod> | undefined> {
  const names = new Set(usableNodes(nodes).map(({ name }) => name));
  if (names.size === 0) return undefined;
  const kept: Array<{ pod: Pod; requests: Requests }> = [];
  let rest = NO_REQUESTS;
  const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed';
  let pages = 0;
  for await (const { items } of cluster.pages('Pod', { fieldSelector, signal })) {
    pages += 1;
    if (pages > MOST_PAGES) return undefined;
    for (const object of items.filter((pod) => takesRoom(pod, names))) {
      const [requests, pod] = [requestsOf(object), keep(object)];
      if (pod === undefined) rest = add(rest, requests);
      else kept.push({ pod, requests });
    }
  }
  return { rest, kept };
}
