import { TIERS, type Tier } from '../../charts/kit/labels.ts';
import { tierName } from '../../charts/kit/names.ts';
import { type Child, refOf } from './digest.ts';
import type { PodDigest } from './pod-digest.ts';

/**
 * Whoever may make pods in the namespace can give them our labels. Only those are taken for ours that our own
 * Deployment, StatefulSet or Job has made: a process that is asked gets to see a login, and what it says counts.
 */

/** Pure. A ReplicaSet is known by its name, since we may not read it: its Deployment's, and a hash. */
export function isOurPod(pod: PodDigest, profile: string, children: ReadonlyMap<string, Child>): boolean {
  const { owner, tier } = pod;
  if (owner === undefined) return false;
  if (owner.kind !== 'ReplicaSet') return children.get(refOf(owner.kind, owner.name))?.uid === owner.uid;
  if (!isTier(tier)) return false;
  const deployment = tierName(profile, tier);
  const suffix = owner.name.startsWith(`${deployment}-`) ? owner.name.slice(deployment.length + 1) : '';
  return /^[a-z0-9]+$/.test(suffix) && children.has(refOf('Deployment', deployment));
}

const isTier = (tier: string | undefined): tier is Tier => (TIERS as readonly (string | undefined)[]).includes(tier);
