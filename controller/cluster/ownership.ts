import { createHash } from 'node:crypto';
import { FIELD_MANAGER } from './client.ts';
import type { KubeObject } from './port.ts';

/**
 * A hash of the set of fields that we own by server-side apply; undefined when we own none.
 * Whoever changes or removes a value of ours takes its ownership from us, so the hash changes; foreign fields leave it alone.
 * Values, times and the order of keys do not matter (the server's order differs between list and watch).
 */
export function ownershipHash(
  object: Pick<KubeObject, 'metadata'>,
  manager: string = FIELD_MANAGER,
): string | undefined {
  const ours = object.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '',
  );
  if (ours?.fieldsV1 === undefined) return undefined;
  return createHash('sha256').update(canonicalJson(ours.fieldsV1)).digest('hex');
}

/** What is sorted already need not be copied: that is most of what is hashed, and in every pass. */
const isSorted = (keys: readonly string[]): boolean =>
  keys.every((key, index) => index === 0 || (keys[index - 1] as string) <= key);

/** JSON with sorted keys and nothing else changed: the order of arrays has a meaning. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, held: unknown) => {
    if (typeof held !== 'object' || held === null || Array.isArray(held) || isSorted(Object.keys(held))) return held;
    return Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
