import { MANAGED_BY, PROFILE_LABEL } from '../../charts/kit/labels.ts';
import type { KubeObject, ObjectRef } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import { LEASE_NAME } from '../../controller/leader/lease.ts';
import { APPLIED_KINDS } from '../../controller/reconcile/kinds.ts';
import { REQUESTED_AT } from '../../crds/annotations.ts';
import { KIND } from '../../crds/group.ts';
import type { Actor } from './actor.ts';
import { isMarked } from './audit.ts';
import type { Active } from './faults.ts';
import { OPERATOR_NAMESPACE } from './replica.ts';
import { type Action, FAULTS_END_MS } from './schedule.ts';
import { tooOld } from './server/refusal.ts';
import { profileOf, type Wish } from './wish.ts';
import type { World } from './world.ts';

export const NAMESPACE = 'web';
export const NAMES = ['shop', 'blog'] as const;

type Of<D extends Action['do']> = Extract<Action, { readonly do: D }>;
type Handlers = { readonly [D in Action['do']]: (world: World, action: Of<D>) => void };

/** Makes it happen. */
export function happen(world: World, action: Action): void {
  world.audit.note(JSON.stringify(action));
  (HANDLERS[action.do] as (world: World, action: Action) => void)(world, action);
}

const refOf = (profile: number): { readonly namespace: string; readonly name: string } => ({
  namespace: NAMESPACE,
  name: NAMES[profile] ?? NAMES[0],
});

export function edit({ person }: World, profile: number, wish: Wish): void {
  const ref = refOf(profile);
  person.apply(profileOf(ref.name, NAMESPACE, wish), ref);
}

/** A fault for a while. */
function last<F>({ time }: World, all: Set<Active<F>>, active: Active<F>, forMs: number): void {
  all.add(active);
  time.after(forMs, () => all.delete(active));
}

const HANDLERS: Handlers = {
  edit: (world, { profile, wish }) => edit(world, profile, wish),
  delete: ({ person }, { profile, propagation }) => person.remove(KIND, refOf(profile), propagation),
  recreate: (world, { profile, wish }) => {
    world.person.remove(KIND, refOf(profile));
    edit(world, profile, wish);
  },
  request: ({ person, time }, { profile }) =>
    person.patch(KIND, refOf(profile), { metadata: { annotations: { [REQUESTED_AT]: String(time.nowMs()) } } }),
  meddle: ({ person }, { profile, pick, how }) => {
    const children = childrenOf(person, refOf(profile).name);
    const child = children[pick % children.length];
    if (child !== undefined) MEDDLERS[how](person, child);
  },
  calls: (world, { fault, share, on, process, forMs }) =>
    last(world, world.faults.calls, { fault, share, on, process }, forMs),
  lines: (world, { fault, share, process, forMs }) =>
    last(world, world.faults.lines, { fault, share, process, on: 'all' }, forMs),
  compact: ({ server }, { aloud }) => {
    server.storage.compact();
    if (aloud) server.watches.expire(tooOld());
  },
  stale: ({ server, time }, { by, forMs }) => {
    server.staleBy = by;
    time.after(forMs, () => {
      server.staleBy = 0;
    });
  },
  kill: ({ replicas }, { process, afterWrites, done }) => replicas[process]?.killAt(afterWrites, done),
  terminate: ({ replicas }, { process }) => replicas[process]?.terminate(),
  pause: ({ replicas, time }, { process, forMs }) =>
    replicas[process]?.host().pause(Math.min(forMs, FAULTS_END_MS - time.nowMs())),
  jump: ({ replicas }, { process, byMs }) => {
    const host = replicas[process]?.host();
    if (host !== undefined) host.wallOffsetMs = byMs;
  },
  slowSynthesis: ({ replicas, time }, { process, ms, forMs }) => {
    const replica = replicas[process];
    if (replica === undefined) return;
    replica.synthesisMs = ms;
    time.after(forMs, () => {
      replica.synthesisMs = 0;
    });
  },
  lease: ({ person }, { how }) => {
    const ref = { namespace: OPERATOR_NAMESPACE, name: LEASE_NAME };
    if (how === 'delete') person.remove('Lease', ref);
    else person.patch('Lease', ref, { spec: { holderIdentity: 'somebody' } });
  },
  namespace: (world, { backAfterMs }) => {
    world.person.remove('Namespace', { name: NAMESPACE });
    world.time.after(backAfterMs, () => comeBack(world));
  },
  stranger: ({ person, strangers }, { profile, pick }) => {
    const taken = childrenOf(person, refOf(profile).name);
    const kind = (['Service', 'ConfigMap', 'Deployment'] as const)[pick % 3] ?? 'Service';
    const name = kind === 'ConfigMap' ? `${refOf(profile).name}-edge-config` : `${refOf(profile).name}-edge`;
    if (taken.some((child) => child.kind === kind && child.metadata.name === name)) return;
    const apiVersion = kind === 'Deployment' ? 'apps/v1' : 'v1';
    const ref = { namespace: NAMESPACE, name };
    person.create({ apiVersion, kind, metadata: ref, spec: {} }, NAMESPACE);
    strangers.push({ kind, ref });
  },
};

