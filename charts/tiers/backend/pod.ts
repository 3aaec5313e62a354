import { k8s } from 'cdk8s-plus-28';
import { knobsOf } from '../../../crds/knob.ts';
import { backendSchema } from '../../../crds/tiers/backend.ts';
import type { KnobPath } from '../../effective.ts';
import { graceSeconds, PRE_STOP_SECONDS } from '../../kit/grace.ts';
import { appSecretName, configName, tierName, uploadsName } from '../../kit/names.ts';
import { CONTAINER_SECURITY, fromSecret, literal, mergeEnv, podSecurity } from '../../kit/pod.ts';
import { imagePullSecrets } from '../../kit/pull-secrets.ts';
import { tierResources } from '../../kit/tier-resources.ts';
import { wordOf } from '../../kit/words.ts';
import { backendHealthPath, backendPort, backendUser, type Stack } from '../../stack.ts';
import { DATABASE_URL } from './database-url.ts';
import { BACKEND_CONFIG_DIR, gunicornCommand } from './gunicorn.ts';

/** The pod of the backend: also the pattern of the migration Job, which runs the same image with the same environment. */

const ENV_KNOBS = knobsOf(backendSchema, 'backend').filter(({ knob }) => knob.target.file === 'env');

/** Secret with the connection of the application: ours, or the one that the user names. */
export function connectionSecret({ spec, name }: Pick<Stack, 'spec' | 'name'>): string {
  return spec.postgres.connectionSecretName ?? appSecretName(name);
}

function databaseEnvironment(stack: Stack): k8s.EnvVar[] {
  const secret = connectionSecret(stack);
  return [
    fromSecret('PGUSER', secret, 'username'),
    fromSecret('PGPASSWORD', secret, 'password'),
    fromSecret('PGHOST', secret, 'host'),
    fromSecret('PGPORT', secret, 'port'),
    fromSecret('PGDATABASE', secret, 'dbname'),
    literal('DATABASE_URL', DATABASE_URL),
  ];
}

/** Each knob with target `env` is a variable. */
function knobEnvironment(stack: Stack): k8s.EnvVar[] {
  return ENV_KNOBS.flatMap(({ path, knob }) => {
    const value = stack.effective.find(path as KnobPath);
    return value === undefined ? [] : [literal(knob.target.key, wordOf(knob, value))];
  });
}

/** Environment of application and migration. The user's variables win. */
export function backendEnvironment(stack: Stack): k8s.EnvVar[] {
  return mergeEnv(
    [
      literal('LANG', 'C.UTF-8'), // Python without it falls back to ASCII.
      literal('PYTHONUNBUFFERED', '1'),
      ...databaseEnvironment(stack),
      ...knobEnvironment(stack),
    ],
    stack.spec.backend.env,
  );
}

/** Places that the application may write to, and the configuration. */
export function backendVolumes(stack: Stack): { volumes: k8s.Volume[]; volumeMounts: k8s.VolumeMount[] } {
  const scratch = (stack.spec.backend.writablePaths ?? []).map((mountPath, index) => ({
    volume: { name: `writable-${index}`, emptyDir: { sizeLimit: k8s.Quantity.fromString('1Gi') } },
    mount: { name: `writable-${index}`, mountPath },
  }));
  const uploads = stack.spec.uploads;
  return {
    volumes: [
      { name: 'config', configMap: { name: configName(stack.name, 'backend') } },
      { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('1Gi') } },
      ...scratch.map(({ volume }) => volume),
      ...(uploads === undefined
        ? []
        : [{ name: 'uploads', persistentVolumeClaim: { claimName: uploadsName(stack.name) } }]),
    ],
    volumeMounts: [
      { name: 'config', mountPath: BACKEND_CONFIG_DIR, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
      ...scratch.map(({ mount }) => mount),
      ...(uploads === undefined ? [] : [{ name: 'uploads', mountPath: uploads.backendPath }]),
    ],
  };
}

/** What both pods, server and migration, share. */
export function backendPodBase(stack: Stack): Omit<k8s.PodSpec, 'containers'> {
  return {
    serviceAccountName: tierName(stack.name, 'backend'),
    automountServiceAccountToken: false,
    enableServiceLinks: false, // A Service named like a variable of the application would otherwise change it.
    securityContext: podSecurity(backendUser(stack.spec)),
    ...imagePullSecrets(stack),
  };
}

export const backendResources = (stack: Stack): k8s.ResourceRequirements => tierResources(stack, 'backend');

/** The server's pod. */
export function backendPod(stack: Stack): k8s.PodSpec {
  const { volumes, volumeMounts } = backendVolumes(stack);
  const longest = Math.max(stack.value('backend.gracefulTimeoutSeconds'), stack.value('requestDeadlineSeconds'));
  return {
    ...backendPodBase(stack),
    terminationGracePeriodSeconds: graceSeconds(longest),
    volumes,
    containers: [
      {
        name: 'backend',
        image: stack.spec.backend.image,
        imagePullPolicy: 'IfNotPresent',
        command: gunicornCommand(stack),
        env: backendEnvironment(stack),
        ports: [{ name: 'http', containerPort: backendPort(stack.spec), protocol: 'TCP' }],
        resources: backendResources(stack),
        securityContext: CONTAINER_SECURITY,
        volumeMounts,
        lifecycle: { preStop: { exec: { command: ['sleep', String(PRE_STOP_SECONDS)] } } },
        ...backendProbes(stack),
      },
    ],
  };
}

/** BE-06: gunicorn replaces a worker that hangs; only when it does not, the kubelet restarts all of them. */
const livenessFailures = (stack: Stack): number =>
  Math.max(6, Math.ceil((stack.value('backend.timeoutSeconds') + 30) / 15));

/** BE-08: probes ask the process and never the database, or an outage of the database would restart every backend. */
function backendProbes(stack: Stack): Pick<k8s.Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'> {
  const httpGet = { path: backendHealthPath(stack.spec), port: k8s.IntOrString.fromString('http') };
  return {
    startupProbe: { httpGet, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 },
    readinessProbe: { httpGet, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
    livenessProbe: { httpGet, periodSeconds: 15, timeoutSeconds: 10, failureThreshold: livenessFailures(stack) },
  };
}
