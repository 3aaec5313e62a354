import { FIELD_MANAGER } from '../cluster/client.ts';
import type { KubeObject, ManagedFieldsEntry } from '../cluster/port.ts';

/** Who holds what we want to set, as the managedFields of an object tell it. */
export interface Rival {
  /** Its name in managedFields. */
  readonly manager: string;
  /** The first field that it holds, `spec.template.spec.containers[name=web].image`; undefined: it took one away. */
  readonly field: string | undefined;
  /** How many fields more. */
  readonly more: number;
}

const LONGEST_FIELD = 256;
const LONGEST_MANAGER = 128;

/** Whoever holds a field of what we send that we hold no more; else the last other writer. Pure. */
export function rivalOf(live: Pick<KubeObject, 'metadata'>, desired: object): Rival | undefined {
  const entries = live.metadata.managedFields ?? [];
  const ours = entries.find(isOurs)?.fieldsV1;
  const others = entries.filter((entry) => !isOurs(entry) && entry.subresource !== 'status').sort(latestFirst);
  for (const { manager = 'unknown', fieldsV1 } of others) {
    const taken = takenFields(fieldsV1, ours, desired);
    const [field] = taken;
    if (field === undefined) continue;
    return { manager: manager.slice(0, LONGEST_MANAGER), field: field.slice(0, LONGEST_FIELD), more: taken.length - 1 };
  }
  const [latest] = others;
  if (latest === undefined) return undefined;
  return { manager: (latest.manager ?? 'unknown').slice(0, LONGEST_MANAGER), field: undefined, more: 0 };
}

const isOurs = ({ manager, operation, subresource = '' }: ManagedFieldsEntry): boolean =>
  manager === FIELD_MANAGER && operation === 'Apply' && subresource === '';

const latestFirst = (one: ManagedFieldsEntry, other: ManagedFieldsEntry): number =>
  (other.time ?? '').localeCompare(one.time ?? '');

/** Paths of all that the other holds, we do not, and is in what we send; in the order of the alphabet. */
function takenFields(theirs: unknown, ours: unknown, desired: unknown, path = ''): string[] {
  if (!isRecord(theirs)) return [];
  const fields = Object.entries(theirs).flatMap(([step, below]) => {
    const value = stepInto(desired, step);
    if (step === '.' || value === undefined) return [];
    const held = isRecord(ours) ? ours[step] : undefined;
    const to = path + pathStep(step, path === '');
    if (isRecord(below) && Object.keys(below).some((key) => key !== '.')) return takenFields(below, held, value, to);
    return held === undefined ? [to] : [];
  });
  return fields.sort();
}

/** The value that a step of a field set leads to: `f:` a field, `k:` the item of these keys, `v:` an item of a set. */
function stepInto(value: unknown, step: string): unknown {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return isRecord(value) ? value[rest] : undefined;
  if (!Array.isArray(value)) return undefined;
  if (step.startsWith('v:')) return value.find((item) => JSON.stringify(item) === rest);
  if (!step.startsWith('k:')) return undefined;
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
  // A key that we leave to its default (a port's protocol) is not in what we send.
  return value.find((item) => isRecord(item) && keys.every(([key, wanted]) => [undefined, wanted].includes(item[key])));
}

function pathStep(step: string, first: boolean): string {
  const rest = step.slice(2);
  if (step.startsWith('f:')) return /[./]/.test(rest) ? `[${rest}]` : `${first ? '' : '.'}${rest}`;
  if (!step.startsWith('k:')) return `[${rest}]`;
  const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
  return `[${keys.map(([key, value]) => `${key}=${value}`).join(',')}]`;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
