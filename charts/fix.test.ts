import { describe, expect, it } from 'vitest';
import type { Spec } from '../crds/performance-profile.ts';
import { checkRules, REMOVE, type Rule } from './findings.ts';
import { withFix } from './fix.ts';
import { minimal } from './rules/testing/rows.ts';

const spec: Spec = {
  ...minimal,
  postgres: { storage: { size: '20Gi' }, parameters: { workMem: '1MB', minWalSize: '1GB' } },
};

describe('withFix', () => {
  it('sets values, also where there was nothing around them', () => {
    const fixed = withFix(spec, { 'postgres.parameters.workMem': '4MB', 'backend.pool.size': 6 });
    expect(fixed.postgres.parameters).toEqual({ workMem: '4MB', minWalSize: '1GB' });
    expect(fixed.backend.pool).toEqual({ size: 6 });
    expect(spec.postgres.parameters?.workMem).toBe('1MB');
  });

  it('removes a field, and leaves alone what has none', () => {
    expect(withFix(spec, { 'postgres.parameters.workMem': REMOVE }).postgres.parameters).toEqual({ minWalSize: '1GB' });
    expect(withFix(spec, { 'backend.pool.size': REMOVE })).toEqual(spec);
    expect('frontend' in withFix(spec, { frontend: REMOVE })).toBe(false);
  });
});

describe('what a finding says to do', () => {
  const say = (violation: object) => {
    const rule = { id: 'X-01', path: 'backend', check: () => violation } as unknown as Rule;
    return checkRules([rule], { spec } as never).map(({ fix }) => fix);
  };

  it.each([
    [[{ a: 1, b: 'x' }, { c: [2] }], 'set a to 1 and b to x, or c to [2]'],
    [[{ a: REMOVE }], 'remove a'],
    [[{ a: REMOVE, b: REMOVE }, { c: 1 }, { d: 2 }], 'remove a and b, or set c to 1, or d to 2'],
    [[{ a: 1, b: REMOVE }], 'set a to 1 and remove b'],
  ])('%j: %s', (fixes, text) => {
    expect(say({ severity: 'Error', message: 'm', fixes })).toEqual([text]);
    expect(say({ severity: 'Error', message: 'm', fixes, advice: 'wait' })).toEqual([`${text}; or wait`]);
  });

  it('is said of each violation of a rule', () => {
    const [one, two] = ['a', 'b'].map((path) => ({ severity: 'Info', message: path, path, fixes: [{ [path]: 1 }] }));
    expect(say([one, false, undefined, two] as object)).toEqual(['set a to 1', 'set b to 1']);
    expect(say([])).toEqual([]);
  });
});
