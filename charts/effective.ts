import { knobsOf, type PlacedKnob } from '../crds/knob.ts';
import { type Spec, specSchema } from '../crds/performance-profile.ts';
import type { Facts } from './facts.ts';

/** Dotted paths into the spec, for example `edge.cache.api.ttlSeconds`. */
export type PathOf<T> = T extends readonly unknown[]
  ? never
  : T extends object
    ? { [K in keyof T & string]: K | `${K}.${PathOf<NonNullable<T[K]>>}` }[keyof T & string]
    : never;

/** Type of the value at such a path. */
export type ValueAt<T, P extends string> = P extends `${infer Head}.${infer Tail}`
  ? Head extends keyof T
    ? ValueAt<NonNullable<T[Head]>, Tail>
    : never
  : P extends keyof T
    ? NonNullable<T[P]>
    : never;

export type KnobPath = PathOf<Spec>;
export type KnobValue<P extends KnobPath> = ValueAt<Spec, P>;

/** Reads other effective values, the spec and the facts, and remembers what was read. */
export interface Reader {
  /** The effective value of another knob. */
  value<P extends KnobPath>(path: P): KnobValue<P>;
  /** What the user said about a field, knob or not; undefined where nothing. */
  given<P extends KnobPath>(path: P): KnobValue<P> | undefined;
  /** What is known of the cluster. */
  fact<K extends keyof Facts>(name: K): Facts[K];
  /** Whether the user said anything about this field. */
  has(path: KnobPath): boolean;
  readonly spec: Spec;
  readonly facts: Facts;
}

/** How one knob follows from others when the user leaves it out. */
export interface Derivation<P extends KnobPath = KnobPath> {
  readonly rule: string;
  /** The formula as text, with the names of the inputs. */
  readonly formula: string;
  readonly derive: (read: Reader) => KnobValue<P> | undefined;
}

/** Who chose a value: the user, a derivation, the default of the knob. `fixed` is not for the user to choose. */
export type Source = 'user' | 'derived' | 'default' | 'fixed';

/** A value in force, and why. */
export interface EffectiveValue {
  readonly path: string;
  readonly value: unknown;
  readonly source: Source;
  /** Rule that derived it, or the source of the default. */
  readonly rule: string;
  readonly formula?: string;
  /** What the derivation read: effective values and fields by path, facts as `facts.name`. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Every knob's value in force. */
export interface Effective {
  /** The value in force; throws where neither user, derivation nor default gives one (a mistake of ours). */
  value<P extends KnobPath>(path: P): KnobValue<P>;
  /** The value in force, or undefined where there is none. */
  find<P extends KnobPath>(path: P): KnobValue<P> | undefined;
  /** The value in force and why, or undefined where there is none. */
  entry(path: KnobPath): EffectiveValue | undefined;
  /** All values in force, in the order of the schema; knobs without a value are left out. */
  entries(): readonly EffectiveValue[];
}

export type Derivations = { readonly [P in KnobPath]?: Derivation<P> };

const ALL_KNOBS: readonly PlacedKnob[] = knobsOf(specSchema);
const KNOB_BY_PATH = new Map(ALL_KNOBS.map((placed) => [placed.path, placed]));

/** The default of a knob, for derivations that only bend it. */
export function defaultOf<P extends KnobPath>(path: P): KnobValue<P> {
  const value = KNOB_BY_PATH.get(path)?.knob.default;
  if (value === undefined) throw new Error(`${path} has no default`);
  return value as KnobValue<P>;
}

/**
 * Resolves every knob: user value, else derivation, else default (in that order; the user always wins).
 * Derivations read one another through `Reader`; a cycle is a mistake of ours and throws.
 */
export function resolveEffective(spec: Spec, facts: Facts, derivations: Derivations): Effective {
  const resolved = new Map<string, EffectiveValue | undefined>();
  const underWay = new Set<string>();

  const resolve = (path: string): EffectiveValue | undefined => {
    if (resolved.has(path)) return resolved.get(path);
    if (underWay.has(path)) throw new Error(`derivation of ${path} needs itself`);
    underWay.add(path);
    const result = fromUser(path) ?? fromDerivation(path) ?? fromDefault(path);
    underWay.delete(path);
    resolved.set(path, result);
    return result;
  };

  const fromUser = (path: string): EffectiveValue | undefined => {
    const value = at(spec, path);
    return value === undefined ? undefined : { path, value, source: 'user', rule: 'spec', inputs: {} };
  };

  const fromDerivation = (path: string): EffectiveValue | undefined => {
    const derivation = (derivations as Record<string, Derivation | undefined>)[path];
    if (derivation === undefined) return undefined;
    const inputs: Record<string, unknown> = {};
    const value = derivation.derive({
      spec,
      facts,
      has: (other) => at(spec, other) !== undefined,
      given: (other) => {
        const said = at(spec, other);
        if (said !== undefined) inputs[other] = said;
        return said as never;
      },
      fact: (name) => {
        if (facts[name] !== undefined) inputs[`facts.${name}`] = facts[name];
        return facts[name];
      },
      value: (other) => {
        inputs[other] = required(other);
        return inputs[other] as never;
      },
    });
    if (value === undefined) return undefined;
    return { path, value, source: 'derived', rule: derivation.rule, formula: derivation.formula, inputs };
  };

  const fromDefault = (path: string): EffectiveValue | undefined => {
    const knob = KNOB_BY_PATH.get(path)?.knob;
    if (knob?.default === undefined) return undefined;
    return { path, value: knob.default, source: 'default', rule: knob.source, inputs: {} };
  };

  const required = (path: string): unknown => {
    const found = resolve(path);
    if (found === undefined) throw new Error(`no value for ${path}: neither user, derivation nor default gives one`);
    return found.value;
  };

  return {
    value: (path) => required(path) as never,
    find: (path) => resolve(path)?.value as never,
    entry: (path) => resolve(path),
    entries: () => inForce(spec).flatMap((placed) => resolve(placed.path) ?? []),
  };
}

/** Knobs of tiers that the profile has. A tier that is left out has no values. */
function inForce(spec: Spec): readonly PlacedKnob[] {
  return ALL_KNOBS.filter(({ path }) => {
    if (path.startsWith('frontend.')) return spec.frontend !== undefined;
    if (path.startsWith('uploads.')) return spec.uploads !== undefined;
    if (path.startsWith('postgres.')) return spec.postgres.mode === undefined || spec.postgres.mode === 'Managed';
    return true;
  });
}

function at(root: unknown, path: string): unknown {
  let node: unknown = root;
  for (const part of path.split('.')) {
    if (node === null || typeof node !== 'object') return undefined;
    node = (node as Record<string, unknown>)[part];
  }
  return node;
}
