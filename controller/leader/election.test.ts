import { describe, expect, it, vi } from 'vitest';
import { classify } from '../cluster/classify.ts';
import { ApiError } from '../cluster/errors.ts';
import type { Clock } from '../loop/clock.ts';
import { createFakeClock, settle } from '../loop/fake-clock.ts';
import { createElection, type Election, JITTER, LEASE_MS, LOOK_MS, RENEW_DEADLINE_MS, RENEW_MS } from './election.ts';
import { createFakeLeaseServer } from './fake-lease-store.ts';

/** A process's own clock: it may run at another rate, and the process may be stopped while it goes on. */
interface ProcessClock extends Clock {
  stop: () => void;
  resume: () => void;
}

function processClock(real: Clock, rate: number): ProcessClock {
  let stopped = false;
  let late: (() => void)[] = [];
  return {
    nowMs: () => 5_000 + real.nowMs() * rate,
    after: (delayMs, run) => {
      let cancelled = false;
      const due = () => (stopped ? late.push(due) : cancelled || run());
      const cancel = real.after(delayMs / rate, due);
      return () => {
        cancelled = true;
        cancel();
      };
    },
    stop: () => {
      stopped = true;
    },
    resume: () => {
      stopped = false;
      for (const run of late.splice(0)) run();
      late = [];
    },
  };
}

function bench() {
  const clock = createFakeClock();
  const server = createFakeLeaseServer(clock);
  const all: { readonly name: string; readonly election: Election }[] = [];
  const leaders = () => all.filter(({ election }) => election.leads()).map(({ name }) => name);

  const candidate = async (name: string, { rate = 1, random = 0.5 } = {}) => {
    const own = processClock(clock, rate);
    const network = server.connect(own);
    const onLost = vi.fn();
    const failed = vi.fn();
    const standsBy = vi.fn();
    const wall = { aheadMs: Date.UTC(2030, 0, 1) };
    const election = createElection({
      store: network,
      identity: name,
      onLost,
      clock: own,
      random: () => random,
      now: () => new Date(wall.aheadMs + clock.nowMs()),
      observer: { failed, standsBy },
    });
    all.push({ name, election });
    const elected = vi.fn();
    election.lead().then(elected);
    await settle();
    return { election, clock: own, network, onLost, failed, standsBy, elected, wall };
  };

  /** Goes on in small steps, sees to it that no two lead, and tells when the answer became true. */
  const until = async (isSo: () => boolean, mostMs = 120_000): Promise<number> => {
    const startedMs = clock.nowMs();
    while (!isSo()) {
      if (clock.nowMs() - startedMs > mostMs) throw new Error(`not within ${mostMs} ms`);
      await clock.advance(50);
      expect(leaders().length).toBeLessThanOrEqual(1);
    }
    return clock.nowMs() - startedMs;
  };
  const pass = (ms: number) => {
    const endMs = clock.nowMs() + ms;
    return until(() => clock.nowMs() >= endMs, ms + 100);
  };
  const leads = (name: string) => () => leaders().includes(name);
  return { server, candidate, until, pass, leads, leaders };
}

const longest = (ms: number) => ms * JITTER;

