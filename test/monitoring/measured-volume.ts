import type { Cluster } from '../cluster/cluster.ts';
import { run } from '../cluster/host/run.ts';
import { layoutOf } from '../cluster/layout.ts';
import { clusterNames } from '../cluster/names.ts';
import type { Kubectl } from '../support/kubectl.ts';
import { OPERATOR_NAMESPACE } from '../support/stage.ts';
import type { Job } from './prometheus.ts';

/**
 * A volume whose room the kubelet measures, as that of a disk of its own: a file system in memory, given to the cluster as
 * a local volume. Of local-path, a folder of the node, the kubelet tells nothing.
 */
export interface MeasuredVolume {
  /** Takes most of its room. */
  readonly fill: () => Promise<void>;
  readonly empty: () => Promise<void>;
}

export const MEASURED_CLASS = 'measured';
const FOLDER = '/run/pitcrew-measured';
const ROOM_MIB = 64;
const BALLAST = `${FOLDER}/ballast`;

/** Mounts it on the node, once; claims of the class get it. */
export async function measuredVolume(cluster: Cluster, kubectl: Kubectl): Promise<MeasuredVolume> {
  const onNode = (script: string) => run('sh', ['-ec', script]);
  const { mountNamespace } = layoutOf(clusterNames(cluster.name));
  const within = cluster.kind === 'given' ? '' : `nsenter --mount=${mountNamespace} `;
  await onNode(`${within}sh -ec 'mkdir -p ${FOLDER}
    mountpoint -q ${FOLDER} || mount -t tmpfs -o size=${ROOM_MIB}m,mode=0777 tmpfs ${FOLDER}'`);
  const node = (await kubectl.run('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim();
  await kubectl.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects(node) }), 'apply', '-f', '-');
  return {
    fill: async () => {
      await onNode(`${within}dd if=/dev/zero of=${BALLAST} bs=1M count=${Math.ceil(0.95 * ROOM_MIB)} status=none`);
    },
    empty: async () => {
      await onNode(`${within}rm -f ${BALLAST}`);
    },
  };
}

const objects = (node: string): object[] => [
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: MEASURED_CLASS },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  },
  {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: MEASURED_CLASS },
    spec: {
      capacity: { storage: `${ROOM_MIB}Mi` },
      accessModes: ['ReadWriteOnce'],
      storageClassName: MEASURED_CLASS,
      local: { path: FOLDER },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
  },
];

const READER = 'prometheus';

/** How Prometheus asks the kubelet, as somebody with the right to, and the token for it. */
export async function kubeletJob(kubectl: Kubectl): Promise<Job> {
  const metadata = { name: READER };
  const rules = [{ apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] }];
  const subjects = [{ kind: 'ServiceAccount', name: READER, namespace: OPERATOR_NAMESPACE }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: READER };
  const items = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...metadata, namespace: OPERATOR_NAMESPACE } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata, rules },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  ];
  await kubectl.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
  const token = await kubectl.run('create', 'token', READER, '-n', OPERATOR_NAMESPACE);
  return {
    job_name: 'kubelet',
    scheme: 'https',
    // The certificate that a kubelet makes for itself is known to nobody.
    tls_config: { insecure_skip_verify: true },
    authorization: { credentials: token.trim() },
    // It has many, and takes its time for them.
    scrape_interval: '5s',
    scrape_timeout: '5s',
    metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'kubelet_volume_stats_.*', action: 'keep' }],
  };
}
