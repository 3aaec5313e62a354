import fc, { type Arbitrary } from 'fast-check';
import { z } from 'zod';
import { API_VERSION, KIND } from '../../crds/group.ts';
import { type Profile, parseProfile, specSchema } from '../../crds/performance-profile.ts';

/** Random profiles from the schema itself, so that a new field is fuzzed without a word here. */

/** An arbitrary for whatever a schema lets through; cross-field rules are left to the filter at the end. */
export function arbitraryOf(schema: z.ZodType): Arbitrary<unknown> {
  if (schema instanceof z.ZodOptional) return arbitraryOf(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodObject) return lawful(schema, objectOf(schema.shape as Record<string, z.ZodType>));
  if (schema instanceof z.ZodArray) return arrayOf(schema);
  if (schema instanceof z.ZodUnion) return fc.oneof(...(schema.options as z.ZodType[]).map(arbitraryOf));
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodNumber) return integerOf(schema);
  if (schema instanceof z.ZodString) return stringOf(schema);
  throw new Error(`no arbitrary for ${schema.constructor.name}`);
}

/** An object with a rule of its own is drawn again until it keeps it: one unlucky pair must not cost the whole profile. */
function lawful(schema: z.ZodType, drawn: Arbitrary<unknown>): Arbitrary<unknown> {
  return (schema.def.checks ?? []).length === 0 ? drawn : drawn.filter((value) => schema.safeParse(value).success);
}

function objectOf(shape: Record<string, z.ZodType>): Arbitrary<unknown> {
  const required = Object.keys(shape).filter((key) => !shape[key]?.isOptional());
  return fc.record(Object.fromEntries(Object.entries(shape).map(([key, child]) => [key, arbitraryOf(child)])), {
    requiredKeys: required,
  });
}

function arrayOf(schema: z.ZodArray): Arbitrary<unknown> {
  const { minimum = 0, maximum = 3 } = checksOf(schema);
  const isSet = schema.meta()?.['x-kubernetes-list-type'] !== undefined;
  const item = arbitraryOf(schema.element as z.ZodType);
  const bounds = { minLength: minimum, maxLength: Math.max(minimum, Math.min(maximum, 3)) };
  const identity = (value: unknown) => (value as { name?: string } | null)?.name ?? JSON.stringify(value);
  return isSet ? fc.uniqueArray(item, { ...bounds, selector: identity }) : fc.array(item, bounds);
}

function integerOf(schema: z.ZodNumber): Arbitrary<number> {
  const minimum = Math.max(schema.minValue ?? 0, 0);
  const maximum = Math.min(schema.maxValue ?? 1_000_000, 2_147_483_647);
  return fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum));
}

function stringOf(schema: z.ZodString): Arbitrary<string> {
  const pattern = checksOf(schema).pattern;
  const text =
    pattern === undefined
      ? fc.string({ maxLength: schema.maxLength ?? 64 })
      : fc.stringMatching(pattern, { size: 'xsmall' });
  return text.filter((value) => schema.safeParse(value).success);
}

interface Checks {
  minimum?: number;
  maximum?: number;
  pattern?: RegExp;
}

/** Length bounds and pattern of a schema, which zod keeps in its list of checks. */
function checksOf(schema: z.ZodType): Checks {
  const out: Checks = {};
  for (const check of schema.def.checks ?? []) {
    const def = check._zod.def as { check: string; minimum?: number; maximum?: number; pattern?: RegExp };
    if (def.check === 'min_length' && def.minimum !== undefined) out.minimum = def.minimum;
    if (def.check === 'max_length' && def.maximum !== undefined) out.maximum = def.maximum;
    if (def.pattern !== undefined) out.pattern = def.pattern;
  }
  return out;
}

/** Profiles that pass schema and rules. */
export const validProfile: Arbitrary<Profile> = arbitraryOf(specSchema)
  .map((spec) =>
    parseProfile({ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'shop', namespace: 'shop' }, spec }),
  )
  .filter((parsed) => 'profile' in parsed)
  .map((parsed) => (parsed as { profile: Profile }).profile);
