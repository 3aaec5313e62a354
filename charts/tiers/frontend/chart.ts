import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { graceSeconds, PRE_STOP_SECONDS } from '../../kit/grace.ts';
import { hashOf } from '../../kit/hash.ts';
import { CONFIG_HASH, labelsOf, selectorOf } from '../../kit/labels.ts';
import { tierName } from '../../kit/names.ts';
import { CONTAINER_SECURITY, literal, mergeEnv, podSecurity, SURGE_BY_ONE } from '../../kit/pod.ts';
import { addDisruptionBudget, addNetworkPolicy, addServiceAccount, tcp, tierPeer } from '../../kit/policies.ts';
import { imagePullSecrets } from '../../kit/pull-secrets.ts';
import { tierResources } from '../../kit/tier-resources.ts';
import type { Requirement } from '../../requirement.ts';
import { backendPort, frontendHealthPath, frontendPort, type Stack } from '../../stack.ts';
import { environmentRequirements } from '../backend/chart.ts';

/** Adds the frontend's objects; returns the hash of its configuration, or undefined where the profile has no frontend. */
export function addFrontend(chart: Chart, stack: Stack): string | undefined {
  if (stack.spec.frontend === undefined) return undefined;
  const env = frontendEnvironment(stack);
  const configHash = hashOf(...env.map((entry) => `${entry.name}=${entry.value ?? ''}`));
  const metadata = {
    name: tierName(stack.name, 'frontend'),
    namespace: stack.namespace,
    labels: labelsOf(stack.name, 'frontend'),
  };
  addServiceAccount(chart, stack, 'frontend');
  addDisruptionBudget(chart, stack, 'frontend');
  addNetworkPolicy(chart, stack, 'frontend', {
    ingress: [{ from: [tierPeer(stack, 'edge')], ports: [tcp(frontendPort(stack.spec))] }],
  });
  new k8s.KubeService(chart, 'frontend-service', {
    metadata,
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(stack.name, 'frontend'),
      ports: [
        {
          name: 'http',
          port: frontendPort(stack.spec),
          targetPort: k8s.IntOrString.fromString('http'),
          protocol: 'TCP',
        },
      ],
    },
  });
  new k8s.KubeDeployment(chart, 'frontend-deployment', {
    metadata,
    spec: {
      replicas: stack.value('frontend.replicas'),
      revisionHistoryLimit: 3,
      minReadySeconds: 5,
      selector: { matchLabels: selectorOf(stack.name, 'frontend') },
      strategy: SURGE_BY_ONE,
      template: {
        metadata: { labels: labelsOf(stack.name, 'frontend'), annotations: { [CONFIG_HASH]: configHash } },
        spec: frontendPod(stack, env),
      },
    },
  });
  return configHash;
}

/** What Next.js is told. API_URL leads its server-side requests straight to the backend; the user's variables win. */
function frontendEnvironment(stack: Stack): k8s.EnvVar[] {
  return mergeEnv(
    [
      literal('PORT', String(frontendPort(stack.spec))),
      literal('HOSTNAME', '0.0.0.0'),
      literal('NEXT_TELEMETRY_DISABLED', '1'),
      literal('KEEP_ALIVE_TIMEOUT', String(stack.value('frontend.keepAliveSeconds') * 1000)), // Next.js takes milliseconds (UNIT-5).
      literal('NODE_OPTIONS', `--max-old-space-size=${stack.value('frontend.maxOldSpaceMiB')}`),
      literal('MALLOC_ARENA_MAX', '2'), // RES-07: sharp lives outside the heap, in arenas of glibc.
      literal('API_URL', `http://${tierName(stack.name, 'backend')}:${backendPort(stack.spec)}`),
    ],
    stack.spec.frontend?.env,
  );
}

function frontendPod(stack: Stack, env: k8s.EnvVar[]): k8s.PodSpec {
  const frontend = stack.spec.frontend;
  const writable = frontend?.writablePaths ?? ['/app/.next/cache'];
  const httpGet = { path: frontendHealthPath(stack.spec), port: k8s.IntOrString.fromString('http') };
  return {
    serviceAccountName: tierName(stack.name, 'frontend'),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity(frontend?.runAsUser ?? 1000),
    terminationGracePeriodSeconds: graceSeconds(stack.value('requestDeadlineSeconds')),
    ...imagePullSecrets(stack),
    volumes: [
      { name: 'tmp', emptyDir: { sizeLimit: k8s.Quantity.fromString('1Gi') } },
      ...writable.map((_, index) => ({
        name: `writable-${index}`,
        emptyDir: { sizeLimit: k8s.Quantity.fromString('1Gi') },
      })),
    ],
    containers: [
      {
        name: 'frontend',
        image: frontend?.image ?? '',
        imagePullPolicy: 'IfNotPresent',
        env,
        ports: [{ name: 'http', containerPort: frontendPort(stack.spec), protocol: 'TCP' }],
        resources: tierResources(stack, 'frontend'),
        securityContext: CONTAINER_SECURITY,
        volumeMounts: [
          { name: 'tmp', mountPath: '/tmp' },
          ...writable.map((mountPath, index) => ({ name: `writable-${index}`, mountPath })),
        ],
        lifecycle: { preStop: { exec: { command: ['sleep', String(PRE_STOP_SECONDS)] } } },
        startupProbe: { httpGet, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 },
        readinessProbe: { httpGet, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
        livenessProbe: { httpGet, periodSeconds: 15, timeoutSeconds: 10, failureThreshold: 6 },
      },
    ],
  };
}

export function frontendRequirements(stack: Stack): Requirement[] {
  return environmentRequirements(stack.spec.frontend?.env, 'frontend.env');
}
