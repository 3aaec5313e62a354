import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../../images/operator/bundle.ts';
import { prepareMachine } from '../../cluster/cluster.ts';
import { ensureTwin } from '../../cluster/programs/tools.ts';
import { progressPrinter } from '../../cluster/progress-printer.ts';
import { type Contestant, pitcrew, twin } from './contestant.ts';
import { templatesOf } from './profile.ts';
import { tablesOf, writeLoopReport } from './report.ts';
import { playRound, type Round } from './runs.ts';

/** How much is measured; each can be set by the environment. */
interface Settings {
  /** BENCH_PROFILES=50,200,500: sizes of the burst; after the largest comes all the rest. */
  readonly sizes: readonly number[];
  /** BENCH_ROUNDS=1: times that each size is played forth and back. */
  readonly rounds: number;
  /** BENCH_EDIT_SECONDS=60. */
  readonly editSeconds: number;
  /** BENCH_PLAIN=true: the plain variant once, too. */
  readonly plain: boolean;
}

function settingsOf(env: NodeJS.ProcessEnv): Settings {
  return {
    sizes: (env.BENCH_PROFILES ?? '50,200,500')
      .split(',')
      .map(Number)
      .sort((one, other) => one - other),
    rounds: Number(env.BENCH_ROUNDS ?? 1),
    editSeconds: Number(env.BENCH_EDIT_SECONDS ?? 60),
    plain: env.BENCH_PLAIN === 'true',
  };
}

/** The operator's loop beside its twin in Go, on a real API server, in turn: ours, Go, Go, ours. */
export async function benchLoop(): Promise<void> {
  const settings = settingsOf(process.env);
  const onProgress = progressPrinter(process.stderr);
  await prepareMachine(['cluster'], onProgress);
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-bench-loop-'));
  try {
    const dist = join(folder, 'dist');
    await bundle({ outFolder: dist });
    const templates = join(folder, 'templates.json');
    writeFileSync(templates, JSON.stringify(templatesOf()));
    const programs = { dist, twin: await ensureTwin(onProgress), templates, folder };
    const [ours, tuned] = [pitcrew(programs), twin(programs, 'tuned')];
    const rounds: Round[] = [];
    for (const [contestant, profiles] of orderOf(settings, ours, tuned, twin(programs, 'plain'))) {
      process.stderr.write(`${contestant.name}, ${profiles} profiles\n`);
      const whole = profiles === settings.sizes.at(-1);
      rounds.push(await playRound({ contestant, profiles, whole, editSeconds: settings.editSeconds, folder }));
    }
    process.stdout.write(tablesOf(rounds));
    process.stdout.write(`\nall figures: ${writeLoopReport(rounds)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function orderOf(settings: Settings, ours: Contestant, tuned: Contestant, plain: Contestant): [Contestant, number][] {
  const { sizes, rounds } = settings;
  const turns = sizes.flatMap((size) =>
    Array.from({ length: rounds }).flatMap(() =>
      [ours, tuned, tuned, ours].map((contestant): [Contestant, number] => [contestant, size]),
    ),
  );
  return settings.plain ? [...turns, [plain, sizes.at(-1) ?? 0]] : turns;
}
