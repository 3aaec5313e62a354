import type { KubeObject, ObjectRef } from './port.ts';

/** What is kept of an object: where it stands, which version it is, and the caller's digest. */
export interface Entry<T> {
  readonly key: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Grows with every write; a pass can compare it with what its own last write returned. */
  readonly resourceVersion: string;
  readonly value: T;
}

/** What happened to an object, as far as the server told us. */
export interface Change<T> {
  readonly type: 'added' | 'updated' | 'deleted';
  /** On `deleted`: the last that was known. */
  readonly entry: Entry<T>;
  /** On `updated`. */
  readonly previous?: Entry<T> | undefined;
  /** From a list, not from a watch: nobody waits for it, so low priority will do. */
  readonly fromList: boolean;
}

/** Reading side of a cache. */
export interface StoreView<T> {
  /** By `keyOf`. */
  readonly get: (key: string) => Entry<T> | undefined;
  /** All of a namespace, or all. In no order. */
  readonly list: (namespace?: string) => Entry<T>[];
  readonly size: () => number;
}

/** The cache. It computes changes and tells nobody: handlers are the reflector's business. */
export interface Store<T> extends StoreView<T> {
  /** An object was seen. Another uid under the same key is a delete and an add. The same version again is nothing. */
  readonly put: (entry: Entry<T>, fromList?: boolean) => Change<T>[];
  /** An object is gone. A deletion of an older namesake is nothing. */
  readonly remove: (key: string, uid: string) => Change<T>[];
  /** Everything there is in the scope; what is not among it is gone. */
  readonly replace: (entries: readonly Entry<T>[], namespace: string | undefined) => Change<T>[];
}

/** `namespace/name`, or the bare name of a cluster-scoped object. */
export const keyOf = ({ namespace, name }: ObjectRef): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;

/** The other way round. */
export function refOf(key: string): ObjectRef {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** What is kept of an object. `project` must not keep the object itself alive. */
export function entryOf<T>(object: KubeObject, project: (object: KubeObject) => T): Entry<T> {
  const { namespace = '', name, uid, resourceVersion } = object.metadata;
  return { key: keyOf({ namespace, name }), namespace, name, uid, resourceVersion, value: project(object) };
}

/** An empty cache. */
export function createStore<T>(): Store<T> {
  const byNamespace = new Map<string, Map<string, Entry<T>>>();
  const find = (key: string): Entry<T> | undefined => byNamespace.get(refOf(key).namespace ?? '')?.get(key);

  const set = (entry: Entry<T>) => {
    const shelf = byNamespace.get(entry.namespace) ?? new Map<string, Entry<T>>();
    byNamespace.set(entry.namespace, shelf);
    shelf.set(entry.key, entry);
  };

  const drop = (entry: Entry<T>) => {
    const shelf = byNamespace.get(entry.namespace);
    shelf?.delete(entry.key);
    if (shelf?.size === 0) byNamespace.delete(entry.namespace);
  };

  const list = (namespace?: string): Entry<T>[] => {
    if (namespace !== undefined) return [...(byNamespace.get(namespace)?.values() ?? [])];
    return [...byNamespace.values()].flatMap((shelf) => [...shelf.values()]);
  };

  const put = (entry: Entry<T>, fromList = false): Change<T>[] => {
    const previous = find(entry.key);
    if (previous?.uid === entry.uid && previous.resourceVersion === entry.resourceVersion) return [];
    set(entry);
    if (previous === undefined) return [{ type: 'added', entry, fromList }];
    if (previous.uid === entry.uid) return [{ type: 'updated', entry, previous, fromList }];
    return [
      { type: 'deleted', entry: previous, fromList },
      { type: 'added', entry, fromList },
    ];
  };

  return {
    get: find,
    list,
    size: () => [...byNamespace.values()].reduce((sum, shelf) => sum + shelf.size, 0),
    put,
    remove: (key, uid) => {
      const entry = find(key);
      if (entry === undefined || entry.uid !== uid) return [];
      drop(entry);
      return [{ type: 'deleted', entry, fromList: false }];
    },
    replace: (entries, namespace) => {
      const seen = new Set(entries.map((entry) => entry.key));
      const gone = list(namespace).filter((entry) => !seen.has(entry.key));
      for (const entry of gone) drop(entry);
      const deleted = gone.map((entry): Change<T> => ({ type: 'deleted', entry, fromList: true }));
      return [...deleted, ...entries.flatMap((entry) => put(entry, true))];
    },
  };
}
