import { describe, expect, it } from 'vitest';
import { RULES } from '../charts/rule-book.ts';
import { admissionManifests, BINDING, POLICY } from './admission.ts';

interface Policy {
  readonly variables: ReadonlyArray<{ readonly name: string; readonly expression: string }>;
  readonly validations: ReadonlyArray<Readonly<Record<'expression' | 'message' | 'messageExpression', string>>>;
}

const [policy, binding] = admissionManifests({ team: 'shop' });
const { variables, validations } = (policy as unknown as { readonly spec: Policy }).spec;

describe('the policy of the findings', () => {
  it('only warns, and keeps nobody from applying', () => {
    expect(policy?.metadata).toEqual({ name: POLICY, labels: { team: 'shop' } });
    expect(policy?.spec).toMatchObject({ failurePolicy: 'Ignore' });
    expect(binding).toMatchObject({
      metadata: { name: BINDING },
      spec: { policyName: POLICY, validationActions: ['Warn'] },
    });
  });

  it('has each warning of the rule book, by its id', () => {
    const wanted = RULES.flatMap(({ id, admission = [] }) => admission.map(() => id));
    const ids = validations.map(({ message }) => /\(([A-Z]+-[0-9]{2})\)$/.exec(message)?.[1] ?? message);
    expect(ids.toSorted()).toEqual(wanted.toSorted());
    for (const { expression, message, messageExpression } of validations) {
      const id = /\(([A-Z]+-[0-9]{2})\)$/.exec(message)?.[1] ?? '';
      expect(expression).toMatch(new RegExp(`^'${id}' in variables\\.acknowledged \\|\\| !`));
      expect(messageExpression).toContain(`(${id})'`);
    }
  });

  it('says first what will be refused', () => {
    const grave = validations.map(({ messageExpression }) => messageExpression.includes('; refused as it is'));
    expect(grave).toEqual(grave.toSorted((a, b) => Number(b) - Number(a)));
    expect(grave).toContain(true);
  });

  it('reads no variable before it is there', () => {
    const known = new Set<string>();
    for (const { name, expression } of variables) {
      const read = [...expression.matchAll(/variables\.(\w+)/g)].map(([, other]) => other);
      expect(read.filter((other) => !known.has(other ?? ''))).toEqual([]);
      known.add(name);
    }
    expect(known.size).toBe(variables.length);
  });

  it('speaks in letters that every client reads in a header of HTTP', () => {
    const strange = validations.filter(({ messageExpression }) => /[^ -~]/.test(messageExpression));
    expect(strange).toEqual([]);
  });
});
