import type { Spec } from '../crds/performance-profile.ts';
import type { Fix } from './findings.ts';

/** The spec with the values of a fix in it; the given one stays as it is. */
export function withFix(spec: Spec, fix: Fix): Spec {
  return Object.entries(fix).reduce((changed, [path, value]) => withValue(changed, path.split('.'), value), spec);
}

function withValue<T extends object>(node: T, [head = '', ...rest]: readonly string[], value: unknown): T {
  if (rest.length === 0) return { ...node, [head]: value };
  const child = (node as Record<string, unknown>)[head] ?? {};
  return { ...node, [head]: withValue(child as object, rest, value) };
}
