import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock, settle } from './fake-clock.ts';
import { createQueue, LOW_PRIORITY, type Queue } from './queue.ts';

/** Takes what is ready now, without waiting. */
async function drain(queue: Queue, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const keys: string[] = [];
  while (keys.length < most && [...queue.stats().readyByPriority.values()].some((count) => count > 0)) {
    const taken = await queue.take();
    if (taken === undefined) break;
    keys.push(taken.key);
  }
  return keys;
}

describe('queue', () => {
  it('hands a key out once however often it was added', async () => {
    const queue = createQueue(createFakeClock());
    queue.add('a');
    queue.add('a');
    queue.add('b');
    expect(await drain(queue)).toEqual(['a', 'b']);
  });

  it('serves higher priorities first, and within one priority in order of arrival', async () => {
    const queue = createQueue(createFakeClock());
    queue.add('resync-1', { priority: LOW_PRIORITY });
    queue.add('resync-2', { priority: LOW_PRIORITY });
    queue.add('event-1');
    queue.add('event-2');
    expect(await drain(queue)).toEqual(['event-1', 'event-2', 'resync-1', 'resync-2']);
  });

  it('lifts a waiting key to the highest priority asked for, never lowers it', async () => {
    const queue = createQueue(createFakeClock());
    queue.add('a', { priority: LOW_PRIORITY });
    queue.add('b', { priority: LOW_PRIORITY });
    queue.add('b');
    queue.add('b', { priority: LOW_PRIORITY });
    expect(await drain(queue)).toEqual(['b', 'a']);
  });

  it('holds a delayed key until its time, and hands it to a waiting taker then', async () => {
    const clock = createFakeClock();
    const queue = createQueue(clock);
    const keys: (string | undefined)[] = [];
    queue.take().then((taken) => keys.push(taken?.key));
    queue.add('a', { afterMs: 1_000 });
    await clock.advance(999);
    expect(keys).toEqual([]);
    expect(queue.stats().delayed).toBe(1);
    await clock.advance(1);
    expect(keys).toEqual(['a']);
  });

  it('takes the earlier of two times', async () => {
    const clock = createFakeClock();
    const queue = createQueue(clock);
    queue.add('later', { afterMs: 5_000 });
    queue.add('later');
    queue.add('sooner');
    queue.add('sooner', { afterMs: 5_000 });
    expect(await drain(queue)).toEqual(['later', 'sooner']);
    await clock.advance(10_000);
    expect(queue.stats().readyByPriority.size).toBe(0);
  });

  it('never hands out a key that is in work, and hands it out again afterwards', async () => {
    const queue = createQueue(createFakeClock());
    queue.add('a');
    await queue.take();
    queue.add('a');
    queue.add('a');
    const second = queue.take();
    let got: string | undefined;
    second.then((taken) => {
      got = taken?.key;
    });
    await settle();
    expect(got).toBeUndefined();
    queue.done('a');
    await settle();
    expect(got).toBe('a');
    queue.done('a');
    expect(queue.stats()).toEqual({ readyByPriority: new Map(), delayed: 0, processing: 0 });
  });

  it('keeps the delay of a key that was added while in work', async () => {
    const clock = createFakeClock();
    const queue = createQueue(clock);
    queue.add('a');
    await queue.take();
    queue.add('a', { afterMs: 100 });
    queue.done('a');
    const keys: (string | undefined)[] = [];
    queue.take().then((taken) => keys.push(taken?.key));
    await clock.advance(99);
    expect(keys).toEqual([]);
    await clock.advance(1);
    expect(keys).toEqual(['a']);
  });

  it('survives a delay that runs out while the key is in work', async () => {
    const clock = createFakeClock();
    const queue = createQueue(clock);
    queue.add('a');
    await queue.take();
    queue.add('a', { afterMs: 100 });
    await clock.advance(200);
    queue.done('a');
    const taken = await queue.take();
    expect(taken).toMatchObject({ key: 'a', queuedMs: 100 });
  });

  it('wakes all takers when it is stopped, and takes nothing afterwards', async () => {
    const clock = createFakeClock();
    const queue = createQueue(clock);
    const takers = [queue.take(), queue.take()];
    queue.add('later', { afterMs: 100 });
    queue.stop();
    queue.add('a');
    expect(await Promise.all(takers)).toEqual([undefined, undefined]);
    expect(await queue.take()).toBeUndefined();
    expect(clock.pending()).toBe(0);
  });

  it('keeps one timer however many keys wait', () => {
    const clock = createFakeClock();
    const queue = createQueue(clock);
    for (let index = 0; index < 100; index += 1) queue.add(`key-${index}`, { afterMs: 1_000 - index });
    expect(clock.pending()).toBe(1);
  });
});

describe('queue, whatever happens', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'take', 'done', 'wait'),
    key: fc.constantFrom('a', 'b', 'c'),
    afterMs: fc.constantFrom(0, 5, 50),
  });

  it('never gives a key to two workers, and loses none', async () => {
    const run = async (steps: readonly { kind: string; key: string; afterMs: number }[]) => {
      const clock = createFakeClock();
      const queue = createQueue(clock);
      const working = new Set<string>();
      const owed = new Set<string>();
      const play: Record<string, (key: string, afterMs: number) => unknown> = {
        add: (key, afterMs) => {
          queue.add(key, { afterMs });
          owed.add(key);
        },
        take: async () => {
          for (const key of await drain(queue, 1)) {
            expect(working.has(key)).toBe(false);
            working.add(key);
            owed.delete(key);
          }
        },
        done: (key) => working.delete(key) && queue.done(key),
        wait: (_key, afterMs) => clock.advance(afterMs),
      };
      for (const { kind, key, afterMs } of steps) await play[kind]?.(key, afterMs);
      for (const key of working) queue.done(key);
      await clock.advance(100);
      expect((await drain(queue)).sort()).toEqual([...owed].sort());
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), run), { numRuns: 200 });
  });
});
