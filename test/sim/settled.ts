import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import { MANAGED_BY, OPERATOR_NAME, PROFILE_LABEL } from '../../charts/kit/labels.ts';
import { appSecretName } from '../../charts/kit/names.ts';
import { postgresManaged } from '../../charts/stack.ts';
import { FIELD_MANAGER } from '../../controller/cluster/client.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import { keyOf } from '../../controller/cluster/store.ts';
import { type Owner, type Stamped, stamp } from '../../controller/reconcile/desired.ts';
import { APPLIED_KINDS } from '../../controller/reconcile/kinds.ts';
import { KIND } from '../../crds/group.ts';
import { type Profile, parseProfile } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import type { synthesize } from '../../synth/synthesize.ts';
import type { SimServer } from './server/api-server.ts';
import { leavesOf, sameValue } from './server/fields.ts';
import type { Stored } from './server/storage.ts';
import { IMAGES } from './stack.ts';

/** What is not as it should be when nothing goes wrong any more (O1, O3): empty when all is settled. */
export function unsettled(server: SimServer, synthesizer: typeof synthesize): string[] {
  const profiles = server.storage.list(KIND);
  return [
    ...profiles.flatMap(({ object }) => profileProblems(server, object, synthesizer)),
    ...ownerless(server, new Set(profiles.map(({ object }) => object.metadata.uid))),
  ];
}

type Condition = NonNullable<Status['conditions']>[number];

function profileProblems(server: SimServer, object: KubeObject, synthesizer: typeof synthesize): string[] {
  const { name, generation, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return [`O4 ${name} is still being deleted`];
  const { observedGeneration, conditions = [] } = (object.status ?? {}) as Status;
  if (observedGeneration !== generation) return [`O4 ${name}: generation ${generation} is not observed`];
  const parsed = parseProfile(object);
  const profile = 'profile' in parsed ? parsed.profile : undefined;
  const reason = reasonOf(profile);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const told = wrongCondition(server, name, ready, reason);
  if (told.length > 0 || profile === undefined || reason !== 'Ready') return told;
  return stackProblems(server, object, profile, synthesizer);
}

/** The reason that Ready must come to have. */
function reasonOf(profile: Profile | undefined): string {
  if (profile === undefined) return 'InvalidSpec';
  const { image } = profile.spec.backend;
  if (image === IMAGES.throws) return 'InternalError';
  return profile.spec.suspend === true ? 'Suspended' : 'Ready';
}

/** Somebody took our label and the owner from a child: it is his now, and its name with it. */
const takenOut = ({ storage }: SimServer, profile: string): boolean =>
  APPLIED_KINDS.some((kind) =>
    storage.list(kind).some(({ object: { metadata } }) => {
      const { labels = {}, ownerReferences = [] } = metadata;
      return labels[PROFILE_LABEL] === profile && labels[MANAGED_BY] === undefined && ownerReferences.length === 0;
    }),
  );

function wrongCondition(server: SimServer, name: string, ready: Condition | undefined, reason: string): string[] {
  if (ready?.reason === reason) return [];
  if (ready?.reason === 'NameClash' && reason === 'Ready' && takenOut(server, name)) return [];
  return [`O4 ${name}: Ready is ${ready?.status} ${ready?.reason} (${ready?.message}) instead of ${reason}`];
}

function stackProblems(
  server: SimServer,
  object: KubeObject,
  profile: Profile,
  synthesizer: typeof synthesize,
): string[] {
  const { name, namespace = '', uid } = object.metadata;
  const owner = { name, namespace, uid };
  const { objects } = synthesizer(profile, DEFAULT_FACTS);
  const desired = objects.map((placed) => stamp(placed, owner, credentialsOf(server, owner, profile)));
  const wanted = new Set(desired.map(({ ref }) => ref));
  // What somebody took our label from is out of our sight until the profile goes.
  const extra = ownedBy(server, uid).filter((stored) => !wanted.has(refOf(stored)) && isManaged(stored));
  const { migration } = (object.status ?? {}) as Status;
  return [
    ...desired.flatMap((stamped) => objectProblems(server, owner, stamped, migration)),
    ...extra.map((stored) => `O1 ${refOf(stored)} is owned and not wanted`),
    ...(revisionsOf(server, uid) === 0 ? [`O1 ${name} has no revision`] : []),
  ];
}

const refOf = ({ kind, object }: Stored): string => `${kind}/${object.metadata.name}`;

function credentialsOf({ storage }: SimServer, { name, namespace }: Owner, { spec }: Profile): string | undefined {
  if (!postgresManaged(spec)) return undefined;
  const secret = storage.get('Secret', keyOf({ namespace, name: appSecretName(name) }))?.object.metadata;
  return secret === undefined ? undefined : `${secret.uid}.${secret.resourceVersion}`;
}

const isManaged = ({ object }: Stored): boolean => object.metadata.labels?.[MANAGED_BY] === OPERATOR_NAME;

const isOwnedBy = ({ object }: Stored, uid: string): boolean =>
  object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;

const ownedBy = ({ storage }: SimServer, uid: string): Stored[] =>
  APPLIED_KINDS.flatMap((kind) => storage.list(kind).filter((stored) => isOwnedBy(stored, uid)));

const revisionsOf = ({ storage }: SimServer, uid: string): number =>
  storage.list('ControllerRevision').filter((stored) => isOwnedBy(stored, uid)).length;

/** Every field that was rendered is there with its value and is ours, and no other is ours. */
function objectProblems(server: SimServer, owner: Owner, stamped: Stamped, migration: Status['migration']): string[] {
  const { ref, kind, object } = stamped;
  const found = server.storage.get(kind, keyOf({ namespace: owner.namespace, name: object.metadata.name }));
  if (found === undefined) {
    // What has been migrated is not migrated again because its Job is gone.
    const isDone = kind === 'Job' && migration?.state === 'Succeeded' && ref.endsWith(migration.hash);
    return isDone ? [] : [`O1 ${ref} is missing`];
  }
  // A Job is made once: its labels are nobody's business afterwards.
  if (kind === 'Job') return [];
  const [is, wanted] = [leavesOf(found.object), leavesOf(object)];
  const wrong = [...wanted].filter(([path, value]) => !sameValue(is.get(path), value)).map(([path]) => path);
  const ours = found.managers.get(`${FIELD_MANAGER}|Apply|`) ?? new Set();
  const sameFields = isDeepStrictEqual([...ours].sort(), [...wanted.keys()].sort());
  return [
    ...wrong.map((path) => `O1 ${ref}: ${path.replaceAll('\u0000', '')} is not as rendered`),
    ...(sameFields ? [] : [`O1 ${ref}: we own other fields than what was rendered`]),
  ];
}

/** O3: nothing hangs on a profile that is not there. */
function ownerless({ storage }: SimServer, living: ReadonlySet<string>): string[] {
  const kinds: Kind[] = [...APPLIED_KINDS, 'ControllerRevision'];
  const all = kinds.flatMap((kind) => storage.list(kind));
  return all.flatMap((stored) =>
    (stored.object.metadata.ownerReferences ?? [])
      .filter(({ kind, uid }) => kind === KIND && !living.has(uid))
      .map(() => `O3 ${refOf(stored)} hangs on a profile that is gone`),
  );
}
