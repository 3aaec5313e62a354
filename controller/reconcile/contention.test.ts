import { describe, expect, it } from 'vitest';
import { contentionMessage, type Fight, isContended, isSuspicious, mustWait, repaired } from './contention.ts';
import { STAMPED } from './fixtures.ts';

const stamped = STAMPED.find(({ ref }) => ref === 'Deployment/shop-frontend') as (typeof STAMPED)[number];
const RIVAL = { manager: 'helm', field: 'spec.replicas', more: 0 };

/** A rival that undoes each repair at once, for so long; what was repaired when, in seconds. */
function fightFor(seconds: number): { readonly fight: Fight; readonly repairs: number[] } {
  let fight: Fight | undefined;
  const repairs: number[] = [];
  for (let second = 0; second <= seconds; second += 1) {
    if (mustWait(fight, stamped, second * 1000)) continue;
    fight = repaired(fight, stamped, second * 1000, RIVAL);
    repairs.push(second);
  }
  return { fight: fight as Fight, repairs };
}

describe('a repair that is undone', () => {
  it('is made at once four times, then at growing distance up to the cap', () => {
    const { repairs } = fightFor(1_500);
    expect(repairs).toEqual([0, 1, 2, 3, 4, 14, 34, 74, 154, 314, 614, 914, 1214]);
  });

  it('is contended from the fifth on, and worth asking who it is just before', () => {
    const fourth = fightFor(3).fight;
    expect([isContended(fourth, 3_000), isSuspicious(fourth, stamped)]).toEqual([false, true]);
    expect(isSuspicious(fightFor(2).fight, stamped)).toBe(false);
    expect(isContended(fightFor(4).fight, 4_000)).toBe(true);
  });

  it('is no fight when it happens now and then', () => {
    let fight: Fight | undefined;
    for (let minute = 0; minute < 30; minute += 1) fight = repaired(fight, stamped, minute * 16_000, RIVAL);
    expect(fight?.level).toBe(0);
  });

  it('is settled when it has stood for ten seconds, and remembered for longer', () => {
    const { fight } = fightFor(14);
    expect([isContended(fight, 23_900), isContended(fight, 24_000)]).toEqual([true, false]);
    // Undone after all: the pause that it had earned still holds.
    expect(mustWait(fight, stamped, 33_000)).toBe(true);
    expect(repaired(fight, stamped, 40_000).level).toBe(3);
  });

  it('is a new story when it was left alone for a minute, or when something else is wanted', () => {
    const { fight } = fightFor(4);
    expect(repaired(fight, stamped, 64_000)).toMatchObject({ level: 0, repairedAtMs: [64_000] });
    const edited = { ...stamped, desired: 'another content' };
    expect(mustWait(fight, edited, 5_000)).toBe(false);
    expect(repaired(fight, edited, 5_000)).toMatchObject({ level: 0, repairedAtMs: [5_000] });
  });
});

describe('what is said', () => {
  it('names manager and field, and is the same all the time', () => {
    expect(contentionMessage(fightFor(4).fight)).toMatch(/^manager "helm" sets spec\.replicas, as often as/);
    expect(contentionMessage(fightFor(400).fight)).toBe(contentionMessage(fightFor(4).fight));
  });

  it.each([
    [undefined, /^somebody deletes it, as/],
    [{ manager: 'kubectl-edit', field: undefined, more: 0 }, /^manager "kubectl-edit" changes it, as/],
    [{ ...RIVAL, more: 2 }, /^manager "helm" sets spec\.replicas and 2 more, as/],
  ])('of %j', (rival, text) => {
    expect(contentionMessage({ ...fightFor(4).fight, rival })).toMatch(text);
  });
});
