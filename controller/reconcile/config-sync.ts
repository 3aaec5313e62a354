import { TIERS, type Tier } from '../../charts/kit/labels.ts';
import { monitorSecretName } from '../../charts/kit/names.ts';
import type { PodDigest } from './pod-digest.ts';
import { processKey } from './pod-digest.ts';
import type { View } from './view.ts';

/** What a tier's processes run against what was rendered for them (D11). */
export interface TierSync {
  readonly tier: Tier;
  readonly desired: string;
  /** Hash that the processes reported; `unknown` when they said nothing. */
  readonly loaded: string;
  readonly state: 'loaded' | 'stale' | 'unknown' | 'refused';
  /** Why it is not loaded, for people. */
  readonly why: string;
}

/** Tiers whose processes are asked themselves; the others carry the hash on their pods. */
export const ASKED_TIERS: ReadonlySet<string> = new Set(['edge', 'postgres']);

const UNKNOWN = 'unknown';

/** Pods of a tier that run or are about to. */
export const podsOf = (pods: readonly PodDigest[], tier: string): PodDigest[] =>
  pods.filter((pod) => pod.tier === tier && pod.role === undefined && !pod.deleting && pod.phase !== 'Failed');

/** All tiers that have a configuration, in their usual order. */
export function syncOf(view: Pick<View, 'configHashes' | 'pods' | 'proofs'>): TierSync[] {
  return TIERS.flatMap((tier) => {
    const desired = view.configHashes[tier];
    return desired === undefined ? [] : [tierSync(view, tier, desired)];
  });
}

function tierSync(view: Pick<View, 'pods' | 'proofs'>, tier: Tier, desired: string): TierSync {
  const pods = podsOf(view.pods, tier);
  if (pods.length === 0) return { tier, desired, loaded: UNKNOWN, state: 'unknown', why: `no ${tier} runs yet` };
  const behind = pods.map((pod) => podSync(view, pod, desired)).find(({ state }) => state !== 'loaded');
  return { tier, desired, ...(behind ?? { loaded: desired, state: 'loaded', why: '' }) };
}

type PodSync = Pick<TierSync, 'loaded' | 'state' | 'why'>;

function podSync({ proofs }: Pick<View, 'proofs'>, pod: PodDigest, desired: string): PodSync {
  if (!ASKED_TIERS.has(pod.tier ?? '')) return compare(pod, pod.configHash, desired);
  const proof = proofs.get(processKey(pod));
  if (proof === undefined) return { loaded: UNKNOWN, state: 'unknown', why: `${pod.name} has not been asked yet` };
  if (proof.unreachable !== undefined) {
    const why = proof.loginRefused === true ? loginRefused(pod) : `gives no answer: ${proof.unreachable}`;
    return { loaded: UNKNOWN, state: 'unknown', why: `${pod.name} ${why}` };
  }
  if (proof.refusal !== undefined) {
    // A certificate changes no hash: then the configuration is loaded, and what lies beside it is not.
    const what = proof.loaded === desired ? 'what is mounted now' : 'it';
    return { loaded: proof.loaded ?? UNKNOWN, state: 'refused', why: `${pod.name} refused ${what}: ${proof.refusal}` };
  }
  return compare(pod, proof.loaded, desired);
}

/** Passwords are set when the container starts and when its Secrets change; a Secret that was made anew reaches it late. */
const loginRefused = (pod: PodDigest): string =>
  `refuses the login in Secret ${monitorSecretName(pod.profile ?? '')}, which is not the one that the database holds: ` +
  `if that does not pass within two minutes, delete the pod, so that it takes over its Secrets as it starts`;

function compare(pod: PodDigest, loaded: string | undefined, desired: string): PodSync {
  if (loaded === desired) return { loaded, state: 'loaded', why: '' };
  return { loaded: loaded ?? UNKNOWN, state: 'stale', why: `${pod.name} still runs ${loaded ?? 'an unknown one'}` };
}
