import { KIND } from '../../crds/group.ts';
import { keyOf as keyOfRef } from '../cluster/store.ts';
import type { Child } from './digest.ts';
import type { PodDigest } from './pod-digest.ts';

/** Key of the profile that an object belongs to: by its controller, else by our label; undefined when to none. */
export function profileKeyOf(child: Pick<Child, 'namespace' | 'owner' | 'profile'>): string | undefined {
  const { namespace, owner, profile } = child;
  if (owner?.kind === KIND) return keyOfRef({ namespace, name: owner.name });
  // What another controller made from an object of ours (a ControllerRevision of a StatefulSet) is not ours to watch.
  if (owner !== undefined) return undefined;
  return profile === undefined ? undefined : keyOfRef({ namespace, name: profile });
}

/** Key of the profile that a pod belongs to: pods are controlled by controllers of ours, so the label decides. */
export function podKeyOf({ namespace, profile }: Pick<PodDigest, 'namespace' | 'profile'>): string | undefined {
  return profile === undefined ? undefined : keyOfRef({ namespace, name: profile });
}
