import { DERIVATIONS } from '../derivations.ts';
import { resolveEffective } from '../effective.ts';
import type { Fix, RuleInput } from '../findings.ts';
import { withFix } from '../fix.ts';

/**
 * What would be with a fix in the spec: all that follows from it is derived anew. For rules whose fixes touch what
 * other values follow from, so that arithmetic alone does not tell whether they are enough.
 */
export function afterFix({ spec, facts }: RuleInput, fix: Fix): RuleInput {
  const changed = withFix(spec, fix);
  return { spec: changed, facts, effective: resolveEffective(changed, facts, DERIVATIONS) };
}

/** Whether something is wrong. */
export type Check = (input: RuleInput) => boolean;

/** The fixes after which the first check is silent, and the others say nothing that they did not say before. */
export function working(input: RuleInput, fixes: readonly Fix[], isWrong: Check, others: readonly Check[] = []): Fix[] {
  const silent = others.filter((other) => !other(input));
  return fixes.filter((fix) => {
    const after = afterFix(input, fix);
    return !isWrong(after) && !silent.some((other) => other(after));
  });
}

/** What to say where no fix is left, since each would ask the node for more than it has. */
export function adviceWithout(fixes: readonly Fix[]): { readonly advice?: string } {
  return fixes.length > 0
    ? {}
    : { advice: 'the node has no room for what is missing: give it more, or lower what other tiers request' };
}

/** The smallest whole number between the two for which it holds; undefined where it does not hold for the larger one. */
export function smallest(low: number, high: number, holds: (value: number) => boolean): number | undefined {
  if (!holds(high)) return undefined;
  let [below, enough] = [low - 1, high];
  while (enough - below > 1) {
    const middle = Math.floor((below + enough) / 2);
    if (holds(middle)) enough = middle;
    else below = middle;
  }
  return enough;
}
