import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../images/operator/bundle.ts';
import { readFacts, readProfiles } from '../../synth/offline.ts';
import { versions } from '../cluster/programs/catalog.ts';
import { ensureHelm } from '../cluster/programs/tools.ts';
import { progressPrinter } from '../cluster/progress-printer.ts';
import { benchRender } from './render.ts';
import { tableOf, writeReport } from './report.ts';
import { benchSynthesis } from './synthesize.ts';

/**
 * `make bench`: how fast a profile becomes objects, each figure beside one of another program's, taken in turn on the
 * same machine: the ratio holds where milliseconds do not. Says nothing about whether that is fast enough.
 */
const PROFILE = join(import.meta.dirname, '..', '..', 'examples', 'bahamm.yaml');

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