describe('an election', () => {
  it('is won at once where nobody leads, and lasts', async () => {
    const { server, candidate, pass, leaders } = bench();
    const a = await candidate('a');
    expect(a.elected).toHaveBeenCalled();
    expect(server.lease()?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2030-01-01T00:00:00.000000Z',
      renewTime: '2030-01-01T00:00:00.000000Z',
      leaseTransitions: 0,
    });
    const b = await candidate('b');
    await pass(600_000);
    expect(leaders()).toEqual(['a']);
    expect(b.elected).not.toHaveBeenCalled();
    expect(b.standsBy.mock.calls).toEqual([['a']]);
    expect(a.onLost).not.toHaveBeenCalled();
  });

  it.each([0, 0.999])('renews every 2 to 2.4 s (random %d)', async (random) => {
    const { server, candidate, pass } = bench();
    await candidate('a', { random });
    await pass(60_000);
    const gaps = server.stored.slice(1).map(({ atMs }, index) => atMs - (server.stored[index]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(RENEW_MS);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(longest(RENEW_MS));
  });

  it.each([0, 0.999])('has another leader 15 to 15.7 s after the last renewal of one that is gone', async (random) => {
    const { server, candidate, until, pass, leads } = bench();
    const a = await candidate('a', { random });
    const b = await candidate('b', { random });
    await pass(31_000);
    a.clock.stop();
    const lastMs = server.stored.at(-1)?.atMs ?? 0;
    const neededMs = 31_000 - lastMs + (await until(leads('b')));
    expect(neededMs).toBeGreaterThanOrEqual(LEASE_MS);
    expect(neededMs).toBeLessThanOrEqual(LEASE_MS + longest(LOOK_MS) + 100);
    expect(b.elected).toHaveBeenCalled();
    expect(server.lease()?.spec?.leaseTransitions).toBe(1);
  });

  it('goes to one of many at a time', async () => {
    const { candidate, until, pass, leaders } = bench();
    const first = await candidate('a');
    const others = await Promise.all(['b', 'c', 'd'].map((name) => candidate(name)));
    await pass(5_000);
    first.clock.stop();
    await until(() => leaders().length === 1 && leaders()[0] !== 'a');
    await pass(60_000);
    expect(others.filter(({ elected }) => elected.mock.calls.length > 0)).toHaveLength(1);
  });

  it('is won again at once by one that comes back under its name', async () => {
    const { candidate, pass, leads } = bench();
    const a = await candidate('a');
    await pass(3_000);
    a.clock.stop();
    await pass(RENEW_DEADLINE_MS);
    await candidate('a');
    expect(leads('a')()).toBe(true);
  });
});

describe('a leader that is asked to end', () => {
  it('writes no more, and lets another lead within 0.7 s', async () => {
    const { server, candidate, until, pass, leads } = bench();
    const a = await candidate('a');
    await candidate('b', { random: 0.999 });
    await pass(7_000);
    await a.election.release();
    expect(() => a.election.guard()).toThrow('a does not lead');
    expect(server.lease()?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    expect(await until(leads('b'))).toBeLessThanOrEqual(longest(LOOK_MS) + 100);
    expect(a.onLost).not.toHaveBeenCalled();
  });

  it('gives up what it got by a call whose answer it does not wait for', async () => {
    const { server, candidate, until, pass } = bench();
    server.edit({ holderIdentity: 'gone', leaseDurationSeconds: 15 });
    const a = await candidate('a');
    a.network.network = 'mute to writes';
    await until(() => server.lease()?.spec?.holderIdentity === 'a');
    a.network.network = 'good';
    await a.election.release();
    expect(server.lease()?.spec?.holderIdentity).toBe('');
    await pass(10_000);
    expect(a.elected).not.toHaveBeenCalled();
  });

  it('does not take away what another one has', async () => {
    const { server, candidate, pass } = bench();
    await candidate('a');
    const b = await candidate('b');
    await pass(1_000);
    await b.election.release();
    expect(server.lease()?.spec?.holderIdentity).toBe('a');
  });
});

describe('a leader that is cut off', () => {
  it.each(['silent', 'mute'] as const)('writes nothing from 10 s on, and ends (%s)', async (network) => {
    const { server, candidate, until, pass, leads, leaders } = bench();
    const a = await candidate('a');
    await candidate('b');
    await pass(20_000);
    a.network.network = network;
    const heardMs = server.stored.at(-1)?.atMs ?? 0;
    const stoppedMs = 20_000 - heardMs + (await until(() => leaders().length === 0));
    expect(stoppedMs).toBeLessThanOrEqual(RENEW_DEADLINE_MS + 100);
    await until(() => a.onLost.mock.calls.length > 0, 100);
    expect(a.onLost.mock.calls[0]?.[0]).toMatchObject({
      message: 'leadership is lost: it was not renewed within 10 s',
    });
    expect(a.failed.mock.calls.length).toBeGreaterThan(0);
    await until(leads('b'));
    expect(a.onLost).toHaveBeenCalledTimes(1);
  });

  it('stays when the network comes back in time', async () => {
    const { candidate, pass, leaders } = bench();
    const a = await candidate('a');
    await candidate('b');
    await pass(20_000);
    a.network.network = 'mute';
    await pass(6_000);
    a.network.network = 'good';
    await pass(60_000);
    expect(leaders()).toEqual(['a']);
  });

  it('counts from when it asked, not from when it was answered', async () => {
    const { server, candidate, until, leaders } = bench();
    const a = await candidate('a');
    a.network.delayMs = 3_000;
    await until(() => server.stored.length === 3);
    // Its timers do not run: this is the fence alone.
    a.clock.stop();
    const sinceItAskedMs = 3_000;
    expect(sinceItAskedMs + (await until(() => leaders().length === 0))).toBeLessThanOrEqual(RENEW_DEADLINE_MS + 100);
  });
});

describe('a leader that was stopped', () => {
  it('finds the fence closed before anything else', async () => {
    const { candidate, until, pass, leads } = bench();
    const a = await candidate('a');
    await candidate('b');
    await pass(5_000);
    a.clock.stop();
    await pass(RENEW_DEADLINE_MS + 100);
    // No timer of it has run yet.
    expect(a.onLost).not.toHaveBeenCalled();
    expect(a.election.guard).toThrow(expect.objectContaining({ name: 'WriteRefused' }));
    await until(leads('b'));
    a.clock.resume();
    expect(a.onLost).toHaveBeenCalledTimes(1);
    await pass(60_000);
    expect(leads('b')()).toBe(true);
  });

  it('goes on after a short stop', async () => {
    const { candidate, pass, leaders } = bench();
    const a = await candidate('a');
    await candidate('b');
    await pass(5_000);
    a.clock.stop();
    await pass(7_000);
    a.clock.resume();
    await pass(60_000);
    expect(leaders()).toEqual(['a']);
  });

  it('ends when it was stopped while being elected', async () => {
    const { server, candidate, until, pass, leads } = bench();
    server.edit({ holderIdentity: 'x', leaseDurationSeconds: 15 });
    const a = await candidate('a');
    a.network.delayMs = 500;
    await until(() => server.stored.length === 1);
    a.clock.stop();
    const b = await candidate('b');
    await pass(40_000);
    expect(leads('b')()).toBe(true);
    a.clock.resume();
    await pass(1_000);
    expect(a.onLost.mock.calls.length + Number(a.election.leads())).toBe(1);
    expect(b.onLost).not.toHaveBeenCalled();
  });
});

describe('clocks', () => {
  it.each([3_600_000, -3_600_000])('a jump of the wall clock by %d ms changes nothing', async (jumpMs) => {
    const { candidate, pass, leaders } = bench();
    const a = await candidate('a');
    const b = await candidate('b');
    await pass(10_000);
    a.wall.aheadMs += jumpMs;
    await pass(30_000);
    b.wall.aheadMs -= jumpMs;
    await pass(60_000);
    expect(leaders()).toEqual(['a']);
    expect(a.onLost).not.toHaveBeenCalled();
  });

  it.each([
    [1 / 1.3, 1],
    [1, 1.3],
    [1.3, 1],
    [1, 1 / 1.3],
  ])('no two lead where they run at rates of %d and %d', async (rate, other) => {
    const { candidate, until, pass, leads } = bench();
    const a = await candidate('a', { rate });
    await candidate('b', { rate: other });
    await pass(60_000);
    expect(leads('a')()).toBe(true);
    a.network.network = 'silent';
    await until(leads('b'));
  });
});

describe('a Lease that somebody touches', () => {
  it('is taken up again by its leader when it was deleted, and by nobody else', async () => {
    const { server, candidate, pass, leaders } = bench();
    await candidate('a');
    await candidate('b');
    await pass(5_000);
    server.edit(undefined);
    await pass(30_000);
    expect(leaders()).toEqual(['a']);
    expect(server.lease()?.spec?.holderIdentity).toBe('a');
  });

  it('goes to another one when it was deleted and its leader is gone', async () => {
    const { server, candidate, until, pass, leads } = bench();
    const a = await candidate('a');
    await candidate('b');
    await pass(5_000);
    a.clock.stop();
    server.edit(undefined);
    expect(await until(leads('b'))).toBeLessThanOrEqual(17_000);
  });

  it.each(['somebody', ''])('ends its leader when it names "%s", and is won again after 15 s', async (holder) => {
    const { server, candidate, until, pass, leads } = bench();
    const a = await candidate('a');
    await candidate('b');
    await pass(5_000);
    server.edit({ ...server.lease()?.spec, holderIdentity: holder });
    expect(await until(() => a.onLost.mock.calls.length > 0)).toBeLessThanOrEqual(longest(RENEW_MS) + 100);
    expect(a.onLost.mock.calls[0]?.[0].message).toContain(holder || 'nobody');
    expect(await until(leads('b'))).toBeGreaterThan(10_000);
  });

  it('stays its leader’s when something else of it was edited', async () => {
    const { server, candidate, pass, leaders } = bench();
    await candidate('a');
    await pass(5_000);
    server.edit({ ...server.lease()?.spec, leaseDurationSeconds: 3600, renewTime: '2000-01-01T00:00:00.000000Z' });
    await pass(30_000);
    expect(leaders()).toEqual(['a']);
    expect(server.lease()?.spec?.leaseDurationSeconds).toBe(15);
  });

  it.each([
    [3_600, 60_000],
    [1, LEASE_MS],
    [undefined, LEASE_MS],
  ])('holds within bounds, whatever it says (%s s)', async (leaseDurationSeconds, expectedMs) => {
    const { server, candidate, until, leads } = bench();
    server.edit({ holderIdentity: 'gone', leaseDurationSeconds });
    await candidate('a');
    const neededMs = await until(leads('a'));
    expect(neededMs).toBeGreaterThanOrEqual(expectedMs);
    expect(neededMs).toBeLessThanOrEqual(expectedMs + 100);
  });
});

describe('a process without the rights', () => {
  it('ends, and says what to do', async () => {
    const message = 'leases.coordination.k8s.io "pitcrew" is forbidden';
    const refuse = async () => {
      throw new ApiError(403, { message }, { method: 'GET', path: '/lease' });
    };
    const election = createElection({ store: { read: refuse, write: refuse }, identity: 'a', onLost: vi.fn() });
    await expect(election.lead()).rejects.toThrow(
      `${message}; install the Role for it, or run one process only with PITCREW_LEADER_ELECTION=false`,
    );
  });
});

describe('a write that is kept back', () => {
  it('is no bug: the pass comes again', async () => {
    const { candidate } = bench();
    const a = await candidate('a');
    await a.election.release();
    const error = (() => {
      try {
        a.election.guard();
        return undefined;
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(classify(error)).toMatchObject({ kind: 'Unavailable', message: 'a does not lead (any more)' });
  });
});
