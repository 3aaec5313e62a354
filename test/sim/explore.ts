import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import { type Schedule, schedules } from './schedule.ts';
import { type Report, type SimulationOptions, simulate } from './world.ts';

/** How many schedules, which ones, and whether one of them alone. */
export interface Exploration {
  readonly count: number;
  readonly seed: number;
  /** As a failure has told it: only that schedule is played. */
  readonly path?: string | undefined;
  /** False: the first failure will do, it need not be the smallest. */
  readonly shrinks?: boolean | undefined;
}

/** What was seen of all schedules. */
export interface Explored {
  readonly count: number;
  readonly requests: number;
  /** Most requests of one process in a second, and in a minute. */
  readonly peaks: Report['peaks'];
  /** The smallest schedule that breaks an oracle, its story, and how to see it again. */
  readonly failure?: string;
}

/** Plays schedules until one breaks an oracle, and then finds the smallest one like it. */
export async function explore(
  { count, seed, path, shrinks = true }: Exploration,
  options: SimulationOptions = {},
): Promise<Explored> {
  const seen = { count: 0, requests: 0, peaks: { second: 0, minute: 0 } };
  const property = fc.asyncProperty(schedules(), async (schedule) => {
    const { violations, requests, peaks } = await simulate(schedule, options);
    seen.count += 1;
    seen.requests += requests;
    seen.peaks = {
      second: Math.max(seen.peaks.second, peaks.second),
      minute: Math.max(seen.peaks.minute, peaks.minute),
    };
    return violations.length === 0;
  });
  const replayed = path === undefined ? {} : { path };
  const found = await fc.check(property, { numRuns: count, seed, ...replayed, endOnFailure: true });
  const { counterexample, counterexamplePath } = found;
  if (!found.failed || counterexample === null || counterexamplePath === null) return seen;
  const explored = { ...seen };
  const smaller = shrinks && path === undefined ? await shrunk(property, seed, counterexamplePath) : undefined;
  const again = `SIM_SEED=${seed} SIM_PATH=${smaller?.path ?? counterexamplePath} make sim`;
  return { ...explored, failure: await tell(smaller?.schedule ?? counterexample[0], again, options) };
}

/** A schedule that fails takes simulated hours, and there are many smaller ones: as small as it gets in this time. */
const SHRINKING_MS = 60_000;

async function shrunk(property: fc.IAsyncProperty<[Schedule]>, seed: number, path: string) {
  const limit = { interruptAfterTimeLimit: SHRINKING_MS, markInterruptAsFailure: true };
  const { counterexample, counterexamplePath } = await fc.check(property, { seed, path, ...limit });
  return counterexample === null ? undefined : { schedule: counterexample[0], path: counterexamplePath };
}

const TOLD = 80;

async function tell(schedule: Schedule, again: string, options: SimulationOptions): Promise<string> {
  const { violations, story } = await simulate(schedule, { ...options, tells: true });
  const what = violations.length === 0 ? ['no violation this time: the simulation is not reproducible'] : violations;
  return [...what, '', ...story.slice(-TOLD), '', JSON.stringify(schedule), '', `again: ${again}`].join('\n');
}

/** Shares of a count for as many processes as there are processors. */
export function shares(count: number, most = availableParallelism()): number[] {
  const workers = Math.max(1, Math.min(most, count));
  return Array.from({ length: workers }, (_, index) => Math.floor((count + index) / workers));
}
