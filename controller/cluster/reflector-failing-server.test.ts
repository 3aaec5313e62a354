import { describe, expect, it } from 'vitest';
import { settle } from '../loop/fake-clock.ts';
import { ApiError, ConnectionError } from './errors.ts';
import { asked, bench, object, started } from './reflector-bench.ts';

describe('reflector, when the server fails', () => {
  it('backs off from a failing list and recovers', async () => {
    const it = bench();
    it.fault.list = () => new ApiError(500, {}, asked);
    it.reflector.start();
    await it.clock.advance(10_000);
    expect(it.lists).toHaveLength(4);
    it.fault.list = undefined;
    await it.clock.advance(6_400);
    expect(it.reflector.hasSynced()).toBe(true);
    expect(it.watches).toHaveLength(1);
  });

  it('caps its backoff at 30 s and never gives up', async () => {
    const it = bench();
    it.fault.list = () => new ConnectionError('down', asked);
    it.reflector.start();
    await it.clock.advance(3_600_000);
    expect(it.lists.length).toBeGreaterThan(115);
    expect(it.lists.length).toBeLessThan(130);
  });

  it('waits no longer than the cap, jitter included', async () => {
    const it = bench({ random: () => 0.999 });
    it.fault.list = () => new ConnectionError('down', asked);
    it.reflector.start();
    await it.clock.advance(600_000);
    const before = it.lists.length;
    await it.clock.advance(30_000);
    expect(it.lists.length).toBe(before + 1);
  });

  it('waits as long as the server asks', async () => {
    const it = await started();
    it.fault.watch = () => new ApiError(429, {}, asked, 10_000);
    it.last().end();
    await it.clock.advance(10_799);
    it.fault.watch = undefined;
    expect(it.watches).toHaveLength(1);
    await it.clock.advance(1);
    expect(it.watches).toHaveLength(2);
  });

  it('goes on from the last version after a reset, at once when the watch was good', async () => {
    const it = await started();
    await it.clock.advance(5_000);
    it.last().event('MODIFIED', object('a', '150'));
    it.last().fail(new ConnectionError('reset', asked));
    await settle();
    expect(it.watches).toHaveLength(2);
    expect(it.last().query.resourceVersion).toBe('150');
    expect(it.lists).toHaveLength(1);
  });

  it('does not storm when every watch breaks at once', async () => {
    const it = await started();
    const breaking = setImmediateLoop(() => it.last().fail(new ConnectionError('reset', asked)));
    await it.clock.advance(20_000);
    breaking.stop();
    expect(it.watches.length).toBeLessThanOrEqual(7);
  });

  it('lists anew after 410, not out of the cache, and synthesizes what it missed', async () => {
    const it = await started({}, [object('a', '90'), object('b', '91')]);
    it.served.objects = [object('b', '200'), object('c', '201')];
    it.served.resourceVersion = '210';
    it.last().event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
    await it.clock.advance(800);
    expect(it.told()).toEqual(['deleted a#90', 'updated b#200', 'added c#201']);
    expect(it.lists[1]?.query).not.toHaveProperty('resourceVersion');
    expect(it.last().query.resourceVersion).toBe('210');
    expect(it.counts.tooOld).toBe(1);
  });

  it('lists soon after an outage of which the server that is back has no history', async () => {
    const it = await started();
    it.fault.watch = () => new ConnectionError('down', asked);
    it.last().end();
    await it.clock.advance(600_000);
    it.fault.watch = () => {
      it.fault.watch = undefined;
      return new ApiError(410, {}, asked);
    };
    // The longest backoff until it asks, and the shortest until it lists.
    await it.clock.advance(30_800);
    expect(it.lists).toHaveLength(2);
  });

  it('does not storm on a 410 that stays', async () => {
    const it = bench();
    it.fault.watch = () => new ApiError(410, {}, asked);
    it.reflector.start();
    await it.clock.advance(20_000);
    expect(it.lists.length).toBeLessThanOrEqual(6);
  });

  it('notices silence and reconnects at once', async () => {
    const it = await started();
    it.last().event('MODIFIED', object('a', '150'));
    await it.clock.advance(129_999);
    expect(it.watches).toHaveLength(1);
    await it.clock.advance(1);
    expect(it.watches).toHaveLength(2);
    expect(it.last().query.resourceVersion).toBe('150');
    expect(it.counts.stalled).toBe(1);
    await it.clock.advance(60_000);
    expect(it.reflector.lastByteAgeMs()).toBe(60_000);
  });

  it.each([
    ['a broken line', '{"type":"MODIFIED","object":{\n'],
    ['a line that is no event', '{"message":"hello"}\n'],
  ])('goes on from the last version after %s', async (_what, line) => {
    const it = await started();
    it.last().event('MODIFIED', object('a', '150'));
    it.last().send(line);
    await it.clock.advance(800);
    expect(it.watches).toHaveLength(2);
    expect(it.last().query.resourceVersion).toBe('150');
    expect(it.lists).toHaveLength(1);
    it.last().event('MODIFIED', object('a', '151'));
    await settle();
    expect(it.told()).toEqual(['updated a#150', 'updated a#151']);
  });

  it('takes a line without its end for lost', async () => {
    const it = await started();
    it.last().send(JSON.stringify({ type: 'MODIFIED', object: object('a', '150') }));
    it.last().end();
    await it.clock.advance(800);
    expect(it.told()).toEqual([]);
    expect(it.last().query.resourceVersion).toBe('100');
  });

  it('reconnects at once after each clean end of a good watch', async () => {
    const it = await started();
    for (let round = 0; round < 5; round += 1) {
      await it.clock.advance(2_500);
      it.last().end();
      await settle();
    }
    expect(it.watches).toHaveLength(6);
  });

  it('backs off when watches end as soon as they begin', async () => {
    const it = await started();
    const ending = setImmediateLoop(() => it.last().end());
    await it.clock.advance(20_000);
    ending.stop();
    expect(it.watches.length).toBeLessThanOrEqual(7);
  });
});

/** Does something again and again between all other things. */
function setImmediateLoop(run: () => void): { readonly stop: () => void } {
  let on = true;
  const again = () => {
    if (!on) return;
    run();
    setImmediate(again);
  };
  setImmediate(again);
  return {
    stop: () => {
      on = false;
    },
  };
}
