import * as z from 'zod';

/**
 * Items that occur twice in lists of which Kubernetes says that they are sets or maps. The API server refuses them
 * by the type of the list; zod has no such type, so this walks schema and value side by side.
 */
export function duplicatesIn(schema: z.ZodType, value: unknown, path: readonly PropertyKey[] = []): Duplicate[] {
  // Most of the schema is not used by most profiles.
  if (value === undefined) return [];
  if (schema instanceof z.ZodOptional) return duplicatesIn(schema.unwrap() as z.ZodType, value, path);
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, child]) =>
      duplicatesIn(child, (value as Record<string, unknown>)[name], [...path, name]),
    );
  }
  if (!(schema instanceof z.ZodArray) || !Array.isArray(value)) return [];
  const below = value.flatMap((item, index) => duplicatesIn(schema.element as z.ZodType, item, [...path, index]));
  return [...repeated(schema, value).map((index) => ({ path: [...path, index], message: MESSAGE })), ...below];
}

/** One item that is there already. */
export interface Duplicate {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const MESSAGE = 'duplicate value: it is in the list already';

/** Positions of items that stand before, by their keys in a map and as a whole in a set. */
function repeated(schema: z.ZodArray, items: readonly unknown[]): number[] {
  const { 'x-kubernetes-list-type': type, 'x-kubernetes-list-map-keys': keys } = (schema.meta() ?? {}) as {
    'x-kubernetes-list-type'?: string;
    'x-kubernetes-list-map-keys'?: readonly string[];
  };
  if (type !== 'set' && type !== 'map') return [];
  const identity = (item: unknown) =>
    JSON.stringify(type === 'set' ? item : (keys ?? []).map((key) => (item as Record<string, unknown>)[key]));
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const id = identity(item);
    if (seen.has(id)) return [index];
    seen.add(id);
    return [];
  });
}
