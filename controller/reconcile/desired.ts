import { hashOf } from '../../charts/kit/hash.ts';
import type { DesiredObject } from '../../charts/object.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';
import type { Placed, Stage } from '../../synth/synthesis.ts';
import { canonicalJson } from '../cluster/ownership.ts';
import type { OwnerReference } from '../cluster/port.ts';
import type { Kind } from '../cluster/resources.ts';
import { DESIRED_HASH, refOf } from './digest.ts';

/** The profile, as far as its children must know it. */
export interface Owner {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
}

/** An object as it will be sent. */
export interface Stamped {
  /** `Kind/name`. */
  readonly ref: string;
  readonly kind: Kind;
  readonly stage: Stage;
  readonly object: DesiredObject;
  /** Hash of all that is sent. */
  readonly desired: string;
}

/** Kinds that hold data: never owned, so that garbage collection spares them, and never pruned (D13). */
export const DATA_KINDS: ReadonlySet<string> = new Set(['PersistentVolumeClaim', 'Secret']);

/** The reference by which the profile controls what it owns. */
export const ownerReferenceOf = (owner: Owner): OwnerReference => ({
  apiVersion: API_VERSION,
  kind: KIND,
  name: owner.name,
  uid: owner.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/** Adds what only the applier knows (D7): owner and hash. */
export function stamp({ object, stage }: Placed, owner: Owner): Stamped {
  const owned = DATA_KINDS.has(object.kind)
    ? object
    : { ...object, metadata: { ...object.metadata, ownerReferences: [ownerReferenceOf(owner)] } };
  const desired = hashOf(canonicalJson(owned));
  const annotations = { ...owned.metadata.annotations, [DESIRED_HASH]: desired };
  return {
    ref: refOf(object.kind, object.metadata.name),
    kind: object.kind as Kind,
    stage,
    object: { ...owned, metadata: { ...owned.metadata, annotations } },
    desired,
  };
}
