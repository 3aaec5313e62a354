import type { EffectiveValue, Source } from '../charts/effective.ts';
import type { Finding } from '../charts/findings.ts';
import type { ChangeClass, Target } from '../crds/knob.ts';
import { knobsOf, type PlacedKnob } from '../crds/knob.ts';
import { type Profile, specSchema } from '../crds/performance-profile.ts';
import type { Synthesis } from '../synth/synthesis.ts';
import { effectOf } from './effect.ts';
import { formulaWithNumbers } from './formula.ts';
import { boundsText, type Field } from './schema-field.ts';

/** An input of a derivation. */
export interface Input {
  readonly path: string;
  readonly value: unknown;
  /** `facts`: of the cluster. */
  readonly source: Source | 'facts';
}

/** All there is to say about one field. What does not apply to it is left out. */
export interface Explanation {
  readonly path: string;
  /** The value in force; left out where there is none. */
  readonly value?: unknown;
  readonly source: Source | 'unset';
  readonly rule?: string;
  readonly formula?: string;
  readonly formulaWithNumbers?: string;
  readonly inputs: readonly Input[];
  readonly description: string;
  readonly bounds: string;
  readonly unit?: string;
  readonly default?: unknown;
  readonly target?: Target;
  readonly change?: ChangeClass;
  readonly effect?: string;
  /** First major version of the server that knows the setting. */
  readonly since?: number;
  /** Where the default, the bounds or the advice come from. */
  readonly basis?: string;
  readonly findings: ReadonlyArray<Pick<Finding, 'id' | 'severity' | 'message'>>;
}

/** A profile and the fields of it that were asked for. */
export interface Explained {
  readonly name: string;
  readonly namespace: string;
  readonly path: string;
  readonly fields: readonly Explanation[];
}

interface Context {
  readonly profile: Profile;
  readonly synthesis: Synthesis;
  readonly effective: ReadonlyMap<string, EffectiveValue>;
  readonly values: ReadonlyMap<string, unknown>;
}

/** Explains the field of a path, or all that lie below it; all tunables for an empty path. */
export function explainProfile(
  profile: Profile,
  synthesis: Synthesis,
  fields: ReadonlyMap<string, Field>,
  path: string,
): Explained {
  const effective = new Map(synthesis.effective.map((entry) => [entry.path, entry]));
  const values = new Map(synthesis.effective.map((entry): [string, unknown] => [entry.path, entry.value]));
  const context: Context = { profile, synthesis, effective, values };
  const knobs = new Map(knobsOf(specSchema).map((placed) => [placed.path, placed]));
  const chosen = [...fields.values()].filter((field) => isAskedFor(field, path, knobs));
  const { name, namespace } = profile.metadata;
  return { name, namespace, path, fields: chosen.map((field) => explain(field, knobs.get(field.path), context)) };
}

/** Groups are explained by what is in them; without a path only tunables are, since the rest is the user's own. */
function isAskedFor({ path, schema }: Field, asked: string, knobs: ReadonlyMap<string, PlacedKnob>): boolean {
  if (path.includes('[]')) return false;
  if (asked === '') return knobs.has(path);
  if (path !== asked && !path.startsWith(`${asked}.`)) return false;
  return knobs.has(path) || schema.type !== 'object';
}

function explain({ path, schema }: Field, placed: PlacedKnob | undefined, context: Context): Explanation {
  const { effective, profile, synthesis } = context;
  const entry = effective.get(path);
  const stated = valueAt(profile.spec, path);
  const value = entry === undefined ? stated : entry.value;
  return {
    path,
    ...(value === undefined ? {} : { value }),
    source: entry?.source ?? (stated === undefined ? 'unset' : 'user'),
    ...(entry === undefined ? {} : originOf(entry, context)),
    inputs: inputsOf(entry, context),
    ...(placed === undefined ? { description: String(schema.description ?? '') } : knobWords(placed)),
    bounds: boundsText(schema),
    findings: synthesis.findings
      .filter((finding) => concerns(finding, path))
      .map(({ id, severity, message }) => ({ id, severity, message })),
  };
}

function originOf(entry: EffectiveValue, { values, profile, synthesis }: Context): Partial<Explanation> {
  const { rule, formula, inputs } = entry;
  if (entry.source === 'user') return {};
  if (formula === undefined) return { rule };
  const numbers = { inputs, values, spec: profile.spec, facts: synthesis.facts };
  return { rule, formula, formulaWithNumbers: formulaWithNumbers(formula, numbers) };
}

function inputsOf(entry: EffectiveValue | undefined, { effective }: Context): Input[] {
  return Object.entries(entry?.inputs ?? {}).map(([path, value]) => {
    // A field without a derivation or default has its value from the user, or none.
    const source = path.startsWith('facts.') ? 'facts' : (effective.get(path)?.source ?? 'user');
    return { path, value, source };
  });
}

function knobWords({ path, knob }: PlacedKnob): KnobWords {
  const { description, unit, since, target, change, source } = knob;
  return {
    description,
    ...(unit === undefined ? {} : { unit }),
    ...(since === undefined ? {} : { since }),
    ...(knob.default === undefined ? {} : { default: knob.default }),
    target,
    change,
    effect: effectOf(path, change),
    basis: source,
  };
}

type KnobWords = Pick<
  Explanation,
  'description' | 'unit' | 'since' | 'default' | 'target' | 'change' | 'effect' | 'basis'
>;

/** A finding is about the field that it names, what lies below that, and what its fixes would set. */
function concerns({ path, fixes }: Finding, field: string): boolean {
  return field === path || field.startsWith(`${path}.`) || fixes.some((fix) => Object.hasOwn(fix, field));
}

function valueAt(root: unknown, path: string): unknown {
  let node: unknown = root;
  for (const part of path.split('.')) {
    node = node !== null && typeof node === 'object' ? (node as Record<string, unknown>)[part] : undefined;
  }
  return node;
}
