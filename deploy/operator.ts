import { EDGE_STATUS_PORT, POSTGRES_PORT } from '../charts/kit/names.ts';
import type { Labels, Manifest } from './manifest.ts';
import { LABELS, OPERATOR, OPERATOR_NAMESPACE, SELECTOR } from './names.ts';
import type { InstallOptions } from './options.ts';
import { leaseRights } from './rights.ts';

/** The operator itself: where it runs, as whom, and whom it may talk to. */

/** The user of the operator's image. */
const USER = 65532;
/** Of probes and metrics. */
export const HEALTH_PORT = 8080;

const inNamespace = (labels: Labels) => ({
  name: OPERATOR,
  namespace: OPERATOR_NAMESPACE,
  labels: { ...LABELS, ...labels },
});

/** Where the operator runs. A Helm release is given its namespace instead. */
export function operatorNamespace(): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: OPERATOR_NAMESPACE,
      labels: {
        ...LABELS,
        'pod-security.kubernetes.io/enforce': 'restricted',
        'pod-security.kubernetes.io/audit': 'restricted',
        'pod-security.kubernetes.io/warn': 'restricted',
      },
    },
  };
}

/** Identity, network and process, in the order in which they must be applied. */
export function operatorManifests(options: InstallOptions): Manifest[] {
  const { labels = {} } = options;
  return [serviceAccount(labels), ...leaseRights({ ...LABELS, ...labels }), networkPolicy(labels), deployment(options)];
}

const serviceAccount = (labels: Labels): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: inNamespace(labels),
});

/** Out to the API server, to name resolution, and to the ports where running processes say what they have loaded. Nothing in. */
function networkPolicy(labels: Labels): Manifest {
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: inNamespace(labels),
    spec: {
      podSelector: { matchLabels: SELECTOR },
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        // The API server's address is known to the cluster alone, and behind its Service it listens on either port.
        { ports: [tcp(443), tcp(6443)] },
        { ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] },
        { to: [{ namespaceSelector: {} }], ports: [tcp(EDGE_STATUS_PORT), tcp(POSTGRES_PORT)] },
      ],
    },
  };
}

function deployment(options: InstallOptions): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: inNamespace(options.labels ?? {}),
    spec: {
      replicas: options.replicas,
      revisionHistoryLimit: 3,
      selector: { matchLabels: SELECTOR },
      // On a small node there is no room for one more; of two that overlap all the same, one leads.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      template: { metadata: { labels: LABELS }, spec: podSpec(options) },
    },
  };
}

function podSpec(options: InstallOptions) {
  return {
    serviceAccountName: OPERATOR,
    imagePullSecrets: options.imagePullSecrets,
    nodeSelector: options.nodeSelector,
    tolerations: options.tolerations,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 30,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } }],
    containers: [container(options)],
  };
}

function container({ image, resources, heapMiB, logLevel, watchNamespaces }: InstallOptions) {
  const probe = (path: string) => ({ httpGet: { path, port: 'health' }, timeoutSeconds: 3 });
  return {
    name: 'operator',
    image,
    imagePullPolicy: 'IfNotPresent',
    env: [
      // The first one, since Kustomize puts there what an overlay patches.
      { name: 'PITCREW_NAMESPACES', value: watchNamespaces },
      { name: 'PITCREW_HEALTH_PORT', value: String(HEALTH_PORT) },
      { name: 'LOG_LEVEL', value: logLevel },
      // By it a process takes part in the election. The server's default is written out, or a second applier would meet a conflict.
      { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
      { name: 'NODE_OPTIONS', value: `--max-old-space-size=${heapMiB} --max-semi-space-size=2` },
    ],
    ports: [{ name: 'health', containerPort: HEALTH_PORT, protocol: 'TCP' }],
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    startupProbe: { ...probe('/readyz'), periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 10 },
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, failureThreshold: 3 },
  };
}
