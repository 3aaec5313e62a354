import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { bytes, formatMebibytes } from '../../../crds/units.ts';
import { graceSeconds, PRE_STOP_SECONDS } from '../../kit/grace.ts';
import { hashOf } from '../../kit/hash.ts';
import { labelsOf, RESTART_HASH, selectorOf } from '../../kit/labels.ts';
import {
  configName,
  EDGE_HTTP_PORT,
  EDGE_HTTPS_PORT,
  EDGE_STATUS_PORT,
  tierName,
  uploadsName,
} from '../../kit/names.ts';
import { asQuantity, CONTAINER_SECURITY, podSecurity, SURGE_BY_ONE } from '../../kit/pod.ts';
import { imagePullSecrets } from '../../kit/pull-secrets.ts';
import { tierResources } from '../../kit/tier-resources.ts';
import { backendUser, type Stack } from '../../stack.ts';
import { CACHE_DIRECTORY, CONFIG_DIRECTORY, TEMPORARY_MIB, TLS_DIRECTORY, UPLOADS_DIRECTORY } from './paths.ts';
import { RUN_SCRIPT, RUN_SCRIPT_TEXT } from './run-script.ts';
import { HEALTH_PATH } from './servers.ts';

/** The user `nginx` of the official image. */
const NGINX_USER = 101;
const MEBIBYTE = 2 ** 20;

/**
 * The nginx pods. Nothing of the configuration is on the template: it is taken over by a reload, which keeps
 * caches and connections. Only another run.sh, which comes with another version of pitcrew, replaces the pods.
 */
export function addDeployment(chart: Chart, stack: Stack): void {
  const labels = labelsOf(stack.name, 'edge');
  new k8s.KubeDeployment(chart, 'edge-deployment', {
    metadata: { name: tierName(stack.name, 'edge'), namespace: stack.namespace, labels },
    spec: {
      replicas: stack.value('edge.replicas'),
      revisionHistoryLimit: 3,
      minReadySeconds: 3,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: selectorOf(stack.name, 'edge') },
      strategy: SURGE_BY_ONE,
      template: {
        metadata: { labels, annotations: { [RESTART_HASH]: hashOf(RUN_SCRIPT_TEXT) } },
        spec: podSpec(stack),
      },
    },
  });
}

function podSpec(stack: Stack): k8s.PodSpec {
  return {
    serviceAccountName: tierName(stack.name, 'edge'),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: graceSeconds(stack.value('requestDeadlineSeconds')),
    securityContext: {
      ...podSecurity(NGINX_USER),
      // The backend's group, to whom the files on the uploads volume belong.
      ...(stack.spec.uploads === undefined ? {} : { supplementalGroups: [backendUser(stack.spec)] }),
    },
    ...imagePullSecrets(stack),
    containers: [container(stack)],
    volumes: mounts(stack).map(({ volume }) => volume),
  };
}

function container(stack: Stack): k8s.Container {
  return {
    name: 'nginx',
    image: stack.value('edge.image'),
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', `${CONFIG_DIRECTORY}/${RUN_SCRIPT}`],
    ports: [
      { name: 'http', containerPort: EDGE_HTTP_PORT, protocol: 'TCP' },
      ...(stack.spec.edge.tls === undefined
        ? []
        : [{ name: 'https', containerPort: EDGE_HTTPS_PORT, protocol: 'TCP' }]),
      { name: 'status', containerPort: EDGE_STATUS_PORT, protocol: 'TCP' },
    ],
    resources: tierResources(stack, 'edge'),
    securityContext: CONTAINER_SECURITY,
    terminationMessagePolicy: 'FallbackToLogsOnError', // Says in the pod's status why nginx did not start.
    volumeMounts: mounts(stack).map(({ volume, path, readOnly }) => ({
      name: volume.name,
      mountPath: path,
      ...(readOnly ? { readOnly } : {}),
    })),
    lifecycle: { preStop: { exec: { command: ['sleep', String(PRE_STOP_SECONDS)] } } },
    ...probes(),
  };
}

/** The status port answers as long as nginx does, whatever becomes of the servers behind it. */
function probes() {
  const httpGet = { path: HEALTH_PATH, port: k8s.IntOrString.fromString('status'), scheme: 'HTTP' };
  return {
    startupProbe: { httpGet, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 },
    readinessProbe: { httpGet, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    livenessProbe: { httpGet, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
  };
}

interface Mount {
  readonly path: string;
  readonly readOnly: boolean;
  readonly volume: k8s.Volume;
}

/** Directories, never single files (`subPath`), which Kubernetes does not update. */
function mounts(stack: Stack): Mount[] {
  const {
    edge: { tls },
    uploads,
  } = stack.spec;
  return [
    {
      path: CONFIG_DIRECTORY,
      readOnly: true,
      volume: { name: 'config', configMap: { name: configName(stack.name, 'edge'), defaultMode: 0o444 } },
    },
    ...(tls === undefined
      ? []
      : [
          {
            path: TLS_DIRECTORY,
            readOnly: true,
            volume: { name: 'tls', secret: { secretName: tls.secretName, defaultMode: 0o440 } },
          },
        ]),
    ...(uploads === undefined ? [] : [uploadsMount(stack)]),
    { path: CACHE_DIRECTORY, readOnly: false, volume: { name: 'cache', emptyDir: cacheVolume(stack) } },
    {
      path: '/tmp',
      readOnly: false,
      volume: { name: 'tmp', emptyDir: { sizeLimit: asQuantity(`${TEMPORARY_MIB}Mi`) } },
    },
  ];
}

/** Read-only as a whole: else the kubelet would give the backend's files to nginx's group at each start. */
function uploadsMount(stack: Stack): Mount {
  return {
    path: UPLOADS_DIRECTORY,
    readOnly: true,
    volume: { name: 'uploads', persistentVolumeClaim: { claimName: uploadsName(stack.name), readOnly: true } },
  };
}

/** NG-05: nginx tidies up behind the writers, and a pod whose volume is above its limit is evicted. */
function cacheVolume(stack: Stack): k8s.EmptyDirVolumeSource {
  const size = bytes(stack.value('edge.cache.maxSize')) / MEBIBYTE;
  const inMemory = stack.value('edge.cache.medium') === 'Memory';
  return {
    ...(inMemory ? { medium: 'Memory' } : {}),
    sizeLimit: k8s.Quantity.fromString(formatMebibytes(1.5 * size + 64)),
  };
}
