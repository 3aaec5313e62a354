import { performance } from 'node:perf_hooks';
import { readFacts, readProfiles } from '../../synth/offline.ts';
import { synthesize } from '../../synth/synthesize.ts';

/**
 * How long a profile takes to become objects, warm, beside writing and reading the same objects as JSON in the
 * same run: the ratio holds where milliseconds of a shared machine do not.
 */
const ROUNDS = 400;
const [profile] = readProfiles('examples/bahamm-seed.yaml');
if (profile === undefined) throw new Error('no profile');
const facts = readFacts(undefined);
const objects = synthesize(profile, facts).objects.map(({ object }) => object);

function timed(work: () => unknown): number[] {
  for (let round = 0; round < ROUNDS / 4; round++) work();
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    work();
    samples.push(performance.now() - start);
  }
  return samples.sort((a, b) => a - b);
}

const quantile = (samples: readonly number[], share: number): number =>
  samples[Math.floor(samples.length * share)] ?? 0;
const synthesis = timed(() => synthesize(profile, facts));
const anchor = timed(() => JSON.parse(JSON.stringify(objects)));
const row = (name: string, samples: readonly number[]) =>
  `${name.padEnd(34)} p50 ${quantile(samples, 0.5).toFixed(2)} ms   p99 ${quantile(samples, 0.99).toFixed(2)} ms`;

process.stdout.write(`${row(`derive, check, synthesize (${objects.length} objects)`, synthesis)}\n`);
process.stdout.write(`${row('the same objects to JSON and back', anchor)}\n`);
process.stdout.write(`ratio of the medians: ${(quantile(synthesis, 0.5) / quantile(anchor, 0.5)).toFixed(1)}\n`);
