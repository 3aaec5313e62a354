import { EDGE_STATUS_PORT, POSTGRES_PORT } from '../charts/kit/names.ts';
import { customResourceDefinition } from '../crds/crd.ts';
import { GROUP, PLURAL } from '../crds/group.ts';
import { admissionManifests } from './admission.ts';
import type { Labels, Manifest } from './manifest.ts';

export type { Manifest } from './manifest.ts';

/** What is installed into a cluster: the custom resource, the operator, and no right more than it uses. */

/** What may differ between installations. */
export interface InstallOptions {
  readonly image: string;
}

/** The operator's namespace and name; charts/kit/policies.ts lets in pods that carry them. */
export const OPERATOR_NAMESPACE = 'pitcrew-system';
export const OPERATOR = 'pitcrew';
export const DEFAULT_IMAGE = 'localhost/pitcrew:dev';

const SELECTOR: Labels = { 'app.kubernetes.io/name': OPERATOR };
const LABELS: Labels = {
  ...SELECTOR,
  'app.kubernetes.io/part-of': OPERATOR,
  'app.kubernetes.io/component': 'operator',
};
/** The user of the operator's image. */
const USER = 65532;
const HEALTH_PORT = 8080;
const MEMORY_LIMIT_MIB = 256;

/** All manifests in the order in which they must be applied. */
export function installManifests(options: InstallOptions): Manifest[] {
  return [
    namespace(),
    customResourceDefinition() as unknown as Manifest,
    ...admissionManifests(LABELS),
    serviceAccount(),
    clusterRole(),
    clusterRoleBinding(),
    networkPolicy(),
    deployment(options),
  ];
}

function namespace(): Manifest {
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

const inNamespace = { name: OPERATOR, namespace: OPERATOR_NAMESPACE, labels: LABELS };

const serviceAccount = (): Manifest => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: inNamespace });

const READ = ['get', 'list', 'watch'];
const OWN = [...READ, 'create', 'patch', 'delete'];

/** Server-side apply needs create and patch; nothing is ever updated as a whole. */
function clusterRole(): Manifest {
  const rule = (group: string, resources: string[], verbs: string[]) => ({ apiGroups: [group], resources, verbs });
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: OPERATOR, labels: LABELS },
    rules: [
      rule(GROUP, [PLURAL], READ),
      rule(GROUP, [`${PLURAL}/status`], ['patch']),
      // Where the server checks it, whoever makes an owner wait for its children must be able to let it go.
      rule(GROUP, [`${PLURAL}/finalizers`], ['update']),
      rule('', ['configmaps', 'services', 'serviceaccounts'], OWN),
      // Data is made and grown, never deleted (D13).
      rule('', ['persistentvolumeclaims'], [...READ, 'create', 'patch']),
      // By name only: a Secret that nobody named to us stays unseen.
      rule('', ['secrets'], ['get', 'create']),
      rule('', ['pods'], [...READ, 'patch']),
      rule('', ['nodes'], READ),
      rule('storage.k8s.io', ['storageclasses'], ['list']),
      rule('apps', ['deployments', 'statefulsets', 'controllerrevisions'], OWN),
      rule('batch', ['jobs'], OWN),
      rule('networking.k8s.io', ['networkpolicies', 'ingresses'], OWN),
      rule('policy', ['poddisruptionbudgets'], OWN),
      rule('events.k8s.io', ['events'], ['list', 'create', 'patch']),
    ],
  };
}

function clusterRoleBinding(): Manifest {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: OPERATOR, labels: LABELS },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: OPERATOR },
    subjects: [{ kind: 'ServiceAccount', name: OPERATOR, namespace: OPERATOR_NAMESPACE }],
  };
}

/** Out to the API server, to name resolution, and to the ports where running processes say what they have loaded. Nothing in. */
function networkPolicy(): Manifest {
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: inNamespace,
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

function deployment({ image }: InstallOptions): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: inNamespace,
    spec: {
      replicas: 1,
      revisionHistoryLimit: 3,
      selector: { matchLabels: SELECTOR },
      // The old one ends before the new one starts: they would do the same work twice.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      template: { metadata: { labels: LABELS }, spec: podSpec(image) },
    },
  };
}

function podSpec(image: string) {
  return {
    serviceAccountName: OPERATOR,
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
    containers: [container(image)],
  };
}

function container(image: string) {
  const probe = (path: string) => ({ httpGet: { path, port: 'health' }, timeoutSeconds: 3 });
  return {
    name: 'operator',
    image,
    imagePullPolicy: 'IfNotPresent',
    env: [
      { name: 'PITCREW_HEALTH_PORT', value: String(HEALTH_PORT) },
      {
        name: 'NODE_OPTIONS',
        value: `--max-old-space-size=${Math.floor(0.6 * MEMORY_LIMIT_MIB)} --max-semi-space-size=2`,
      },
    ],
    ports: [{ name: 'health', containerPort: HEALTH_PORT, protocol: 'TCP' }],
    resources: {
      requests: { cpu: '50m', memory: '128Mi' },
      limits: { memory: `${MEMORY_LIMIT_MIB}Mi` },
    },
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
