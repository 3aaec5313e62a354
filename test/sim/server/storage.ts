import type { KubeObject } from '../../../controller/cluster/port.ts';
import type { Kind } from '../../../controller/cluster/resources.ts';
import { keyOf } from '../../../controller/cluster/store.ts';
import { type Managed, type Managers, managedFieldsOf } from './ownership.ts';
import { tooOld } from './refusal.ts';

/** One version of an object as it is stored. Never changed: a write stores another one. */
export interface Stored extends Managed {
  readonly kind: Kind;
  readonly key: string;
  readonly version: number;
  /** As it is sent; made when it is first asked for. */
  readonly text: () => string;
}

/** One write. */
export interface Change {
  readonly version: number;
  readonly kind: Kind;
  readonly before: Stored | undefined;
  readonly after: Stored | undefined;
}

/** Objects, their versions, and a window of what was written. */
export interface Storage {
  readonly version: () => number;
  /** From here on the window tells everything. */
  readonly oldest: () => number;
  readonly get: (kind: Kind, key: string) => Stored | undefined;
  readonly list: (kind: Kind) => Stored[];
  /** All as they were; throws Refusal 410 when that is outside of the window. */
  readonly listAt: (kind: Kind, version: number) => Stored[];
  /** What was written since; throws Refusal 410 when the window does not go back so far. */
  readonly since: (kind: Kind, version: number) => readonly Change[];
  readonly put: (kind: Kind, object: KubeObject, managers: Managers) => Stored;
  readonly remove: (stored: Stored) => void;
  /** Forgets history. */
  readonly compact: () => void;
  /** Called after each write, in order. */
  readonly onChange: (listener: (change: Change) => void) => void;
}

/** An empty one. */
export function createStorage(): Storage {
  const objects = new Map<Kind, Map<string, Stored>>();
  const history = new Map<Kind, Change[]>();
  const listeners: ((change: Change) => void)[] = [];
  let version = 1000;
  let compacted = version;

  const shelf = (kind: Kind): Map<string, Stored> => {
    const held = objects.get(kind) ?? new Map<string, Stored>();
    objects.set(kind, held);
    return held;
  };
  const record = (kind: Kind, before: Stored | undefined, after: Stored | undefined) => {
    const changes = history.get(kind) ?? [];
    history.set(kind, changes);
    const change = { version, kind, before, after };
    changes.push(change);
    for (const listener of listeners) listener(change);
  };
  const since = (kind: Kind, from: number): readonly Change[] => {
    if (from < compacted) throw tooOld();
    const changes = history.get(kind) ?? [];
    let at = changes.length;
    while (at > 0 && (changes[at - 1]?.version ?? 0) > from) at -= 1;
    return changes.slice(at);
  };

  return {
    version: () => version,
    oldest: () => compacted,
    get: (kind, key) => objects.get(kind)?.get(key),
    list: (kind) => [...(objects.get(kind)?.values() ?? [])],
    listAt: (kind, at) => {
      const held = new Map(objects.get(kind));
      for (const { before, after } of [...since(kind, at)].reverse()) {
        if (before === undefined) held.delete(after?.key ?? '');
        else held.set(before.key, before);
      }
      return [...held.values()];
    },
    since,
    put: (kind, object, managers) => {
      version += 1;
      const key = keyOf(object.metadata);
      const before = objects.get(kind)?.get(key);
      const after = stored(kind, key, version, object, managers);
      shelf(kind).set(key, after);
      record(kind, before, after);
      return after;
    },
    remove: (before) => {
      version += 1;
      shelf(before.kind).delete(before.key);
      record(before.kind, before, undefined);
    },
    compact: () => {
      compacted = version;
      for (const changes of history.values()) changes.length = 0;
    },
    onChange: (listener) => {
      listeners.push(listener);
    },
  };
}

const managedFieldsPart = (managers: Managers, { apiVersion }: KubeObject) =>
  managers.size === 0 ? {} : { managedFields: managedFieldsOf(managers, apiVersion) };

function stored(kind: Kind, key: string, version: number, object: KubeObject, managers: Managers): Stored {
  const metadata = { ...object.metadata, resourceVersion: String(version) };
  const versioned = { ...object, metadata } as KubeObject;
  let text: string | undefined;
  return {
    kind,
    key,
    version,
    object: versioned,
    managers,
    text: () => {
      text ??= JSON.stringify({ ...versioned, metadata: { ...metadata, ...managedFieldsPart(managers, object) } });
      return text;
    },
  };
}

/** The last version, told of its removal: watches carry the version at which it went. */
export const asRemoved = (last: Stored, version: number): Stored =>
  stored(last.kind, last.key, version, last.object, last.managers);
