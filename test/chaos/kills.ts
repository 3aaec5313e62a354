import type { OperatorProcess } from '../contract/replica.ts';
import { waitFor } from '../support/kubectl.ts';
import type { Asked } from './asked.ts';
import type { Place } from './site.ts';

/** Before the API server hears of the write, or after it has done it and before the operator hears of that. */
export type Moment = 'before' | 'after';

/** At which write of an operator something happens. */
export interface Cut {
  /** From 1. */
  readonly k: number;
  readonly moment: Moment;
}

/** What was cut and when. */
export interface Cutting {
  /** The write at which it happened; undefined: so many were not made. */
  readonly at: () => Asked | undefined;
  readonly count: () => number;
}

/** Acts at the k-th write from now on. From then on nothing of the operator comes through, until another hook is set. */
export function cutAt(place: Place, { k, moment }: Cut, act: () => Promise<void>): Cutting {
  let count = 0;
  let chosen: Asked | undefined;
  let over: Asked | undefined;
  place.proxy.hook = async (asked, now) => {
    if (over !== undefined) return false;
    if (now === 'before') {
      count += 1;
      if (count === k) chosen = asked;
    }
    if (asked !== chosen || now !== moment) return true;
    over = asked;
    await act();
    return false;
  };
  return { at: () => over, count: () => count };
}

/** Ends the process as the kernel does, and sees it gone. */
export async function kill(operator: OperatorProcess): Promise<void> {
  operator.kill('SIGKILL');
  await operator.ended;
}

/** Waits until it has happened, or the work is done without. */
export async function untilCut(
  place: Place,
  operator: OperatorProcess,
  cutting: Cutting,
  dies = true,
): Promise<boolean> {
  await waitFor(
    `write ${cutting.count()} and more, or the end of the work`,
    async () => {
      if (cutting.at() !== undefined) return !dies || !operator.isRunning();
      await place.ready(0);
      return true;
    },
    120_000,
  );
  place.proxy.hook = async () => true;
  return cutting.at() !== undefined;
}

/** Runs all, a few at a time; returns what went wrong, by what it was. */
export async function inLanes<T>(lanes: number, all: readonly T[], run: (one: T) => Promise<void>): Promise<string[]> {
  const left = [...all];
  const wrong: string[] = [];
  const lane = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      await run(one).catch((error) => wrong.push(`${JSON.stringify(one)}: ${error.message}`));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return wrong;
}

/** Every write, before and after it; or a few of them that a seed chooses. */
export function cutsOf(writes: number, sample: { readonly seed: number; readonly size: number } | undefined): Cut[] {
  const all = Array.from({ length: writes }, (_, index) => index + 1).flatMap((k): Cut[] => [
    { k, moment: 'before' },
    { k, moment: 'after' },
  ]);
  if (sample === undefined) return all;
  let state = sample.seed;
  // Any generator will do that gives the same for the same seed: the one of Numerical Recipes.
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: sample.size }, () => all.splice(Math.floor(next() * all.length), 1)).flat();
}