/** The namespace, with what everybody expects in it, as soon as the old one is gone. */
export function comeBack(world: World): void {
  const { person, time } = world;
  if (person.get('Namespace', { name: NAMESPACE }) !== undefined) {
    time.after(1_000, () => comeBack(world));
    return;
  }
  furnish(person);
}

/** A namespace with a Secret of a database, and neighbours that are nobody's business. */
export function furnish(person: Actor): void {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  person.create(namespace);
  const stringData = { username: 'a', password: 'b', host: 'db.example', port: '5432', dbname: 'app' };
  person.create(
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'database', namespace: NAMESPACE }, stringData },
    NAMESPACE,
  );
  for (const kind of ['ConfigMap', 'Service']) {
    const metadata = { name: 'neighbour', namespace: NAMESPACE, labels: { app: 'neighbour' } };
    person.create({ apiVersion: 'v1', kind, metadata }, NAMESPACE);
  }
}

const MEDDLED: readonly Kind[] = [...APPLIED_KINDS, 'PersistentVolumeClaim', 'ControllerRevision'];

function childrenOf(person: Actor, profile: string): KubeObject[] {
  const isChild = (object: KubeObject) =>
    isMarked(object) &&
    (object.metadata.labels?.[PROFILE_LABEL] === profile ||
      object.metadata.ownerReferences?.some(({ name }) => name === profile) === true);
  return MEDDLED.flatMap((kind) => person.list(kind).filter(isChild));
}

type Meddler = (person: Actor, child: KubeObject) => void;
const kindOf = ({ kind }: KubeObject): Kind => kind as Kind;
const placeOf = ({ metadata: { namespace, name } }: KubeObject): ObjectRef => ({ namespace, name });

const MEDDLERS: Readonly<Record<Of<'meddle'>['how'], Meddler>> = {
  delete: (person, child) => person.remove(kindOf(child), placeOf(child)),
  edit: (person, child) => {
    if (child.kind !== 'ControllerRevision') person.patch(kindOf(child), placeOf(child), editOf(child));
  },
  forceApply: (person, child) => {
    if (child.kind === 'ControllerRevision' || child.kind === 'Job') return;
    const { apiVersion, kind } = child;
    person.apply({ apiVersion, kind, metadata: placeOf(child), ...editOf(child) }, placeOf(child));
  },
  unlabel: (person, child) => {
    // Without both nobody could tell whose it is: that is how an object is taken out of our hands.
    const isData = child.kind === 'PersistentVolumeClaim';
    if (!isData && child.metadata.ownerReferences === undefined) return;
    person.patch(kindOf(child), placeOf(child), { metadata: { labels: { [MANAGED_BY]: null } } });
  },
  annotate: (person, child) =>
    person.patch(kindOf(child), placeOf(child), { metadata: { annotations: { note: 'hello' } } }),
  disown: (person, child) => {
    if (child.metadata.labels?.[MANAGED_BY] === undefined) return;
    person.patch(kindOf(child), placeOf(child), { metadata: { ownerReferences: null } });
  },
};

/** A change of a value that we set. */
function editOf({ kind, spec }: KubeObject): { readonly [field: string]: unknown } {
  if (kind === 'ConfigMap') return { data: { 'main.conf': 'edited' } };
  if ((spec as { replicas?: number } | undefined)?.replicas !== undefined) return { spec: { replicas: 7 } };
  return { metadata: { labels: { 'app.kubernetes.io/name': 'edited' } } };
}
