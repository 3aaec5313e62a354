import { hashOf } from '../../charts/kit/hash.ts';
import { TIER_LABEL } from '../../charts/kit/labels.ts';
import type { DesiredObject } from '../../charts/object.ts';
import { API_VERSION, GROUP, KIND } from '../../crds/group.ts';
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

/**
 * On the pods of the backend: which version of the application's Secret they were started with. Variables are read
 * once, so pods that are to use another password must be other pods. Never anything of the Secret's content.
 */
export const CREDENTIALS = `${GROUP}/credentials`;

/**
 * Adds what only the applier knows (D7): owner, hash, and the version of the Secret that the backend reads. Owner
 * references and this annotation are the two things by which an object differs from its offline rendering.
 */
export function stamp({ object: rendered, stage }: Placed, owner: Owner, credentials?: string): Stamped {
  const object = credentials === undefined ? rendered : withCredentials(rendered, credentials);
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

interface LooseTemplate {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
}

function withCredentials(object: DesiredObject, credentials: string): DesiredObject {
  if (object.kind !== 'Deployment' || object.metadata.labels?.[TIER_LABEL] !== 'backend') return object;
  const spec = object.spec as { readonly template: LooseTemplate };
  const { metadata = {} } = spec.template;
  const annotations = { ...metadata.annotations, [CREDENTIALS]: credentials };
  return { ...object, spec: { ...spec, template: { ...spec.template, metadata: { ...metadata, annotations } } } };
}
