import type { KubeObject, ManagedFieldsEntry } from '../../../controller/cluster/port.ts';
import {
  fieldName,
  fieldsV1Of,
  isStatusPath,
  laidOver,
  leavesOf,
  type Path,
  sameValue,
  withoutLeaf,
} from './fields.ts';

/** Who owns which fields. Keys are `managerKey`. */
export type Managers = ReadonlyMap<string, ReadonlySet<Path>>;

/** An object without managedFields, and who owns what of it. */
export interface Managed {
  readonly object: KubeObject;
  readonly managers: Managers;
}

/** Who writes, and how. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
}

const managerKey = ({ manager, operation, subresource }: Writer): string => `${manager}|${operation}|${subresource}`;

/** A field that the applier wants and another manager holds with another value. */
export interface FieldConflict {
  readonly field: string;
  readonly manager: string;
}

/** What applying comes to. */
export interface ApplyOutcome extends Managed {
  readonly conflicts: readonly FieldConflict[];
}

type Json = { [key: string]: unknown };

/** Server-side apply by one manager. Pure. */
export function applied(before: Managed, config: Json, writer: Writer): ApplyOutcome {
  const key = managerKey(writer);
  const wanted = leavesOf(config);
  const live = leavesOf(before.object);
  const others = new Map([...before.managers].filter(([other]) => other !== key).map(([k, v]) => [k, new Set(v)]));
  const conflicts = [...others].flatMap(([other, paths]) =>
    [...wanted].flatMap(([path, value]) => {
      if (!paths.has(path) || sameValue(live.get(path), value)) return [];
      paths.delete(path);
      return [{ field: fieldName(path), manager: other.split('|')[0] ?? '' }];
    }),
  );
  let object = laidOver(before.object, config) as Json;
  for (const path of before.managers.get(key) ?? []) {
    const isHeld = wanted.has(path) || [...others.values()].some((paths) => paths.has(path));
    if (!isHeld) object = withoutLeaf(object, path);
  }
  return { object: object as KubeObject, managers: filled([...others, [key, new Set(wanted.keys())]]), conflicts };
}

/** Any other write: whoever changes or removes a value takes it from all others. Pure. */
export function updated(before: Managed, after: KubeObject, writer: Writer): Managed {
  const key = managerKey(writer);
  const [was, is] = [leavesOf(before.object), leavesOf(after)];
  const taken = [...is]
    .filter(([path, value]) => !was.has(path) || !sameValue(was.get(path), value))
    .map(([path]) => path);
  const gone = [...was.keys()].filter((path) => !is.has(path));
  if (taken.length === 0 && gone.length === 0) return { object: after, managers: before.managers };
  const touched = new Set([...taken, ...gone]);
  const kept = [...before.managers].map(
    ([other, paths]) => [other, new Set([...paths].filter((path) => !touched.has(path)))] as const,
  );
  const managers = new Map(kept);
  managers.set(key, new Set([...(managers.get(key) ?? []), ...taken]));
  return { object: after, managers: filled([...managers]) };
}

const filled = (entries: ReadonlyArray<readonly [string, ReadonlySet<Path>]>): Managers =>
  new Map(entries.filter(([, paths]) => paths.size > 0));

/** Whether a write changes anything at all. */
export function isNoop(before: Managed, after: Managed): boolean {
  return sameLeaves(leavesOf(before.object), leavesOf(after.object)) && sameManagers(before.managers, after.managers);
}

const sameLeaves = (a: ReadonlyMap<Path, unknown>, b: ReadonlyMap<Path, unknown>): boolean =>
  a.size === b.size && [...a].every(([path, value]) => b.has(path) && sameValue(value, b.get(path)));

const sameManagers = (a: Managers, b: Managers): boolean =>
  a.size === b.size && [...a].every(([key, paths]) => sameSet(paths, b.get(key)));

const sameSet = (a: ReadonlySet<Path>, b: ReadonlySet<Path> | undefined): boolean =>
  b !== undefined && a.size === b.size && [...a].every((path) => b.has(path));

/** Whether anything but metadata and status differs. */
export function changesSpec(before: KubeObject, after: KubeObject): boolean {
  const own = (object: KubeObject) =>
    new Map([...leavesOf(object)].filter(([path]) => !isStatusPath(path) && !path.startsWith('f:metadata')));
  return !sameLeaves(own(before), own(after));
}

/** As it stands in metadata. */
export const managedFieldsOf = (managers: Managers, apiVersion: string): ManagedFieldsEntry[] =>
  [...managers].map(([key, paths]) => {
    const [manager = '', operation = '', subresource = ''] = key.split('|');
    const entry = { manager, operation, apiVersion, fieldsType: 'FieldsV1', fieldsV1: fieldsV1Of(paths) };
    return subresource === '' ? entry : { ...entry, subresource };
  });
