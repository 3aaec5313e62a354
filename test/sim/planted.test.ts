import { describe, expect, it, vi } from 'vitest';
import type * as Errors from '../../controller/cluster/errors.ts';
import type * as Ownership from '../../controller/cluster/ownership.ts';
import type * as ElectionRoom from '../../controller/leader/election.ts';
import type * as BackoffRoom from '../../controller/loop/backoff.ts';
import type * as QueueRoom from '../../controller/loop/queue.ts';
import type * as Conditions from '../../controller/reconcile/conditions.ts';
import type * as Planning from '../../controller/reconcile/plan.ts';
import { explore } from './explore.ts';

/**
 * Whether the oracles see anything: mistakes that an operator could have are planted in the real one, one at a time, and
 * the simulation has to find each. Nothing else here is replaced.
 */
const planted = vi.hoisted(() => ({ bug: '' }));
const isPlanted = (bug: string): boolean => planted.bug === bug;

vi.mock('../../controller/reconcile/plan.ts', async (original) => {
  const real = await original<typeof Planning>();
  const planChanges: typeof real.planChanges = (input) => {
    const plan = real.planChanges(input);
    return isPlanted('what is no longer wanted stays') ? { ...plan, prunes: [] } : plan;
  };
  const strangerOf: typeof real.strangerOf = (child, owner) =>
    isPlanted('whatever has the name is taken over') ? undefined : real.strangerOf(child, owner);
  return { ...real, planChanges, strangerOf };
});

vi.mock('../../controller/cluster/errors.ts', async (original) => {
  const real = await original<typeof Errors>();
  return {
    ...real,
    isTooOld: (error: unknown) => !isPlanted('410 is an error like any other') && real.isTooOld(error),
  };
});

vi.mock('../../controller/cluster/ownership.ts', async (original) => {
  const real = await original<typeof Ownership>();
  const ownershipHash: typeof real.ownershipHash = (object, manager) => {
    const hash = real.ownershipHash(object, manager);
    return hash !== undefined && isPlanted('drift is not seen') ? 'always the same' : hash;
  };
  return { ...real, ownershipHash };
});

vi.mock('../../controller/leader/election.ts', async (original) => {
  const real = await original<typeof ElectionRoom>();
  const createElection: typeof real.createElection = (options) => {
    const election = real.createElection(options);
    return { ...election, guard: () => (isPlanted('no fence') ? undefined : election.guard()) };
  };
  return { ...real, createElection };
});

vi.mock('../../controller/loop/backoff.ts', async (original) => {
  const real = await original<typeof BackoffRoom>();
  const createBackoff: typeof real.createBackoff = (random, options) => {
    const backoff = real.createBackoff(random, options);
    return { ...backoff, next: (key, pace) => (isPlanted('no backoff') ? 1 : backoff.next(key, pace)) };
  };
  return { ...real, createBackoff };
});

vi.mock('../../controller/loop/queue.ts', async (original) => {
  const real = await original<typeof QueueRoom>();
  const createQueue: typeof real.createQueue = (clock, observer) => {
    const queue = real.createQueue(clock, observer);
    const taken = new Set<string>();
    return {
      ...queue,
      take: async () => {
        const next = await queue.take();
        if (next !== undefined) taken.add(next.key);
        return next;
      },
      done: (key) => {
        taken.delete(key);
        queue.done(key);
      },
      add: (key, options) => {
        // What a pass itself asks for comes with a time.
        const isEvent = options?.afterMs === undefined;
        if (!(isPlanted('events during a pass are lost') && isEvent && taken.has(key))) queue.add(key, options);
      },
    };
  };
  return { ...real, createQueue };
});

vi.mock('../../controller/reconcile/conditions.ts', async (original) => {
  const real = await original<typeof Conditions>();
  const settleConditions: typeof real.settleConditions = (claims, before, at) =>
    real.settleConditions(claims, isPlanted('a transition at each pass') ? [] : before, at);
  return { ...real, settleConditions };
});

/** Each with the oracle that it breaks, and a seed from which it is found soon: some hundred schedules from any. */
const BUGS = [
  ['what is no longer wanted stays', 'O1', 3],
  ['whatever has the name is taken over', 'O3', 6],
  ['410 is an error like any other', 'O', 4],
  ['drift is not seen', 'O[14]', 3],
  ['no fence', 'O6', 3],
  ['no backoff', 'O5', 2],
  ['events during a pass are lost', 'O', 1],
  ['a transition at each pass', 'O2', 1],
] as const;

describe('the simulation finds that', () => {
  it.each(BUGS)('%s (%s)', async (bug, oracle, seed) => {
    planted.bug = bug;
    const { failure = '', count } = await explore({ count: 1_000, seed, shrinks: false });
    planted.bug = '';
    expect(failure).toMatch(new RegExp(`^${oracle}`));
    process.stderr.write(`planted: ${bug}: ${failure.split('\n')[0]} (${count} schedules)\n`);
  });
});
