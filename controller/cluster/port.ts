import type { Kind } from './resources.ts';

/**
 * The port to a Kubernetes API server: plain JSON objects both ways.
 * Everything here throws only what `classify` (classify.ts) understands; nobody else looks at a status code.
 */

/** One owner of an object. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Who set which fields, as the server tells it. */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsV1?: unknown;
}

/** Metadata as the server sends it; timestamps stay strings. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** An object as the server sends it; `apiVersion` and `kind` are always set, also on items of lists. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** An object to be sent. No index signature, so that any interface with these fields fits. */
export interface WritableObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}

/** Where an object stands. `namespace` is left out for cluster-scoped kinds only. */
export interface ObjectRef {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Common to all calls. */
export interface CallOptions {
  /** The pass's signal: aborting it ends the call with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What to list. */
export interface ListOptions extends CallOptions {
  /** Left out: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Page size, default 500. */
  readonly pageSize?: number | undefined;
}

/** A collection, or a page of it, at one resourceVersion. */
export interface ObjectList {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** How to write. */
export interface WriteOptions extends CallOptions {
  /** The server does everything but store: admission, defaulting, validation. */
  readonly dryRun?: boolean | undefined;
}

/** How to apply. */
export interface ApplyOptions extends WriteOptions {
  readonly subresource?: 'status' | undefined;
  /** Default `pitcrew`. */
  readonly fieldManager?: string | undefined;
  /** Default true: take fields that another manager holds. False: such a field is a `FieldConflict`. */
  readonly force?: boolean | undefined;
  /** Make it, and leave alone what has the name already: that is `Stale`. */
  readonly onlyIfAbsent?: boolean | undefined;
}

/** The object as stored, and what the server had to say about it (deprecations and the like), in its words. */
export interface Written {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

/**
 * A merge patch. Metadata is limited on purpose: no resourceVersion, so a patch never loses a race; null removes a key.
 * `uid` is a precondition: another object of the same name is `Stale`, not patched.
 */
export interface MergePatch {
  readonly metadata?: {
    readonly uid?: string;
    readonly annotations?: Readonly<Record<string, string | null>>;
    readonly labels?: Readonly<Record<string, string | null>>;
    readonly finalizers?: readonly string[] | null;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly spec?: unknown;
  readonly [field: string]: unknown;
}

/** How to patch. */
export interface PatchOptions extends WriteOptions {
  readonly subresource?: 'status' | 'resize' | 'scale' | undefined;
}

/** How to delete. */
export interface DeleteOptions extends WriteOptions {
  /** Precondition: delete this very object. Another one of the same name is `Stale` and stays. */
  readonly uid: string;
  /** Default `Background`. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan' | undefined;
}

/** What the server calls itself. */
export interface ServerVersion {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

/** May we? One question to the server's authorizer about ourselves. */
export interface AccessQuestion {
  readonly verb: string;
  readonly kind: Kind;
  readonly subresource?: string | undefined;
  /** Left out: in all namespaces. */
  readonly namespace?: string | undefined;
}

/** All that the operator asks of an API server outside of watches. */
export interface Cluster {
  /** The object, or undefined when there is none. */
  get(kind: Kind, ref: ObjectRef, options?: CallOptions): Promise<KubeObject | undefined>;
  /** All pages together. */
  list(kind: Kind, options?: ListOptions): Promise<ObjectList>;
  /** One page after the other, for what is too much to hold. */
  pages(kind: Kind, options?: ListOptions): AsyncIterable<ObjectList>;
  /** POST; an existing object of the name is `Stale`. */
  create(object: WritableObject, options?: WriteOptions): Promise<Written>;
  /** Server-side apply with strict field validation: an unknown field is `Rejected`. */
  apply(object: WritableObject, options?: ApplyOptions): Promise<Written>;
  /** Merge patch. An absent object is `Gone`. */
  patch(kind: Kind, ref: ObjectRef, patch: MergePatch, options?: PatchOptions): Promise<Written>;
  /** Resolves to `absent` when there was nothing to delete: on purpose no error, since the wish is fulfilled. */
  delete(kind: Kind, ref: ObjectRef, options: DeleteOptions): Promise<'deleted' | 'absent'>;
  version(options?: CallOptions): Promise<ServerVersion>;
  /** Whether the server's authorizer lets us. */
  mayI(question: AccessQuestion, options?: CallOptions): Promise<boolean>;
}
