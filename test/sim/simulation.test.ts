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
  it(`keeps to its oracles in ${COUNT} fault schedules`, async () => {
    const { failure } = await explore({ count: COUNT, seed: 1 });
    expect(failure ?? '').toBe('');
  });

  it('keeps to them with the real stacks', async () => {
    const real: typeof synthesize = (profile, facts) => {
      const { image } = profile.spec.backend;
      return image === IMAGES.throws ? synthesizeSmall(profile, facts) : synthesize(profile, facts);
    };
    const { failure } = await explore({ count: 10, seed: 1 }, { synthesize: real });
    expect(failure ?? '').toBe('');
  });

  it('takes nothing back that was let go with its profile, also where the profile is told of late', async () => {
    const late = { do: 'lines', fault: 'delay', share: 0.4, process: undefined, forMs: 5_000 } as const;
    const letGo = { do: 'delete', profile: 0, propagation: 'Orphan' } as const;
    const wishes = [{ ...PLAIN, database: 'External' as const }];
    const steps = [
      { atMs: 10_000, action: late },
      { atMs: 10_100, action: letGo },
    ];
    const reports = [];
    for (let seed = 1; seed <= 40; seed += 1) reports.push(await simulate({ seed, replicas: 1, wishes, steps }));
    expect(reports.map(({ collected }) => collected)).toEqual(reports.map(() => 0));
    expect(reports.flatMap(({ violations }) => violations)).toEqual([]);
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
