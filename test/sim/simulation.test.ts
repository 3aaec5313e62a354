import { describe, expect, it } from 'vitest';
import { synthesize } from '../../synth/synthesize.ts';
import { explore } from './explore.ts';
import { IMAGES, synthesizeSmall } from './stack.ts';
import { simulate } from './world.ts';

/**
 * The whole operator against an API server in memory, under virtual time, while everything around it fails by a
 * schedule. Oracles: O1 what is owned is what was rendered, O2 nothing is written once all is settled, O3 nothing of
 * others is touched and nothing hangs on what is gone, O4 all is settled in time after the faults, O5 requests are
 * bounded, O6 only who holds the Lease writes.
 */
const COUNT = Number(process.env.SIM_COUNT ?? 2_000);

const PLAIN = { rate: 1, workers: 1, image: 1, migrates: true, frontend: true, suspended: false, invalid: false };

describe('the operator', () => {
  it(`keeps to its oracles in ${COUNT} fault schedules`, { timeout: 600_000 }, async () => {
    const { failure } = await explore({ count: COUNT, seed: 1 });
    expect(failure ?? '').toBe('');
  });

  it('keeps to them with the real stacks', { timeout: 120_000 }, async () => {
    const real: typeof synthesize = (profile, facts) => {
      const { image } = profile.spec.backend;
      return image === IMAGES.throws ? synthesizeSmall(profile, facts) : synthesize(profile, facts);
    };
    const { failure } = await explore({ count: 10, seed: 1 }, { synthesize: real });
    expect(failure ?? '').toBe('');
  });

  it('does the same in the same schedule', async () => {
    const wishes = [{ ...PLAIN, database: 'Managed' as const }];
    const kill = { do: 'kill', process: 0, afterWrites: 5, done: true } as const;
    const schedule = { seed: 7, replicas: 2, wishes, steps: [{ atMs: 10, action: kill }] };
    const [first, second] = [await simulate(schedule, { tells: true }), await simulate(schedule, { tells: true })];
    expect(second).toEqual(first);
    expect(first.writes).toBeGreaterThan(10);
  });
});
