import type { Facts } from '../charts/facts.ts';
import type { Spec } from '../crds/performance-profile.ts';

/** Where the names in a formula get their numbers from. */
export interface Numbers {
  /** What the derivation read. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** All values in force, by path. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly spec: Spec;
  readonly facts: Facts;
}

/** A name in a formula: letters, perhaps with dots between parts. */
const NAME = /[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*/g;

/**
 * The formula with each name that stands for a value replaced by the value: `ceil(backend.resources.limits.cpu)`
 * → `ceil(1500m)`. A name may be the end of a path (`maxConnections`); functions and units stay as they are, and so
 * do the names of a condition (`where edge.ingress is set`), which says something of the field and not of its value.
 */
export function formulaWithNumbers(formula: string, numbers: Numbers): string {
  return formula.replaceAll(NAME, (name, offset: number) => {
    const isUnit = /[0-9]/.test(formula[offset - 1] ?? '');
    const isFunction = formula[offset + name.length] === '(';
    const isCondition = /\b(?:where|with) $/.test(formula.slice(0, offset));
    if (isUnit || isFunction || isCondition) return name;
    const value = numberFor(name, numbers);
    return value === undefined ? name : plain(value);
  });
}

function numberFor(name: string, { inputs, values, spec, facts }: Numbers): unknown {
  if (Object.hasOwn(inputs, name)) return inputs[name];
  const known = values.get(name) ?? scalarAt(spec, name) ?? scalarAt(facts, name.replace(/^facts\./, ''));
  // A plain word such as `size` is more often part of a sentence than the end of a path.
  if (known !== undefined || !/[A-Z]/.test(name)) return known;
  const ends = Object.entries(inputs).filter(([path]) => path.endsWith(`.${name}`));
  return ends.length === 1 ? ends[0]?.[1] : undefined;
}

function scalarAt(root: unknown, path: string): unknown {
  let node: unknown = root;
  for (const part of path.split('.')) {
    if (node === null || typeof node !== 'object') return undefined;
    node = Object.hasOwn(node, part) ? (node as Record<string, unknown>)[part] : undefined;
  }
  return typeof node === 'object' ? undefined : node;
}

/** A value as it is written in a profile, on one line. */
export function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
