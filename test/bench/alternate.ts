/** Something whose duration is of interest. */
export interface Case {
  readonly name: string;
  /** Does it once, and says how long it took in milliseconds. */
  readonly measure: () => number;
}

/** The durations of a case in milliseconds: two a round, in the order in which they were taken. */
export interface Series {
  readonly name: string;
  readonly samples: readonly number[];
}

/**
 * Measures cases in turn, each round forth and back (A-B-B-A): whatever slows the machine for a while, or more and
 * more, falls on all of them alike. One round before is not counted.
 */
export function alternate(cases: readonly Case[], rounds: number): Series[] {
  const samples = cases.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const index of [...cases.keys(), ...[...cases.keys()].reverse()]) {
      const duration = cases[index]?.measure() ?? Number.NaN;
      if (round >= 0) samples[index]?.push(duration);
    }
  }
  return cases.map(({ name }, index) => ({ name, samples: samples[index] ?? [] }));
}

/** How often the one is as long as the other, round by round. */
export function ratiosOf(one: Series, other: Series): number[] {
  const rounds = Math.floor(one.samples.length / 2);
  const ofRound = ({ samples }: Series, round: number) => (samples[2 * round] ?? 0) + (samples[2 * round + 1] ?? 0);
  return Array.from({ length: rounds }, (_, round) => ofRound(one, round) / ofRound(other, round));
}

/** The smallest sample that at least this share of all is not above. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
