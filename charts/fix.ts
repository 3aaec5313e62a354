import type { Spec } from '../crds/performance-profile.ts';
import { type Fix, REMOVE } from './findings.ts';

/** The spec with the values of a fix in it, and without the fields that it removes; the given one stays as it is. */
export function withFix(spec: Spec, fix: Fix): Spec {
  return Object.entries(fix).reduce((changed, [path, value]) => withValue(changed, path.split('.'), value), spec);
}

function withValue<T extends object>(node: T, [head = '', ...rest]: readonly string[], value: unknown): T {
  const { [head]: child, ...others } = node as Record<string, unknown>;
  if (value === REMOVE && (rest.length === 0 || child === undefined)) return others as T;
  return { ...node, [head]: rest.length === 0 ? value : withValue((child ?? {}) as object, rest, value) };
}
