import type { NodeDigest } from '../cluster/facts/nodes.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { Change, StoreView } from '../cluster/store.ts';
import type { Child } from './digest.ts';
import { podKeyOf, profileKeyOf } from './keys.ts';
import type { PodDigest } from './pod-digest.ts';

/** Everything that the reflectors have told, as a pass asks for it: by profile. */
export interface Cache {
  readonly profile: (key: string) => KubeObject | undefined;
  /** What belongs to the profile of this key, of any uid. */
  readonly children: (key: string) => readonly Child[];
  readonly pods: (key: string) => readonly PodDigest[];
  readonly nodes: () => readonly NodeDigest[];
}

/** Where changes are told; each returns the key of the profile that is concerned. */
export interface CacheSink {
  readonly childChanged: (change: Change<Child>) => string | undefined;
  readonly podChanged: (change: Change<PodDigest>) => string | undefined;
}

/** Digests by profile, so that a pass never walks over other profiles' objects. */
interface Shelf<T> {
  readonly put: (key: string | undefined, id: string, digest: T) => void;
  readonly drop: (key: string | undefined, id: string) => void;
  readonly all: (key: string) => readonly T[];
}

function createShelf<T>(): Shelf<T> {
  const byKey = new Map<string, Map<string, T>>();
  return {
    put: (key, id, digest) => {
      if (key === undefined) return;
      const held = byKey.get(key) ?? new Map<string, T>();
      byKey.set(key, held.set(id, digest));
    },
    drop: (key, id) => {
      if (key === undefined) return;
      const held = byKey.get(key);
      held?.delete(id);
      if (held?.size === 0) byKey.delete(key);
    },
    all: (key) => [...(byKey.get(key)?.values() ?? [])],
  };
}

/** An empty cache over the profiles' and the nodes' own stores. */
export function createCache(
  profiles: Pick<StoreView<KubeObject>, 'get'>,
  nodes: Pick<StoreView<NodeDigest>, 'list'>,
): Cache & CacheSink {
  const children = createShelf<Child>();
  const pods = createShelf<PodDigest>();
  return {
    profile: (key) => profiles.get(key)?.value,
    children: children.all,
    pods: pods.all,
    nodes: () => nodes.list().map((entry) => entry.value),
    childChanged: (change) => shelve(children, change, profileKeyOf, (child) => child.ref),
    podChanged: (change) => shelve(pods, change, podKeyOf, (pod) => pod.name),
  };
}

function shelve<T>(
  shelf: Shelf<T>,
  change: Change<T>,
  keyOf: (digest: T) => string | undefined,
  idOf: (digest: T) => string,
): string | undefined {
  const digest = change.entry.value;
  const key = keyOf(digest);
  const before = change.previous === undefined ? undefined : keyOf(change.previous.value);
  // An object may change hands when somebody rewrites its labels.
  if (before !== key) shelf.drop(before, idOf(digest));
  if (change.type === 'deleted') shelf.drop(key, idOf(digest));
  else shelf.put(key, idOf(digest), digest);
  return key ?? before;
}
