import type { KubeObject, ObjectRef } from '../../controller/cluster/port.ts';
import { type Kind, RESOURCES } from '../../controller/cluster/resources.ts';
import type { Random } from '../../controller/loop/clock.ts';
import { type Actor, createActor } from './actor.ts';
import { between } from './random.ts';
import type { SimServer } from './server/api-server.ts';
import { FOREGROUND, ORPHAN } from './server/writing.ts';
import type { VirtualTime } from './virtual-time.ts';

/** All kinds that can be owned here; pods are seen to by whoever makes them. */
const COLLECTED = (Object.keys(RESOURCES) as Kind[]).filter(
  (kind) => RESOURCES[kind].namespaced && !['Event', 'Pod', 'Lease'].includes(kind),
);

/** Who needs garbage collection and namespaces. */
export interface GarbageOptions {
  readonly server: SimServer;
  readonly time: VirtualTime;
  readonly random: Random;
  /** Something was let go with its owner, got the same owner again, and is collected now. */
  readonly takenBack?: (object: KubeObject) => void;
}

/**
 * Garbage collection and the end of namespaces, some time after what calls for them: dependents of an owner that is
 * gone go too, or are let go where their owner was deleted with `Orphan`; a foreground deletion waits for them.
 */
export function startGarbageCollection({ server, time, random, takenBack }: GarbageOptions): void {
  const actor = createActor(server, 'kube-controller-manager');
  const letGo = new Set<string>();
  const later = (run: () => void) => time.after(between(random, 5, 1_500), run);
  server.storage.onChange(({ kind, before, after }) => {
    const [was, is] = [before?.object, after?.object];
    if (kind === 'Namespace') {
      if (is?.metadata.deletionTimestamp !== undefined) later(() => emptyNamespace(actor, is, later));
    } else if (kind !== 'Pod') {
      for (const uid of suspects(was, is))
        later(() => collect(actor, uid, (object) => letGo.has(letGoId(object, uid)) && takenBack?.(object)));
      if (is !== undefined && isHeld(is)) later(() => finish(actor, kind, is, { later, letGo }));
    }
  });
}

/** Owners that may not be there: who has just gone, and who was just named as one. */
function suspects(was: KubeObject | undefined, is: KubeObject | undefined): string[] {
  if (is === undefined) return was === undefined ? [] : [was.metadata.uid];
  const known = new Set(was?.metadata.ownerReferences?.map(({ uid }) => uid));
  return (is.metadata.ownerReferences ?? []).map(({ uid }) => uid).filter((uid) => !known.has(uid));
}

const isHeld = ({ metadata: { finalizers = [] } }: KubeObject): boolean =>
  finalizers.includes(ORPHAN) || finalizers.includes(FOREGROUND);

const refOf = ({ metadata: { namespace, name } }: KubeObject): ObjectRef => ({ namespace, name });

function* dependentsOf(actor: Actor, uid: string): Generator<KubeObject> {
  for (const kind of COLLECTED) {
    for (const object of actor.list(kind)) {
      if (object.metadata.ownerReferences?.some((owner) => owner.uid === uid)) yield object;
    }
  }
}

/** Takes what hangs on an owner that is not there. */
function collect(actor: Actor, uid: string, told: (object: KubeObject) => void): void {
  const isThere = COLLECTED.some((kind) => actor.list(kind).some(({ metadata }) => metadata.uid === uid));
  if (isThere) return;
  for (const object of [...dependentsOf(actor, uid)]) {
    told(object);
    actor.remove(object.kind as Kind, refOf(object));
  }
}

const letGoId = ({ metadata }: KubeObject, owner: string): string => `${metadata.uid} ${owner}`;

interface Finishing {
  readonly later: (run: () => void) => void;
  /** What `Orphan` has let go, by `letGoId`. */
  readonly letGo: Set<string>;
}

/** Does what a finalizer of garbage collection stands for, then takes it away. */
function finish(actor: Actor, kind: Kind, owner: KubeObject, { later, letGo }: Finishing): void {
  const held = actor.get(kind, refOf(owner));
  if (held?.metadata.uid !== owner.metadata.uid) return;
  const { uid, finalizers = [] } = held.metadata;
  const dependents = [...dependentsOf(actor, uid)];
  if (finalizers.includes(ORPHAN)) {
    for (const object of dependents) {
      letGo.add(letGoId(object, uid));
      const ownerReferences = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      actor.patch(object.kind as Kind, refOf(object), {
        metadata: { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences },
      });
    }
  } else if (dependents.length > 0) {
    for (const object of dependents) actor.remove(object.kind as Kind, refOf(object));
    later(() => finish(actor, kind, owner, { later, letGo }));
    return;
  }
  const left = finalizers.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  actor.patch(kind, refOf(owner), { metadata: { finalizers: left.length === 0 ? null : left } });
}

/** What a namespace on its way out holds goes first, in no order; then the namespace. */
function emptyNamespace(actor: Actor, namespace: KubeObject, later: (run: () => void) => void): void {
  const { name } = namespace.metadata;
  const kinds = [...COLLECTED, 'Pod', 'Lease'] as Kind[];
  const held = kinds.flatMap((kind) => actor.list(kind).filter(({ metadata }) => metadata.namespace === name));
  for (const object of held) later(() => actor.remove(object.kind as Kind, refOf(object)));
  if (held.length > 0) later(() => later(() => emptyNamespace(actor, namespace, later)));
  else actor.patch('Namespace', { name }, { metadata: { finalizers: null } });
}
