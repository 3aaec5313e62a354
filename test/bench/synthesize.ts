import type { Facts } from '../../charts/facts.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { alternate } from './alternate.ts';
import type { Benchmark } from './report.ts';

const ROUNDS = 500;

/** How long a profile takes to become objects in a process that has done it before, beside JSON of the same objects. */
export function benchSynthesis(profile: Profile, facts: Facts): Benchmark {
  const objects = synthesize(profile, facts).objects.map(({ object }) => object);
  const subject = () => synthesize(profile, facts);
  const anchor = () => JSON.parse(JSON.stringify(objects));
  for (let round = 0; round < ROUNDS; round++) [subject(), anchor()];
  const series = alternate(
    [
      { name: 'derive, check, synthesize', measure: () => timed(subject) },
      { name: 'the objects to JSON and back', measure: () => timed(anchor) },
    ],
    ROUNDS,
  );
  return { title: `one profile to ${objects.length} objects, in a warm process`, series, anchor: 1 };
}

function timed(work: () => unknown): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
