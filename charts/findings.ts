import type { Spec } from '../crds/performance-profile.ts';
import type { Effective, KnobPath } from './effective.ts';
import type { Facts } from './facts.ts';

/** Error: refused unless acknowledged by id. Warning and Info: admitted, and said. */
export type Severity = 'Error' | 'Warning' | 'Info';

/** What the rule book has to say about a profile. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly path: string;
  /** What is wrong, with the numbers in it. */
  readonly message: string;
  /** What to set, to what, in words. */
  readonly fix: string;
  readonly acknowledged: boolean;
}

/** What a rule says when it is broken. */
export interface Violation {
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
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
    return [{ id: rule.id, path: rule.path, acknowledged: acknowledged.has(rule.id), ...violation }];
  });
}

/** The findings because of which a profile is refused. */
export function blocking(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'Error' && !finding.acknowledged);
}
