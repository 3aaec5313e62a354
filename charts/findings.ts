import type { Spec } from '../crds/performance-profile.ts';
import type { Effective, KnobPath, KnobValue } from './effective.ts';
import type { Facts } from './facts.ts';

/** Error: refused unless acknowledged by id. Warning and Info: admitted, and said. */
export type Severity = 'Error' | 'Warning' | 'Info';

/** One way out: fields of the spec and the values that mend it, all of them together. */
export type Fix = { readonly [P in KnobPath]?: KnobValue<P> };

/** What the rule book has to say about a profile. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly path: string;
  /** What is wrong, with the numbers in it. */
  readonly message: string;
  /** What to set, to what, in words: the alternatives of `fixes`. */
  readonly fix: string;
  /** The same as values: each of them alone clears the finding. The first is the one that we would take. */
  readonly fixes: readonly Fix[];
  readonly acknowledged: boolean;
}

/** What a rule says when it is broken. */
export interface Violation {
  readonly severity: Severity;
  readonly message: string;
  readonly fixes: readonly Fix[];
  /** The field, where it is not the one of the rule. */
  readonly path?: KnobPath;
  /** Advice that is no field of the spec, for example what to do on the node. */
  readonly advice?: string;
}

/** All that a rule may look at. */
export interface RuleInput {
  readonly spec: Spec;
  readonly effective: Effective;
  readonly facts: Facts;
}

/** One rule of the rule book. Pure and total: no input makes it throw. */
export interface Rule {
  readonly id: string;
  readonly path: KnobPath;
  readonly check: (input: RuleInput) => Violation | undefined;
}

/** Runs all rules in order. Acknowledged errors stay visible. */
export function checkRules(rules: readonly Rule[], input: RuleInput): Finding[] {
  const acknowledged = new Set(input.spec.policy?.acknowledge ?? []);
  return rules.flatMap((rule) => {
    const violation = rule.check(input);
    if (violation === undefined) return [];
    const { severity, message, fixes } = violation;
    const fix = fixText(violation);
    return [
      {
        id: rule.id,
        severity,
        path: violation.path ?? rule.path,
        message,
        fix,
        fixes,
        acknowledged: acknowledged.has(rule.id),
      },
    ];
  });
}

/** `set a to 1 and b to 2, or c to 3`. */
function fixText({ fixes, advice }: Violation): string {
  const alternatives = fixes.map((fix) =>
    Object.entries(fix)
      .map(([path, value]) => `${path} to ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' and '),
  );
  const settings = alternatives.length === 0 ? [] : [`set ${alternatives.join(', or ')}`];
  return [...settings, ...(advice === undefined ? [] : [advice])].join('; or ');
}

/** The findings because of which a profile is refused. */
export function blocking(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'Error' && !finding.acknowledged);
}
