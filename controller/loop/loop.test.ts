import { describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock, settle } from './fake-clock.ts';
import { createLoop, type LoopOptions, type Pass, PassCutOff, type PassReport } from './loop.ts';
import type { Outcome } from './outcome.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly loop: ReturnType<typeof createLoop>;
  readonly runs: string[];
  readonly reports: PassReport[];
}

/** A running loop on a standing clock whose passes end as told. */
function bench(pass: Pass | Outcome, options: Partial<LoopOptions> = {}): Bench {
  const clock = createFakeClock();
  const runs: string[] = [];
  const reports: PassReport[] = [];
  const run: Pass = typeof pass === 'function' ? pass : async () => pass;
  let id = 0;
  const loop = createLoop({
    clock,
    random: () => 0,
    newId: () => `pass-${++id}`,
    observer: { passEnded: (report) => reports.push(report) },
    pass: (key, context) => {
      runs.push(`${key}@${clock.nowMs()}`);
      return run(key, context);
    },
    ...options,
  });
  loop.start();
  return { clock, loop, runs, reports };
}

const never = new Promise<never>(() => undefined);
const untilAborted: Pass = (_key, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('loop', () => {
  it('leaves a settled key alone', async () => {
    const { clock, loop, runs, reports } = bench({ kind: 'settled' });
    loop.add('a');
    await clock.advance(3_600_000);
    expect(runs).toEqual(['a@0']);
    expect(reports[0]).toMatchObject({ key: 'a', reconcileId: 'pass-1', againAfterMs: undefined, late: false });
  });

  it('comes back to a settled key when a resync was asked for, at low priority', async () => {
    const priorities: number[] = [];
    const { clock, loop, runs } = bench(
      { kind: 'settled', resyncAfterMs: 600_000 },
      { observer: { taken: ({ priority }) => priorities.push(priority) } },
    );
    loop.add('a');
    await clock.advance(600_000);
    expect(runs).toEqual(['a@0', 'a@600000']);
    expect(priorities).toEqual([0, -100]);
  });

  it('waits as told, without backing off', async () => {
    const { clock, loop, runs, reports } = bench({ kind: 'waiting', afterMs: 2_000, reason: 'RollingOut' });
    loop.add('a');
    await clock.advance(6_000);
    expect(runs).toEqual(['a@0', 'a@2000', 'a@4000', 'a@6000']);
    expect(reports.every(({ failuresInARow }) => failuresInARow === 0)).toBe(true);
  });

  it('never retries what is invalid, until a new event', async () => {
    const { clock, loop, runs } = bench({ kind: 'invalid' });
    loop.add('a');
    await clock.advance(3_600_000);
    loop.add('a');
    await settle();
    expect(runs).toEqual(['a@0', 'a@3600000']);
  });

  it('backs off from failures and starts over after a success', async () => {
    const outcomes: Outcome[] = [];
    const failed: Outcome = { kind: 'failed', failure: { pace: 'backoff', message: 'down' } };
    outcomes.push(failed, failed, failed, { kind: 'settled' }, failed, { kind: 'settled' });
    const { clock, loop, runs } = bench(async () => outcomes.shift() ?? { kind: 'settled' });
    loop.add('a');
    await clock.advance(100);
    loop.add('a');
    await clock.advance(100);
    expect(runs).toEqual(['a@0', 'a@5', 'a@15', 'a@35', 'a@100', 'a@105']);
  });

  it('waits at least as long as the server asked', async () => {
    const { clock, loop, runs } = bench({
      kind: 'failed',
      failure: { pace: 'backoff', message: 'busy', retryAfterMs: 3_000 },
    });
    loop.add('a');
    await clock.advance(3_000);
    expect(runs).toEqual(['a@0', 'a@3000']);
  });

  it('lets an event cut a backoff short', async () => {
    const { clock, loop, runs } = bench({ kind: 'failed', failure: { pace: 'slow', message: 'refused' } });
    loop.add('a');
    await clock.advance(1_000);
    loop.add('a');
    await settle();
    expect(runs).toEqual(['a@0', 'a@1000']);
  });

  it('contains a throw, counts it as failed, and goes on with other keys', async () => {
    const bug = new TypeError('x is undefined');
    const { clock, loop, runs, reports } = bench(async (key) => {
      if (key === 'poison') throw bug;
      return { kind: 'settled' };
    });
    loop.add('poison');
    loop.add('good');
    await clock.advance(5);
    expect(runs).toEqual(['poison@0', 'good@0', 'poison@5']);
    expect(reports[0]).toMatchObject({ thrown: bug, outcome: { failure: { message: 'internal error' } } });
  });

  it('contains a throw before the first await, and what observers throw', async () => {
    const { clock, loop, runs } = bench(
      () => {
        throw new Error('at once');
      },
      {
        observer: {
          passEnded: () => {
            throw new Error('observer');
          },
        },
      },
    );
    loop.add('a');
    await clock.advance(5);
    expect(runs).toEqual(['a@0', 'a@5']);
  });

  it('asks what a thrown error means', async () => {
    const { clock, loop, runs } = bench(() => Promise.reject(new Error('no route')), {
      failureOf: () => ({ pace: 'slow', message: 'classified' }),
    });
    loop.add('a');
    await clock.advance(30_000);
    expect(runs).toEqual(['a@0', 'a@30000']);
  });

  it('runs as many passes at a time as it has workers, and one per key', async () => {
    const { clock, loop, runs } = bench(() => never, { workers: 2 });
    for (const key of ['a', 'a', 'b', 'c']) loop.add(key);
    await clock.advance(0);
    loop.add('a');
    await clock.advance(10);
    expect(runs).toEqual(['a@0', 'b@0']);
    expect(loop.stats()).toMatchObject({ processing: 2, workers: 2, longestPassMs: 10 });
  });

  it('aborts a pass at its deadline and treats it as failed', async () => {
    const { clock, loop, reports } = bench(untilAborted);
    loop.add('a');
    await clock.advance(59_999);
    expect(reports).toEqual([]);
    await clock.advance(1);
    expect(reports[0]).toMatchObject({ late: true, outcome: { kind: 'failed' }, durationMs: 60_000 });
    expect(reports[0]?.thrown).toBeInstanceOf(PassCutOff);
  });

  it('takes keys before it is started', async () => {
    const clock = createFakeClock();
    const runs: string[] = [];
    const loop = createLoop({
      clock,
      pass: async (key) => {
        runs.push(key);
        return { kind: 'settled' };
      },
    });
    loop.add('a');
    await clock.advance(1_000);
    expect(runs).toEqual([]);
    loop.start();
    await settle();
    expect(runs).toEqual(['a']);
    expect(() => loop.start()).toThrow('already running');
  });

  it('stops when the running passes have ended, and takes nothing new', async () => {
    let end: (outcome: Outcome) => void = () => undefined;
    const { clock, loop, runs } = bench(() => new Promise((resolve) => (end = resolve)), { workers: 1 });
    loop.add('a');
    loop.add('b');
    await settle();
    const stopped = loop.stop();
    await clock.advance(10_000);
    end({ kind: 'waiting', afterMs: 1, reason: 'again' });
    expect(await stopped).toEqual({ cutOff: [] });
    await clock.advance(60_000);
    expect(runs).toEqual(['a@0']);
    expect(clock.pending()).toBe(0);
  });

  it('cuts off what has not ended after the grace period, and says what', async () => {
    const { clock, loop, reports } = bench(untilAborted);
    loop.add('a');
    await settle();
    const stopped = loop.stop();
    await clock.advance(25_000);
    expect(await stopped).toEqual({ cutOff: ['a'] });
    await settle();
    expect(reports[0]?.thrown).toMatchObject({ why: 'shutdown' });
  });

  it('stops without ever having been started', async () => {
    const clock = createFakeClock();
    const loop = createLoop({ clock, pass: () => never });
    expect(await loop.stop()).toEqual({ cutOff: [] });
  });
});
