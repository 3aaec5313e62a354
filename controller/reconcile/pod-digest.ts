import { CONFIG_HASH, PROFILE_LABEL, REFRESH, ROLE_LABEL, TIER_LABEL } from '../../charts/kit/labels.ts';
import type { KubeObject } from '../cluster/port.ts';

/** How a container ended. */
export interface Termination {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string | undefined;
}

/** What is kept of a container of a pod. */
export interface ContainerDigest {
  readonly name: string;
  readonly image: string;
  readonly init: boolean;
  readonly ready: boolean;
  readonly restarts: number;
  /** When the running process was started; undefined when none runs. */
  readonly startedAt: string | undefined;
  readonly waiting: { readonly reason: string; readonly message: string | undefined } | undefined;
  readonly terminated: Termination | undefined;
  /** The end before the last restart. */
  readonly last: Termination | undefined;
  readonly memoryLimit: string | undefined;
}

/** What is kept of a pod. */
export interface PodDigest {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly deleting: boolean;
  readonly profile: string | undefined;
  readonly tier: string | undefined;
  readonly role: string | undefined;
  /** What made it. */
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  /** Name of the Job that it belongs to. */
  readonly job: string | undefined;
  readonly phase: string;
  /** Why the whole pod has failed, for example Evicted. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  readonly ip: string | undefined;
  readonly ready: boolean;
  /** The scheduler's words, and since when it says so. */
  readonly unschedulable: { readonly message: string; readonly since: string } | undefined;
  readonly refresh: string | undefined;
  readonly configHash: string | undefined;
  readonly containers: readonly ContainerDigest[];
}

interface LooseTermination {
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
}

interface LooseContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly running?: { readonly startedAt?: string };
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: LooseTermination;
  };
  readonly lastState?: { readonly terminated?: LooseTermination };
}

interface LooseContainer {
  readonly name: string;
  readonly image?: string;
  readonly resources?: { readonly limits?: { readonly memory?: string } };
}

interface LoosePod {
  readonly spec?: {
    readonly containers?: readonly LooseContainer[];
    readonly initContainers?: readonly LooseContainer[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly podIP?: string;
    readonly conditions?: ReadonlyArray<{
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
      readonly lastTransitionTime?: string;
    }>;
    readonly containerStatuses?: readonly LooseContainerStatus[];
    readonly initContainerStatuses?: readonly LooseContainerStatus[];
  };
}

/** Pure: keeps nothing of the object alive but a few strings. */
export function podOf(object: KubeObject): PodDigest {
  const { metadata } = object;
  const { spec = {}, status = {} } = object as unknown as LoosePod;
  const labels = metadata.labels ?? {};
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  const failed = status.phase === 'Failed' && status.reason !== undefined;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    uid: metadata.uid,
    createdAt: metadata.creationTimestamp ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    profile: labels[PROFILE_LABEL],
    tier: labels[TIER_LABEL],
    role: labels[ROLE_LABEL],
    owner: owner === undefined ? undefined : { kind: owner.kind, name: owner.name, uid: owner.uid },
    job: labels['batch.kubernetes.io/job-name'] ?? labels['job-name'],
    phase: status.phase ?? 'Pending',
    failure: failed ? { reason: status.reason ?? '', message: status.message ?? '' } : undefined,
    ip: status.podIP,
    ready: conditionOf(status, 'Ready')?.status === 'True',
    unschedulable: unschedulableOf(status),
    refresh: metadata.annotations?.[REFRESH],
    configHash: metadata.annotations?.[CONFIG_HASH],
    containers: [
      ...containersOf(spec.initContainers, status.initContainerStatuses, true),
      ...containersOf(spec.containers, status.containerStatuses, false),
    ],
  };
}

const conditionOf = (status: NonNullable<LoosePod['status']>, type: string) =>
  status.conditions?.find((condition) => condition.type === type);

function unschedulableOf(status: NonNullable<LoosePod['status']>): PodDigest['unschedulable'] {
  const scheduled = conditionOf(status, 'PodScheduled');
  if (scheduled?.status !== 'False') return undefined;
  return { message: scheduled.message ?? scheduled.reason ?? '', since: scheduled.lastTransitionTime ?? '' };
}

function containersOf(
  specs: readonly LooseContainer[] = [],
  statuses: readonly LooseContainerStatus[] = [],
  init = false,
): ContainerDigest[] {
  return specs.map((spec) => {
    const status = statuses.find((candidate) => candidate.name === spec.name);
    const waiting = status?.state?.waiting;
    return {
      name: spec.name,
      image: spec.image ?? '',
      init,
      ready: status?.ready === true,
      restarts: status?.restartCount ?? 0,
      startedAt: status?.state?.running?.startedAt,
      waiting: waiting === undefined ? undefined : { reason: waiting.reason ?? '', message: waiting.message },
      terminated: terminationOf(status?.state?.terminated),
      last: terminationOf(status?.lastState?.terminated),
      memoryLimit: spec.resources?.limits?.memory,
    };
  });
}

function terminationOf(loose: LooseTermination | undefined): Termination | undefined {
  if (loose === undefined) return undefined;
  return { exitCode: loose.exitCode ?? 0, reason: loose.reason ?? '', message: loose.message };
}

/** Changes when another process runs in the pod: what was proved of the old one says nothing about the new one. */
export const processKey = (pod: PodDigest): string =>
  `${pod.uid}/${pod.containers.map((container) => container.startedAt ?? '-').join(',')}`;
