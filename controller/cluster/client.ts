import { isGone } from './classify.ts';
import type {
  ApplyOptions,
  CallOptions,
  Cluster,
  DeleteOptions,
  KubeObject,
  ListOptions,
  MergePatch,
  ObjectList,
  ObjectRef,
  PatchOptions,
  ServerVersion,
  WritableObject,
  WriteOptions,
  Written,
} from './port.ts';
import { type Kind, pathOf, RESOURCES, type Resource, resourceOf } from './resources.ts';
import type { ApiRequest, Transport } from './transport.ts';

/** Who we are in managedFields. Nobody else would use it, and it never changes: ownership hangs on it. */
export const FIELD_MANAGER = 'pitcrew';

/** How to build the client. */
export interface ClientOptions {
  readonly transport: Transport;
  /** Asked before every write that is not a dry run, and again right before its bytes leave; a throw stops it. */
  readonly guardWrite?: (() => void) | undefined;
}

/** The port over a transport. */
export function createCluster(options: ClientOptions): Cluster {
  const { transport } = options;
  const write = async (request: ApiRequest, call: WriteOptions): Promise<Written> => {
    const guard = call.dryRun === true ? undefined : options.guardWrite;
    guard?.();
    const { body, warnings } = await transport.request({ ...request, guard });
    return { object: body as KubeObject, warnings };
  };
  return {
    get: (kind, ref, call = {}) => readObject(transport, kind, ref, call),
    list: (kind, call = {}) => readList(transport, kind, call),
    pages: (kind, call = {}) => listPages(transport, pagesOf(kind, call)),
    create: (object, call = {}) => write(createRequest(object, call), call),
    apply: (object, call = {}) => write(applyRequest(object, call), call),
    patch: (kind, ref, patch, call = {}) => write(patchRequest(kind, ref, patch, call), call),
    delete: async (kind, ref, call) => {
      try {
        await write(deleteRequest(kind, ref, call), call);
        return 'deleted';
      } catch (error) {
        if (isGone(error)) return 'absent';
        throw error;
      }
    },
    version: async (call = {}) => {
      const { body } = await transport.request({ method: 'GET', path: '/version', signal: call.signal });
      return body as ServerVersion;
    },
    mayI: async (question, call = {}) => {
      const { plural, apiVersion } = RESOURCES[question.kind];
      const { verb, namespace, subresource } = question;
      const resourceAttributes = { group: groupOf(apiVersion), resource: plural, verb, namespace, subresource };
      const answer = await transport.request({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
        repeatable: true,
        signal: call.signal,
      });
      return (answer.body as { status?: { allowed?: boolean } }).status?.allowed === true;
    },
  };
}

async function readObject(
  transport: Transport,
  kind: Kind,
  ref: ObjectRef,
  call: CallOptions,
): Promise<KubeObject | undefined> {
  try {
    const path = pathOf(RESOURCES[kind], ref);
    const { body } = await transport.request({ method: 'GET', path, signal: call.signal });
    return body as KubeObject;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function readList(transport: Transport, kind: Kind, call: ListOptions): Promise<ObjectList> {
  const items: KubeObject[] = [];
  let resourceVersion = '';
  for await (const page of listPages(transport, pagesOf(kind, call))) {
    items.push(...page.items);
    resourceVersion = page.resourceVersion;
  }
  return { items, resourceVersion };
}

function pagesOf(kind: Kind, { namespace, labelSelector, fieldSelector, pageSize, signal }: ListOptions): PagesRequest {
  return { resource: RESOURCES[kind], namespace, query: { labelSelector, fieldSelector }, limit: pageSize, signal };
}

/** Which collection to read in pages. */
export interface PagesRequest {
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly query?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default 500: what one JSON.parse can take without holding up everything else. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One page after the other. */
export async function* listPages(transport: Transport, request: PagesRequest): AsyncGenerator<ObjectList> {
  const { resource, namespace, query, limit = 500, signal } = request;
  const path = pathOf(resource, { namespace });
  let next: string | undefined;
  do {
    // The token holds the resourceVersion of the first page; the server refuses both together.
    const later = next === undefined ? {} : { resourceVersion: undefined, resourceVersionMatch: undefined };
    const page = { ...query, ...later, limit: String(limit), continue: next };
    const { body } = await transport.request({ method: 'GET', path, query: page, signal });
    const { items, metadata } = body as { items?: unknown[]; metadata: { resourceVersion: string; continue?: string } };
    const labelledItems = (items ?? []).map((item) => labelled(item, resource));
    yield { items: labelledItems, resourceVersion: metadata.resourceVersion };
    next = metadata.continue === '' ? undefined : metadata.continue;
  } while (next !== undefined);
}

/** Items of a list come without apiVersion and kind. */
export const labelled = (body: unknown, { apiVersion, kind }: Resource): KubeObject => ({
  ...(body as KubeObject),
  apiVersion,
  kind,
});

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

const dryRunOf = (call: WriteOptions): string | undefined => (call.dryRun === true ? 'All' : undefined);

function createRequest(object: WritableObject, call: WriteOptions): ApiRequest {
  const { namespace } = object.metadata;
  const resource = resourceOf(object);
  if (resource.namespaced && namespace === undefined) throw new Error(`a new ${object.kind} needs a namespace`);
  return {
    method: 'POST',
    path: pathOf(resource, { namespace }),
    query: { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', dryRun: dryRunOf(call) },
    body: object,
    signal: call.signal,
  };
}

/**
 * No object has this version: etcd begins with it, empty. Whoever applies with the version of an object means that very
 * one (metadata.resourceVersion, "optimistic concurrency"), and where none is there the version does not matter.
 */
const NEVER = '1';

function applyRequest(object: WritableObject, call: ApplyOptions): ApiRequest {
  const { metadata } = object;
  const { namespace, name } = metadata;
  return {
    method: 'PATCH',
    path: pathOf(resourceOf(object), { namespace, name, subresource: call.subresource }),
    query: {
      fieldManager: call.fieldManager ?? FIELD_MANAGER,
      force: String(call.force ?? true),
      fieldValidation: 'Strict',
      dryRun: dryRunOf(call),
    },
    body: call.onlyIfAbsent === true ? { ...object, metadata: { ...metadata, resourceVersion: NEVER } } : object,
    // JSON is YAML, and this is the type that every server since 1.22 knows.
    contentType: 'application/apply-patch+yaml',
    repeatable: true,
    signal: call.signal,
  };
}

function patchRequest(kind: Kind, ref: ObjectRef, patch: MergePatch, call: PatchOptions): ApiRequest {
  return {
    method: 'PATCH',
    path: pathOf(RESOURCES[kind], { ...ref, subresource: call.subresource }),
    query: { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', dryRun: dryRunOf(call) },
    body: patch,
    contentType: 'application/merge-patch+json',
    // Values, not increments, and no precondition on a version: the second time changes nothing.
    repeatable: true,
    signal: call.signal,
  };
}

function deleteRequest(kind: Kind, ref: ObjectRef, call: DeleteOptions): ApiRequest {
  return {
    method: 'DELETE',
    path: pathOf(RESOURCES[kind], ref),
    query: { dryRun: dryRunOf(call) },
    body: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: call.uid },
      propagationPolicy: call.propagation ?? 'Background',
    },
    repeatable: true,
    signal: call.signal,
  };
}
