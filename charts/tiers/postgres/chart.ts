import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { mebibytes } from '../../../crds/units.ts';
import { CONFIG_HASH, labelsOf, PROFILE_LABEL, RESTART_HASH, ROLE_LABEL, selectorOf } from '../../kit/labels.ts';
import {
  appSecretName,
  configName,
  headlessName,
  monitorSecretName,
  POSTGRES_PORT,
  tierName,
} from '../../kit/names.ts';
import { CONTAINER_SECURITY, podSecurity } from '../../kit/pod.ts';
import {
  addDisruptionBudget,
  addNetworkPolicy,
  addServiceAccount,
  DNS_EGRESS,
  OPERATOR_PEER,
  tcp,
  tierPeer,
} from '../../kit/policies.ts';
import { imagePullSecrets } from '../../kit/pull-secrets.ts';
import { tierResources } from '../../kit/tier-resources.ts';
import { postgresManaged, type Stack } from '../../stack.ts';
import {
  POSTGRES_CONFIG_DIR,
  POSTGRES_SECRETS_DIR,
  POSTGRES_USER,
  POSTGRES_VOLUME_DIR,
  READY_FILE,
  SOCKET_DIR,
} from './bootstrap.ts';
import { postgresFiles } from './files.ts';

/** Adds the database's objects; returns the hash of its configuration, or undefined where it is not ours. */
export function addPostgres(chart: Chart, stack: Stack): string | undefined {
  if (!postgresManaged(stack.spec)) return undefined;
  const files = postgresFiles(stack);
  const metadata = {
    name: tierName(stack.name, 'postgres'),
    namespace: stack.namespace,
    labels: labelsOf(stack.name, 'postgres'),
  };
  addServiceAccount(chart, stack, 'postgres');
  addDisruptionBudget(chart, stack, 'postgres');
  addPostgresNetwork(chart, stack);
  new k8s.KubeConfigMap(chart, 'postgres-config', {
    metadata: {
      ...metadata,
      name: configName(stack.name, 'postgres'),
      annotations: { [CONFIG_HASH]: files.configHash },
    },
    data: files.data,
  });
  const ports = [
    { name: 'postgres', port: POSTGRES_PORT, targetPort: k8s.IntOrString.fromString('postgres'), protocol: 'TCP' },
  ];
  new k8s.KubeService(chart, 'postgres-service', {
    metadata,
    spec: { type: 'ClusterIP', selector: selectorOf(stack.name, 'postgres'), ports },
  });
  new k8s.KubeService(chart, 'postgres-headless', {
    metadata: { ...metadata, name: headlessName(stack.name) },
    spec: { clusterIp: 'None', selector: selectorOf(stack.name, 'postgres'), ports },
  });
  new k8s.KubeStatefulSet(chart, 'postgres-statefulset', {
    metadata,
    spec: {
      serviceName: headlessName(stack.name),
      replicas: 1, // D19: more than one is what CloudNativePG is for.
      revisionHistoryLimit: 3,
      // Ordered, a pod that can not start (a wrong image) would never be replaced by the one that can.
      podManagementPolicy: 'Parallel',
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' }, // D13.
      selector: { matchLabels: selectorOf(stack.name, 'postgres') },
      updateStrategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels: labelsOf(stack.name, 'postgres'), annotations: { [RESTART_HASH]: files.restartHash } },
        spec: postgresPod(stack),
      },
      volumeClaimTemplates: [dataClaim(stack)],
    },
  });
  return files.configHash;
}

function addPostgresNetwork(chart: Chart, stack: Stack): void {
  const migration = { podSelector: { matchLabels: { [PROFILE_LABEL]: stack.name, [ROLE_LABEL]: 'migrate' } } };
  addNetworkPolicy(chart, stack, 'postgres', {
    ingress: [{ from: [tierPeer(stack, 'backend'), migration, OPERATOR_PEER], ports: [tcp(POSTGRES_PORT)] }],
    egress: [DNS_EGRESS],
  });
}

function dataClaim(stack: Stack): k8s.KubePersistentVolumeClaimProps {
  const storage = stack.spec.postgres.storage;
  return {
    metadata: { name: 'data', labels: selectorOf(stack.name, 'postgres') },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: k8s.Quantity.fromString(storage?.size ?? '') } },
      ...(storage?.storageClassName === undefined ? {} : { storageClassName: storage.storageClassName }),
    },
  };
}

/**
 * PG-10: parallel queries and index builds need more than the 64 MB that a container has. It follows from the limit
 * alone, since a knob that is reloaded must not change the pod; memory that nobody writes to costs nothing.
 */
function sharedMemoryMiB(stack: Stack): number {
  return Math.max(64, Math.floor(mebibytes(stack.value('postgres.resources.limits.memory')) / 2));
}

function postgresPod(stack: Stack): k8s.PodSpec {
  return {
    serviceAccountName: tierName(stack.name, 'postgres'),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(POSTGRES_USER),
    terminationGracePeriodSeconds: 120, // PG-14: a checkpoint of a busy server takes its time.
    ...imagePullSecrets(stack),
    volumes: [
      { name: 'config', configMap: { name: configName(stack.name, 'postgres'), defaultMode: 0o444 } },
      secretVolume('app-secret', appSecretName(stack.name)),
      secretVolume('monitor-secret', monitorSecretName(stack.name)),
      { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('64Mi') } },
      { name: 'socket', emptyDir: { sizeLimit: k8s.Quantity.fromString('16Mi') } },
      {
        name: 'shm',
        emptyDir: { medium: 'Memory', sizeLimit: k8s.Quantity.fromString(`${sharedMemoryMiB(stack)}Mi`) },
      },
    ],
    containers: [postgresContainer(stack)],
  };
}

/** Only the password is mounted: it is all that the server's own roles need. */
function secretVolume(name: string, secretName: string): k8s.Volume {
  return { name, secret: { secretName, items: [{ key: 'password', path: 'password' }] } };
}

function postgresContainer(stack: Stack): k8s.Container {
  const isReady = `test -f ${READY_FILE} && PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')" pg_isready --quiet --host=${SOCKET_DIR}`;
  // Exit 2 is "no answer"; a server that recovers from a crash answers 1 and must not be killed for it.
  const isAlive = `PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')" pg_isready --quiet --host=${SOCKET_DIR}; test $? -ne 2`;
  const probe = (script: string) => ({ exec: { command: ['/bin/sh', '-c', script] } });
  return {
    name: 'postgres',
    image: stack.value('postgres.image'),
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', `${POSTGRES_CONFIG_DIR}/run.sh`],
    ports: [{ name: 'postgres', containerPort: POSTGRES_PORT, protocol: 'TCP' }],
    resources: tierResources(stack, 'postgres'),
    securityContext: CONTAINER_SECURITY,
    terminationMessagePolicy: 'FallbackToLogsOnError', // Why it did not start reaches the status.
    volumeMounts: [
      { name: 'data', mountPath: POSTGRES_VOLUME_DIR },
      { name: 'config', mountPath: POSTGRES_CONFIG_DIR, readOnly: true },
      { name: 'app-secret', mountPath: `${POSTGRES_SECRETS_DIR}/app`, readOnly: true },
      { name: 'monitor-secret', mountPath: `${POSTGRES_SECRETS_DIR}/monitor`, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'socket', mountPath: SOCKET_DIR },
      { name: 'shm', mountPath: '/dev/shm' },
    ],
    startupProbe: { ...probe(isReady), periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 3600 },
    readinessProbe: { ...probe(isReady), periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: { ...probe(isAlive), periodSeconds: 15, timeoutSeconds: 10, failureThreshold: 6 },
  };
}
