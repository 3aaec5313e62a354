import type { Child } from './digest.ts';
import type { MigrationJob } from './migration.ts';
import type { PodDigest } from './pod-digest.ts';
import { newest, podTrouble, type TroubleReport } from './pod-trouble.ts';
import type { Workload } from './rollout.ts';
import type { View } from './view.ts';

type Seen = Pick<View, 'children' | 'pods' | 'warnings' | 'now' | 'profile'>;

/** Why a workload does not come up: the deepest cause that can be seen. Pure. */
export function workloadTrouble(workload: Workload, seen: Seen): TroubleReport | undefined {
  const pods = seen.pods.filter((pod) => pod.tier === workload.tier && pod.role === undefined);
  return claimTrouble(workload.tier, seen) ?? firstPodTrouble(pods, seen) ?? refusalTrouble(workload, seen);
}

/** Why a migration does not get on. Only its last attempt says so: an earlier one has failed and is replaced. */
export function migrationTrouble(job: MigrationJob, seen: Seen): TroubleReport | undefined {
  const [latest] = newestFirst(seen.pods.filter((pod) => pod.job === job.name && !pod.deleting));
  return firstPodTrouble(latest === undefined ? [] : [latest], seen) ?? refusalTrouble(job, seen);
}

/** Newest first: what an older pod suffers from may be mended already. */
function firstPodTrouble(pods: readonly PodDigest[], seen: Seen): TroubleReport | undefined {
  const waiting = pods.filter((pod) => !pod.deleting && !pod.ready && pod.phase !== 'Succeeded');
  for (const pod of newestFirst(waiting)) {
    const trouble = podTrouble({ pod, warnings: seen.warnings, nowMs: seen.now.getTime() });
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

const newestFirst = (pods: readonly PodDigest[]): PodDigest[] =>
  [...pods].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));

const CLAIM_WARNINGS = ['ProvisioningFailed', 'FailedBinding', 'ProvisioningCleanupFailed', 'VolumeMismatch'];

/** A claim that stays pending and whose provisioner says why: that is what its pods wait for. */
function claimTrouble(tier: string | undefined, seen: Seen): TroubleReport | undefined {
  for (const claim of seen.children.values()) {
    if (claim.state?.type !== 'claim' || claim.state.phase === 'Bound' || claim.tier !== tier) continue;
    const warning = newest(seen.warnings, claim.ref, CLAIM_WARNINGS);
    if (warning === undefined && claim.state.phase !== 'Lost') continue;
    const said = warning?.note ?? 'its volume is lost';
    return { reason: 'VolumePending', object: claim.ref, message: `the claim is ${claim.state.phase}: ${said}` };
  }
  return undefined;
}

/** Quota, Pod Security, a missing ServiceAccount: no pod is made at all. */
function refusalTrouble(child: Child, seen: Seen): TroubleReport | undefined {
  const told = child.state?.type === 'workload' ? child.state.refusal : undefined;
  const event = newest(seen.warnings, child.ref, ['FailedCreate']);
  const hasPods = seen.pods.some((pod) => belongs(pod, child) && !pod.deleting);
  const message = told ?? (hasPods ? undefined : event?.note);
  if (message === undefined) return undefined;
  return { reason: 'PodsRefused', object: child.ref, message: message.replace(RANDOM_POD_NAME, 'pods "$1-…"') };
}

/** Each attempt has a name of its own; what is refused stays the same. */
const RANDOM_POD_NAME = /pods "([^"]+)-[a-z0-9]{5}"/g;

const belongs = (pod: PodDigest, child: Child): boolean =>
  child.state?.type === 'job' ? pod.job === child.name : pod.tier === child.tier && pod.role === undefined;
