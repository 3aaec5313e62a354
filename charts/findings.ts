import type { Spec } from '../crds/performance-profile.ts';
import type { Cel, Message } from './admission/cel.ts';
import type { Effective, KnobPath, KnobValue } from './effective.ts';
import type { Facts } from './facts.ts';

/** Error: refused unless acknowledged by id. Warning and Info: admitted, and said. */
export type Severity = 'Error' | 'Warning' | 'Info';

/** In the place of a value: take the field out. The word of JSON merge patches (RFC 7396), so that a fix is one. */
export const REMOVE = null;

/** One way out: fields of the spec and the values that mend it, all of them together. */
export type Fix = { readonly [P in KnobPath]?: KnobValue<P> | typeof REMOVE };

/** What the rule book has to say about a profile. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly path: string;
  /** What is wrong, with the numbers in it. */
  readonly message: string;
  /** What to set, to what, and what to remove, in words: the alternatives of `fixes`. */
  readonly fix: string;
  /** The same as values: each of them alone clears the finding. The first is the one that we would take. */
  readonly fixes: readonly Fix[];
  readonly acknowledged: boolean;
}

/** What a rule says when it is broken: one finding. */
export interface Violation {
  readonly severity: Severity;
  readonly message: string;
  readonly fixes: readonly Fix[];
  /** The field, where it is not the one of the rule. No two violations of a rule have the same. */
  readonly path?: KnobPath;
  /** Advice that is no field of the spec, for example what to do on the node. */
  readonly advice?: string;
}

/** What a rule comes to: nothing, one violation, or several of one field each. In a list, what is false does not count. */
export type Verdict = Violation | undefined | ReadonlyArray<Violation | false | undefined>;

export function violationsOf(verdict: Verdict): readonly Violation[] {
  return [verdict].flat().filter((violation) => typeof violation === 'object');
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
  readonly check: (input: RuleInput) => Verdict;
  /** What of it the API server can tell by itself. */
  readonly admission?: readonly Admission[];
}

/**
 * A warning that `kubectl apply` shows: what the object alone tells, before the operator has seen it. It never says
 * what `check` would not find; it is silent where it cannot know.
 */
export interface Admission {
  /** When something is wrong. */
  readonly wrong: Cel;
  /** What it is, with the numbers, in one line. The id is added. */
  readonly says: Message;
  /** When it is an error, so that the operator refuses the profile. Left out: never. */
  readonly refused?: Cel | true;
  /** What clears it, as `Finding.fix` puts it (`set a to 1 and b to 2`, `remove c`), or advice. */
  readonly fix: Message;
}

/** Runs all rules in order. Acknowledged errors stay visible. */
export function checkRules(rules: readonly Rule[], input: RuleInput): Finding[] {
  const acknowledged = new Set(input.spec.policy?.acknowledge ?? []);
  return rules.flatMap(({ id, path, check }) =>
    violationsOf(check(input)).map((violation) => ({
      id,
      severity: violation.severity,
      path: violation.path ?? path,
      message: violation.message,
      fix: [waysText(violation.fixes), violation.advice ?? ''].filter((text) => text !== '').join('; or '),
      fixes: violation.fixes,
      acknowledged: acknowledged.has(id),
    })),
  );
}

/** `set a to 1 and b to 2, or remove c`: a verb stands until another one is needed. */
function waysText(fixes: readonly Fix[]): string {
  const steps = fixes.flatMap((fix, way) => stepsOf(fix, way === 0 ? '' : ', or '));
  return steps
    .map(({ joint, verb, rest }, index) => `${joint}${verb === steps[index - 1]?.verb ? '' : `${verb} `}${rest}`)
    .join('');
}

/** What is to be done for one fix, each step with what joins it to the one before. */
function stepsOf(fix: Fix, first: string): Array<{ joint: string; verb: 'set' | 'remove'; rest: string }> {
  return Object.entries(fix).map(([path, value], nth) => {
    const joint = nth === 0 ? first : ' and ';
    if (value === REMOVE) return { joint, verb: 'remove', rest: path };
    return { joint, verb: 'set', rest: `${path} to ${typeof value === 'string' ? value : JSON.stringify(value)}` };
  });
}

/** Each id once, in order: a rule may have found several things, and one acknowledgement accepts all of them. */
export const idsOf = (findings: readonly Finding[]): string[] => [...new Set(findings.map(({ id }) => id))];

/** The findings because of which a profile is refused. */
export function blocking(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'Error' && !finding.acknowledged);
}
