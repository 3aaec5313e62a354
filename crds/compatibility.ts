import type { JsonSchema } from './structural.ts';

/**
 * Whether whatever an API server has stored and let through by one schema is let through by another, field by field.
 * Of a pattern or a rule nobody can tell by looking: another one is a breach until somebody has.
 */

interface Bound {
  readonly name: string;
  /** Whether a later value refuses what an earlier one let through. */
  readonly isTighter: (before: number, after: number) => boolean;
}

const raised = (before: number, after: number) => after > before;
const lowered = (before: number, after: number) => after < before;
const BOUNDS: readonly Bound[] = [
  ...['minimum', 'minLength', 'minItems', 'minProperties'].map((name) => ({ name, isTighter: raised })),
  ...['maximum', 'maxLength', 'maxItems', 'maxProperties'].map((name) => ({ name, isTighter: lowered })),
];

/** Another value means another thing, and so does one where there was none. */
const FIXED = [
  'type',
  'anyOf',
  'pattern',
  'default',
  'nullable',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-preserve-unknown-fields',
] as const;

/** What the later schema refuses or drops of what the earlier one let through, one line each; empty: nothing. Pure. */
export function breaches(before: JsonSchema, after: JsonSchema, path = ''): string[] {
  const at = path === '' ? '(root)' : path;
  const here = [
    ...FIXED.filter((key) => !isSame(before[key], after[key])).map(
      (key) => `${key} was ${told(before[key])}, is ${told(after[key])}`,
    ),
    ...tighterFormat(before.format, after.format),
    ...BOUNDS.flatMap((bound) => tighterBound(bound, before, after)),
    ...fewerValues(before.enum, after.enum),
    ...without(listOf(after.required), listOf(before.required)).map((name) => `${name} is required now`),
    ...without(rulesOf(after), rulesOf(before)).map((rule) => `new rule ${rule}`),
  ].map((what) => `${at}: ${what}`);
  return [...here, ...fieldBreaches(before, after, path)];
}

function fieldBreaches(before: JsonSchema, after: JsonSchema, path: string): string[] {
  const [was, is] = [propertiesOf(before), propertiesOf(after)];
  const fields = Object.entries(was).flatMap(([name, schema]) => {
    const later = is[name];
    const of = path === '' ? name : `${path}.${name}`;
    return later === undefined ? [`${of}: the field is gone`] : breaches(schema, later, of);
  });
  const [items, laterItems] = [before.items, after.items] as ReadonlyArray<JsonSchema | undefined>;
  const inItems = items === undefined || laterItems === undefined ? [] : breaches(items, laterItems, `${path}[]`);
  return [...fields, ...inItems];
}

function tighterBound({ name, isTighter }: Bound, before: JsonSchema, after: JsonSchema): string[] {
  const [was, is] = [before[name], after[name]] as ReadonlyArray<number | undefined>;
  if (is === undefined || (was !== undefined && !isTighter(was, is))) return [];
  return [`${name} was ${told(was)}, is ${is}`];
}

/** A number of 64 bits holds all of 32; whether it is bounded anew is told by its bounds. */
function tighterFormat(was: unknown, is: unknown): string[] {
  const isNumber = [was, is].every((format) => format === 'int32' || format === 'int64');
  return isNumber || is === undefined || was === is ? [] : [`format was ${told(was)}, is ${told(is)}`];
}

function fewerValues(was: unknown, is: unknown): string[] {
  if (is === undefined) return [];
  if (was === undefined) return [`only ${told(is)} are left of all values`];
  return without(listOf(was), listOf(is)).map((value) => `the value ${value} is gone`);
}

const propertiesOf = (schema: JsonSchema) => (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
const rulesOf = (schema: JsonSchema): string[] =>
  ((schema['x-kubernetes-validations'] ?? []) as ReadonlyArray<{ readonly rule: string }>).map(({ rule }) => rule);
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const without = (list: readonly string[], taken: readonly string[]): string[] =>
  list.filter((item) => !taken.includes(item));
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const told = (value: unknown): string => (value === undefined ? 'unset' : JSON.stringify(value));
