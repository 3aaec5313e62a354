import { MANAGED_BY, OPERATOR_NAME, PROFILE_LABEL } from '../../charts/kit/labels.ts';
import { type NodeDigest, nodeOf } from '../cluster/facts/nodes.ts';
import type { KubeObject } from '../cluster/port.ts';
import { createReflector, type Reflector, type ReflectorObserver } from '../cluster/reflector.ts';
import type { Kind } from '../cluster/resources.ts';
import type { Change, StoreView } from '../cluster/store.ts';
import type { Transport } from '../cluster/transport.ts';
import type { Clock, Random } from '../loop/clock.ts';
import { type AddOptions, LOW_PRIORITY } from '../loop/queue.ts';
import { type Cache, type CacheSink, createCache } from './cache.ts';
import { type Child, childOf, saysTheSame } from './digest.ts';
import { APPLIED_KINDS } from './kinds.ts';
import type { Memory } from './memory.ts';
import { type PodDigest, podOf } from './pod-digest.ts';

/** Kinds of which every object that we make carries our label. */
const OWNED_KINDS = [...APPLIED_KINDS, 'ControllerRevision'] as const satisfies readonly Kind[];

/** Watches in one namespace, or over all. */
export const WATCHES_PER_SCOPE = OWNED_KINDS.length + 4;

/** Passes over a contended profile that events of its objects ask for are this far apart. */
const CONTENDED_PACE_MS = 1_000;

/** How to watch. */
export interface WatchingOptions {
  readonly transport: Transport;
  readonly namespaces: readonly string[] | undefined;
  /** Whether nodes may be read at all. */
  readonly withNodes: boolean;
  readonly memory: Memory;
  /** Told the key of every profile that something happened to. */
  readonly enqueue: (key: string, options?: AddOptions) => void;
  readonly observerOf: (kind: Kind) => ReflectorObserver;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** The running reflectors and the cache that they fill. */
export interface Watching {
  readonly cache: Cache;
  readonly reflectors: readonly Reflector<unknown>[];
}

/** Mirrors all kinds that a profile may own or depend on. Nothing is watched before the reflectors are started. */
export function createWatching(options: WatchingOptions): Watching {
  const { memory, enqueue } = options;
  const wake = (key: string | undefined, change: Pick<Change<unknown>, 'fromList'>) => {
    if (key !== undefined) enqueue(key, change.fromList ? { priority: LOW_PRIORITY } : {});
  };

  /** Whoever fights over an object must not have all of our passes: the latest state is seen in a moment as well. */
  const wakeByChild = (key: string | undefined, change: Pick<Change<unknown>, 'fromList'>) => {
    if (key === undefined || change.fromList || memory.peek(key)?.contended !== true) wake(key, change);
    else enqueue(key, { afterMs: CONTENDED_PACE_MS });
  };

  const profiles = reflect(options, 'PerformanceProfile', profileOf, (change) => {
    const { key } = change.entry;
    if (!isEcho(change, memory.peek(key)?.written?.resourceVersion)) wake(key, change);
  });
  const nodes = options.withNodes ? nodeReflector(options, profiles, wake) : undefined;
  const cache: Cache & CacheSink = createCache(profiles, nodes ?? NO_NODES);

  const onChild = (change: Change<Child>) => {
    const key = cache.childChanged(change);
    const isOurs = key !== undefined && noteOwnWrite(memory, key, change);
    if (!isOurs && hasMeaning(change)) wakeByChild(key, change);
  };
  const onPod = (change: Change<PodDigest>) => {
    const key = cache.podChanged(change);
    if (hasMeaning(change)) wakeByChild(key, change);
  };

  const ours = `${MANAGED_BY}=${OPERATOR_NAME}`;
  return {
    cache,
    reflectors: [
      profiles,
      ...(nodes === undefined ? [] : [nodes]),
      ...OWNED_KINDS.map((kind) => reflect(options, kind, childOf, onChild, ours)),
      reflect(options, 'PersistentVolumeClaim', childOf, onChild, PROFILE_LABEL),
      reflect(options, 'Pod', podOf, onPod, PROFILE_LABEL),
    ],
  };
}

const NO_NODES: Pick<StoreView<NodeDigest>, 'list'> = { list: () => [] };

/** What a profile was derived from may have changed: look at all of them, when there is time. */
function nodeReflector(
  options: WatchingOptions,
  profiles: StoreView<KubeObject>,
  wake: (key: string, change: Pick<Change<unknown>, 'fromList'>) => void,
): Reflector<NodeDigest> {
  const reflector: Reflector<NodeDigest> = reflect({ ...options, namespaces: undefined }, 'Node', nodeOf, (change) => {
    if (reflector.hasSynced() && hasMeaning(change)) {
      for (const { key } of profiles.list()) wake(key, { fromList: true });
    }
  });
  return reflector;
}

function reflect<T>(
  { transport, namespaces, observerOf, clock, random }: WatchingOptions,
  kind: Kind,
  project: (object: KubeObject) => T,
  onChange: (change: Change<T>) => void,
  labelSelector?: string,
): Reflector<T> {
  return createReflector<T>({
    transport,
    kind,
    namespaces,
    labelSelector,
    project,
    onChange,
    observer: observerOf(kind),
    clock,
    random,
  });
}

/**
 * Nothing but the status that we have written ourselves. The version alone does not say so: after a gap in the watch, an
 * edit that came before our write is told together with it.
 */
const isEcho = ({ type, entry, previous }: Change<KubeObject>, written: string | undefined): boolean =>
  type === 'updated' && entry.resourceVersion === written && wishOf(previous?.value) === wishOf(entry.value);

/** All that a pass goes by, but the status. */
const wishOf = (profile: KubeObject | undefined): string => {
  const { uid, generation, annotations, deletionTimestamp } = profile?.metadata ?? {};
  return JSON.stringify([uid, generation, annotations, deletionTimestamp]);
};

/** The profile as it stands, less what nobody here reads and what takes most of the room. */
function profileOf(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

const hasMeaning = <T extends object>({ type, entry, previous }: Change<T>): boolean =>
  type !== 'updated' || previous === undefined || !saysTheSame(previous.value, entry.value);

/** Keeps the memory of own writes in step with the watch. True: the change is the echo of a write of ours. */
function noteOwnWrite(memory: Memory, key: string, { type, entry }: Change<Child>): boolean {
  const writes = memory.peek(key)?.ownWrites;
  const write = writes?.get(entry.value.ref);
  if (write === undefined) return false;
  // A deletion that the watch has seen is newer than a write it has not told of.
  if (type === 'deleted' && write.child.uid === entry.uid) writes?.delete(entry.value.ref);
  return type !== 'deleted' && write.child.resourceVersion === entry.resourceVersion;
}
