/**
 * Fields of an object as server-side apply tells them apart: each leaf has a path, and a manager owns a set of paths.
 * A subset: the lists named here are merged by their keys, all others are one value (Kubernetes API reference, the
 * x-kubernetes-list-type of each field).
 */
export type Path = string;

const SEPARATOR = '\u0000';
const KEYS_OF_LISTS: Readonly<Record<string, string>> = {
  ownerReferences: 'uid',
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
};
const SETS: ReadonlySet<string> = new Set(['finalizers', 'hosts']);
/** Maps that are one value. */
const ATOMS: ReadonlySet<string> = new Set(['selector', 'nodeSelector', 'port']);
/** What says which object it is, or is the server's own. */
const IDENTITY: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
]);

type Json = { [key: string]: unknown };

export const isMap = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The leaves of an object and their values. */
export function leavesOf(object: Json): Map<Path, unknown> {
  const leaves = new Map<Path, unknown>();
  for (const [name, value] of Object.entries(object)) {
    if (name === 'apiVersion' || name === 'kind' || value === undefined) continue;
    if (name !== 'metadata') collect(value, name, `f:${name}`, leaves);
    else {
      for (const [field, held] of Object.entries(value as Json)) {
        if (!IDENTITY.has(field) && held !== undefined) {
          collect(held, field, `f:metadata${SEPARATOR}f:${field}`, leaves);
        }
      }
    }
  }
  return leaves;
}

function collect(value: unknown, name: string, path: Path, leaves: Map<Path, unknown>): void {
  if (Array.isArray(value)) collectList(value, name, path, leaves);
  else if (isMap(value) && !ATOMS.has(name)) {
    const entries = Object.entries(value);
    if (entries.length === 0) leaves.set(path, value);
    for (const [key, held] of entries) collect(held, key, `${path}${SEPARATOR}f:${key}`, leaves);
  } else leaves.set(path, value);
}

function collectList(list: readonly unknown[], name: string, path: Path, leaves: Map<Path, unknown>): void {
  const key = KEYS_OF_LISTS[name];
  if (key !== undefined) {
    for (const item of list as readonly Json[]) {
      const at = `${path}${SEPARATOR}${keyedSegment(key, item)}`;
      leaves.set(`${at}${SEPARATOR}.`, true);
      for (const [field, held] of Object.entries(item)) collect(held, field, `${at}${SEPARATOR}f:${field}`, leaves);
    }
  } else if (SETS.has(name)) {
    for (const item of list) leaves.set(`${path}${SEPARATOR}v:${JSON.stringify(item)}`, true);
  } else leaves.set(path, list);
}

const keyedSegment = (key: string, item: Json): string => `k:${JSON.stringify({ [key]: item[key] })}`;

/** Paths as the server sends them, in `fieldsV1`. */
export function fieldsV1Of(paths: Iterable<Path>): Json {
  const root: Json = {};
  for (const path of paths) {
    let at = root;
    for (const segment of path.split(SEPARATOR)) {
      at[segment] ??= {};
      at = at[segment] as Json;
    }
  }
  return root;
}

/** As the server names a field in its messages. */
export const fieldName = (path: Path): string =>
  path
    .split(SEPARATOR)
    .map((segment) => (segment.startsWith('f:') ? `.${segment.slice(2)}` : `[${segment.slice(2)}]`))
    .join('');

export const sameValue = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b));

export const isStatusPath = (path: Path): boolean => path === 'f:status' || path.startsWith(`f:status${SEPARATOR}`);

/** What is applied, laid over what is there. New maps all the way; nothing of either is changed. */
export function laidOver(live: unknown, applied: unknown, name = ''): unknown {
  if (isMap(live) && isMap(applied) && !ATOMS.has(name)) {
    const merged: Json = { ...live };
    for (const [key, value] of Object.entries(applied)) merged[key] = laidOver(live[key], value, key);
    return merged;
  }
  if (!Array.isArray(live) || !Array.isArray(applied)) return applied;
  const key = KEYS_OF_LISTS[name];
  if (key !== undefined) return mergedByKey(live as Json[], applied as Json[], key);
  return SETS.has(name) ? [...new Set([...live, ...applied])] : applied;
}

function mergedByKey(live: readonly Json[], applied: readonly Json[], key: string): Json[] {
  const wanted = new Map(applied.map((item) => [item[key], item]));
  const kept = live.map((item) => {
    const over = wanted.get(item[key]);
    wanted.delete(item[key]);
    return over === undefined ? item : (laidOver(item, over) as Json);
  });
  return [...kept, ...wanted.values()];
}

/** The object less one leaf, and less the maps and lists that this leaves empty. */
export function withoutLeaf(object: Json, path: Path): Json {
  return (pruned(object, path.split(SEPARATOR)) ?? {}) as Json;
}

function pruned(value: unknown, segments: readonly string[]): unknown {
  const [segment = '', ...rest] = segments;
  if (Array.isArray(value)) return prunedList(value, segment, rest);
  if (!isMap(value) || !segment.startsWith('f:')) return value;
  const key = segment.slice(2);
  const { [key]: held, ...others } = value;
  const left = rest.length === 0 || held === undefined ? undefined : pruned(held, rest);
  const next = left === undefined ? others : { ...value, [key]: left };
  return Object.keys(next).length === 0 ? undefined : next;
}

function prunedList(list: readonly unknown[], segment: string, rest: readonly string[]): unknown {
  const next = list.flatMap((item) => {
    if (!isSegmentOf(segment, item)) return [item];
    const left = rest.length === 0 || rest[0] === '.' ? undefined : pruned(item, rest);
    return left === undefined ? [] : [left];
  });
  return next.length === 0 ? undefined : next;
}

function isSegmentOf(segment: string, item: unknown): boolean {
  const told: unknown = JSON.parse(segment.slice(2));
  if (segment.startsWith('v:')) return told === item;
  return isMap(item) && isMap(told) && Object.entries(told).every(([key, value]) => item[key] === value);
}
