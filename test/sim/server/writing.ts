import type { KubeObject, ObjectMeta } from '../../../controller/cluster/port.ts';
import { type Kind, RESOURCES } from '../../../controller/cluster/resources.ts';
import { keyOf } from '../../../controller/cluster/store.ts';
import type { Address } from './address.ts';
import { isMap } from './fields.ts';
import { applied, changesSpec, isNoop, type Managed, updated, type Writer } from './ownership.ts';
import { type About, alreadyExists, conflict, invalid, notFound, Refusal, terminating } from './refusal.ts';
import type { Storage, Stored } from './storage.ts';
import { checkImmutable, checkSchema } from './validation.ts';

type Json = { [key: string]: unknown };

/** What a write needs. */
export interface WriteContext {
  readonly storage: Storage;
  readonly newUid: () => string;
  readonly timestamp: () => string;
}

/** A write that came in: the server's side of POST, PATCH, PUT and DELETE. All throw Refusal. */
export interface WriteAsked {
  readonly at: Address;
  readonly body: Json;
  readonly manager: string;
  readonly force?: boolean;
}

const aboutOf = ({ plural, name = '' }: Address): About => ({ plural, name });

const find = ({ storage }: WriteContext, { kind, namespace, name = '' }: Address): Stored | undefined =>
  storage.get(kind, keyOf({ namespace, name }));

function existing(context: WriteContext, at: Address): Stored {
  const before = find(context, at);
  if (before === undefined) throw notFound(aboutOf(at));
  return before;
}

/** Nothing is made where there is no namespace, or in one on its way out. */
function checkNamespace({ storage }: WriteContext, at: Address): void {
  const { namespace } = at;
  if (namespace === undefined || !RESOURCES[at.kind].namespaced) return;
  const found = storage.get('Namespace', namespace);
  if (found === undefined) throw notFound({ plural: 'namespaces', name: namespace });
  if (found.object.metadata.deletionTimestamp !== undefined) throw terminating(aboutOf(at), namespace);
}

/** What a new object begins with. */
function fresh(context: WriteContext, at: Address, name: string): Managed {
  checkNamespace(context, at);
  const { apiVersion } = RESOURCES[at.kind];
  const { namespace } = at;
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid: context.newUid(),
    resourceVersion: '',
    creationTimestamp: context.timestamp(),
    ...(at.kind in GENERATIONS ? { generation: 1 } : {}),
  };
  return { object: { apiVersion, kind: at.kind, metadata }, managers: new Map() };
}

const GENERATIONS: Partial<Record<Kind, true>> = {
  PerformanceProfile: true,
  Deployment: true,
  StatefulSet: true,
  Job: true,
  NetworkPolicy: true,
  Ingress: true,
  PodDisruptionBudget: true,
};

/** Typed objects have no empty maps and lists. */
function withoutEmpty(object: KubeObject): KubeObject {
  const isFull = ([name, value]: [string, unknown]) =>
    !MAY_BE_LEFT_OUT.has(name) || (Array.isArray(value) ? value.length > 0 : Object.keys(value ?? {}).length > 0);
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(isFull));
  return { ...Object.fromEntries(Object.entries(object).filter(isFull)), metadata } as unknown as KubeObject;
}

const MAY_BE_LEFT_OUT: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'data',
]);

/** Stores what is new of it; what changes nothing keeps its version. */
function store(context: WriteContext, asked: WriteAsked, before: Stored, after: Managed): Stored {
  const { kind } = asked.at;
  if (asked.at.subresource === undefined) checkImmutable(kind, aboutOf(asked.at), before.object, after.object);
  const tidy = { object: withoutEmpty(after.object), managers: after.managers };
  if (isNoop(before, tidy)) return before;
  const object = withGeneration(kind, before.object, tidy.object);
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  // Whoever takes away the last finalizer of what is being deleted lets it go, in one step.
  if (deletionTimestamp !== undefined && finalizers.length === 0) {
    context.storage.remove(before);
    return { ...before, object, text: () => JSON.stringify(object) };
  }
  return context.storage.put(kind, object, after.managers);
}

function withGeneration(kind: Kind, before: KubeObject, after: KubeObject): KubeObject {
  const { generation } = before.metadata;
  if (generation === undefined) return after;
  const annotated = JSON.stringify(before.metadata.annotations) !== JSON.stringify(after.metadata.annotations);
  const moves = changesSpec(before, after) || (kind === 'Deployment' && annotated);
  return moves ? { ...after, metadata: { ...after.metadata, generation: generation + 1 } } : after;
}

const writerOf = ({ manager, at }: WriteAsked, operation: Writer['operation']): Writer => ({
  manager,
  operation,
  subresource: at.subresource ?? '',
});

/** Each of the two ways in sees its own half. */
const scoped = (body: Json, { subresource }: Address): Json => {
  const { status, ...rest } = body;
  return subresource === 'status' ? { status } : rest;
};

