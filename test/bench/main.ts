import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../images/operator/bundle.ts';
import { readFacts, readProfiles } from '../../synth/offline.ts';
import { versions } from '../cluster/programs/catalog.ts';
import { ensureHelm } from '../cluster/programs/tools.ts';
import { progressPrinter } from '../cluster/progress-printer.ts';
import { benchLoop } from './loop/main.ts';
import { benchRender } from './render.ts';
import { tableOf, writeReport } from './report.ts';
import { benchSynthesis } from './synthesize.ts';

/**
 * `make bench`: how fast a profile becomes objects, and how fast the operator is with many of them, each figure beside
 * one of another program's, taken in turn on the same machine: the ratio holds where milliseconds do not. Says nothing
 * about whether that is fast enough. BENCH_ONLY=render or loop leaves out the other one.
 */
const PROFILE = join(import.meta.dirname, '..', '..', 'examples', 'bahamm.yaml');

const only = process.env.BENCH_ONLY;
if (only !== undefined && only !== 'render' && only !== 'loop') {
  throw new Error(`BENCH_ONLY is ${only}: it is render, loop, or left out for both`);
}
if (only !== 'loop') await benchRendering();
if (only !== 'render') await benchLoop();

async function benchRendering(): Promise<void> {
  const [profile] = readProfiles(PROFILE);
  if (profile === undefined) throw new Error(`no profile in ${PROFILE}`);
  const helm = await ensureHelm(progressPrinter(process.stderr));
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-bench-'));
  try {
    await bundle({ outFolder: join(folder, 'dist') });
    const benchmarks = [
      benchSynthesis(profile, readFacts(undefined)),
      benchRender({ pitcrew: join(folder, 'dist', 'pitcrew.js'), helm, folder }, PROFILE),
    ];
    process.stdout.write(benchmarks.map((benchmark) => `\n${tableOf(benchmark)}`).join(''));
    const path = writeReport(benchmarks, { node: process.version, helm: `v${versions.helm}` });
    process.stdout.write(`\nall samples: ${path}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
