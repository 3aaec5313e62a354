import type { k8s } from 'cdk8s-plus-28';
import { k8s as kube } from 'cdk8s-plus-28';
import type { EnvVar as ProfileEnv } from '../../crds/fields.ts';
import { canonicalQuantity } from '../../crds/units.ts';

/** What every pod of ours has in common: Pod Security `restricted`, resources, temporary space. */

/** Security of a pod under `restricted`. `user` is numeric; files of volumes belong to the group of the same number. */
export function podSecurity(user: number): k8s.PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** Security of a container under `restricted`, with a read-only root file system. */
export const CONTAINER_SECURITY: k8s.SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** A new pod is ready before an old one goes; nobody is ever without (BE-10). */
export const SURGE_BY_ONE: k8s.DeploymentStrategy = {
  type: 'RollingUpdate',
  rollingUpdate: { maxSurge: kube.IntOrString.fromNumber(1), maxUnavailable: kube.IntOrString.fromNumber(0) },
};

/** Amounts as the profile gives them. */
export interface Amounts {
  readonly cpu: string | number;
  readonly memory: string | number;
}

export function resourceRequirements(requests: Amounts, limits: Amounts): k8s.ResourceRequirements {
  return { requests: quantities(requests), limits: quantities(limits) };
}

function quantities(amounts: Amounts): Record<string, k8s.Quantity> {
  return { cpu: asQuantity(amounts.cpu), memory: asQuantity(amounts.memory) };
}

/** A quantity in the form in which the API server stores it. */
export const asQuantity = (amount: string | number): k8s.Quantity =>
  kube.Quantity.fromString(canonicalQuantity(amount));

/** A literal environment variable. */
export const literal = (name: string, value: string): k8s.EnvVar => ({ name, value });

/** An environment variable from a key of a Secret. */
export const fromSecret = (name: string, secret: string, key: string): k8s.EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/**
 * Our own variables with the user's over them. The order is kept: Kubernetes expands `$(NAME)` only from
 * variables that stand before.
 */
export function mergeEnv(ours: readonly k8s.EnvVar[], users: readonly ProfileEnv[] = []): k8s.EnvVar[] {
  const taken = new Set(users.map((entry) => entry.name));
  return [...ours.filter((entry) => !taken.has(entry.name)), ...users.map(userVariable)];
}

function userVariable(entry: ProfileEnv): k8s.EnvVar {
  const { secretKeyRef, configMapKeyRef } = entry.valueFrom ?? {};
  if (secretKeyRef !== undefined) return { name: entry.name, valueFrom: { secretKeyRef: keyRef(secretKeyRef) } };
  if (configMapKeyRef !== undefined)
    return { name: entry.name, valueFrom: { configMapKeyRef: keyRef(configMapKeyRef) } };
  return { name: entry.name, value: entry.value ?? '' };
}

function keyRef(reference: { name: string; key: string; optional?: boolean | undefined }) {
  return {
    name: reference.name,
    key: reference.key,
    ...(reference.optional === undefined ? {} : { optional: reference.optional }),
  };
}
