import { KIND } from '../../crds/group.ts';
import { edit, NAMES } from './happening.ts';
import { synthesizeSmall } from './stack.ts';
import type { Wish } from './wish.ts';
import { build, type World } from './world.ts';

/**
 * Whether the operator forgets what it no longer needs: one process, simulated hours of edits, deletions and new
 * profiles, 100,000 passes. Run with `--expose-gc`; ends with code 1 when the heap has grown.
 */
const PASSES = Number(process.env.SIM_PASSES ?? 100_000);
/** What is kept for an hour (answers of processes that are gone) is there by then. */
const WARM = 0.4;
/** A leak of one small object a pass would be ten times as much. */
const MOST_BYTES_A_PASS = 8;

const collect = globalThis.gc;
if (collect === undefined) throw new Error('memory is measured with node --expose-gc');

let passes = 0;
const world = build(
  { seed: 1, replicas: 1, wishes: [], steps: [] },
  {
    synthesize: (profile, facts) => {
      passes += 1;
      return synthesizeSmall(profile, facts);
    },
  },
);

const wishOf = (turn: number): Wish => ({
  rate: 1 + (turn % 3),
  workers: 1 + (turn % 2),
  image: 1,
  migrates: turn % 5 === 0,
  frontend: turn % 7 > 3,
  database: turn % 11 > 5 ? 'Managed' : 'External',
  suspended: false,
  invalid: false,
});

/** Every minute an edit; every half hour another profile under the old name. */
function live({ person, server }: World, turn: number): void {
  const profile = turn % NAMES.length;
  if (turn % 30 === 0) person.remove(KIND, { namespace: 'web', name: NAMES[profile] ?? '' });
  edit(world, profile, wishOf(turn));
  // The server's own history is not the operator's.
  server.storage.compact();
}

const samples: { readonly passes: number; readonly heapBytes: number }[] = [];
for (let turn = 0; passes < PASSES; turn += 1) {
  live(world, turn);
  await world.time.runUntil(world.time.nowMs() + 30_000);
  if (turn % 100 !== 0) continue;
  collect();
  samples.push({ passes, heapBytes: process.memoryUsage().heapUsed });
}

/** Least squares. */
function slopeOf(points: readonly { readonly passes: number; readonly heapBytes: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map((point) => point.passes)), mean(points.map(({ heapBytes }) => heapBytes))];
  const above = points.reduce((sum, point) => sum + (point.passes - x) * (point.heapBytes - y), 0);
  return above / points.reduce((sum, point) => sum + (point.passes - x) ** 2, 0);
}

const warm = samples.filter((sample) => sample.passes >= PASSES * WARM);
const slope = slopeOf(warm);
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
process.stdout.write(
  `${passes} passes in ${Math.round(world.time.nowMs() / 3_600_000)} simulated hours: the heap grows by ${slope.toFixed(2)} bytes a pass, ${mebibytes(warm[0]?.heapBytes ?? 0)} to ${mebibytes(warm.at(-1)?.heapBytes ?? 0)} MiB\n`,
);
process.exitCode = slope <= MOST_BYTES_A_PASS ? 0 : 1;
