import type { Random } from '../../controller/loop/clock.ts';

/** Reproducible chance: the same seed draws the same numbers (mulberry32, public domain). */
export function seeded(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A number of [from, to). */
export const between = (random: Random, from: number, to: number): number => from + (to - from) * random();

/** One of them; undefined: there is none. */
export const oneOf = <T>(random: Random, all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