export function create(context: WriteContext, asked: WriteAsked): Stored {
  const { name = '' } = asked.body.metadata as Partial<ObjectMeta>;
  const at = { ...asked.at, name };
  checkNamespace(context, at);
  if (find(context, at) !== undefined) throw alreadyExists(aboutOf(at));
  const empty = fresh(context, at, name);
  const { metadata, ...body } = encoded(asked.body);
  const held = at.kind === 'Namespace' ? { finalizers: ['kubernetes'] } : {};
  const meta = { ...(metadata as object), ...held, ...empty.object.metadata };
  const object = withoutEmpty({ ...empty.object, ...body, metadata: meta });
  const { managers } = updated(empty, object, writerOf(asked, 'Update'));
  return context.storage.put(at.kind, object, managers);
}

/** The server turns a Secret's text into base64. */
function encoded(body: Json): Json {
  const { stringData, ...rest } = body;
  if (!isMap(stringData)) return body;
  const entries = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
  return { ...rest, data: { ...(rest.data as object), ...Object.fromEntries(entries) } };
}

export function apply(context: WriteContext, asked: WriteAsked): Stored {
  const { at, body } = asked;
  const about = aboutOf(at);
  checkSchema(body as Json & KubeObject);
  const found = find(context, at);
  if (found === undefined && at.subresource !== undefined) throw notFound(about);
  const before: Managed = found ?? fresh(context, at, about.name);
  const { uid, resourceVersion } = body.metadata as Partial<ObjectMeta>;
  // A status is taken for whatever has the name: of its metadata only the version is looked at.
  const isAnother = at.subresource === undefined && uid !== undefined && uid !== before.object.metadata.uid;
  if (isAnother) throw invalid(about, 'metadata.uid', 'field is immutable');
  // Where nothing is there the version does not matter, as on a real server.
  if (found !== undefined && resourceVersion !== undefined && resourceVersion !== found.object.metadata.resourceVersion)
    throw conflict(about, 'the object has been modified');
  const { conflicts, ...after } = applied(before, scoped(encoded(body), at), writerOf(asked, 'Apply'));
  if (conflicts.length > 0 && asked.force !== true) {
    const causes = conflicts.map(({ field, manager }) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${manager}"`,
      field,
    }));
    throw new Refusal(409, 'Conflict', 'Apply failed with conflicts', { kind: about.plural, name: about.name, causes });
  }
  if (found !== undefined) return store(context, asked, found, after);
  return context.storage.put(at.kind, after.object, after.managers);
}

export function patch(context: WriteContext, asked: WriteAsked): Stored {
  const { at, body } = asked;
  const before = existing(context, at);
  const { uid } = (body.metadata ?? {}) as Partial<ObjectMeta>;
  if (uid !== undefined && uid !== before.object.metadata.uid)
    throw invalid(aboutOf(at), 'metadata.uid', 'field is immutable');
  const object = merged(before.object, at.subresource === undefined ? body : scoped(body, at)) as KubeObject;
  return store(context, asked, before, updated(before, object, writerOf(asked, 'Update')));
}

/** RFC 7386. */
function merged(target: unknown, change: unknown): unknown {
  if (!isMap(change)) return change;
  const next: Json = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete next[key];
    else next[key] = merged(next[key], value);
  }
  return next;
}

export function replace(context: WriteContext, asked: WriteAsked): Stored {
  const { at, body } = asked;
  const { uid, resourceVersion } = body.metadata as Partial<ObjectMeta>;
  // A Lease may be made by an update, so what is wrong with one that is gone is its uid.
  if (at.kind === 'Lease' && uid !== undefined && find(context, at) === undefined) {
    throw conflict(aboutOf(at), 'Precondition failed: UID in precondition');
  }
  const before = existing(context, at);
  if (resourceVersion !== undefined && resourceVersion !== before.object.metadata.resourceVersion) {
    throw conflict(aboutOf(at), 'the object has been modified');
  }
  const { metadata } = before.object;
  const object = { ...body, metadata: { ...(body.metadata as object), ...metadata } } as unknown as KubeObject;
  return store(context, asked, before, updated(before, object, writerOf(asked, 'Update')));
}

interface DeleteBody {
  readonly preconditions?: { readonly uid?: string };
  readonly propagationPolicy?: string;
}

/** What garbage collection has to do before an object may go. */
export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';
const FINALIZERS: Readonly<Record<string, string>> = { Orphan: ORPHAN, Foreground: FOREGROUND };

export function remove(context: WriteContext, asked: WriteAsked): Stored {
  const { at } = asked;
  const before = existing(context, at);
  const { preconditions, propagationPolicy = 'Background' } = asked.body as DeleteBody;
  if (preconditions?.uid !== undefined && preconditions.uid !== before.object.metadata.uid) {
    throw conflict(aboutOf(at), 'the UID in the precondition does not match the UID in record');
  }
  const finalizer = FINALIZERS[propagationPolicy];
  const held = before.object.metadata.finalizers ?? [];
  const finalizers = finalizer === undefined || held.includes(finalizer) ? held : [...held, finalizer];
  if (finalizers.length === 0) context.storage.remove(before);
  else if (before.object.metadata.deletionTimestamp === undefined) {
    const { generation } = before.object.metadata;
    const metadata = {
      ...before.object.metadata,
      deletionTimestamp: context.timestamp(),
      finalizers,
      ...(generation === undefined ? {} : { generation: generation + 1 }),
    };
    return context.storage.put(at.kind, { ...before.object, metadata }, before.managers);
  }
  return before;
}
