import { describe, expect, it } from 'vitest';
import type { Stamped } from './desired.ts';
import { childLike, STAMPED } from './fixtures.ts';
import { createMemory, doubt, isOlder, withOwnWrites } from './memory.ts';

const child = childLike(STAMPED[0] as Stamped, { resourceVersion: '20' });
const told = (resourceVersion: string) => new Map([[child.ref, { ...child, resourceVersion }]]);
const remembering = () => {
  const memory = createMemory().of('web/shop', 'uid', undefined);
  memory.ownWrites.set(child.ref, { child, atMs: 0 });
  return memory;
};

describe('own writes', () => {
  it.each<[string, ReturnType<typeof told>, number, string | undefined]>([
    ['stand over an older story of the watch', told('9'), 0, '20'],
    ['stand in for what the watch has not told of', new Map(), 0, '20'],
    ['give way to the same version', told('20'), 0, '20'],
    ['give way to a newer one', told('101'), 0, '101'],
    ['are not believed for ever', new Map(), 10_001, undefined],
  ])('%s', (_what, seen, nowMs, expected) => {
    expect(withOwnWrites(seen, remembering(), nowMs).get(child.ref)?.resourceVersion).toBe(expected);
  });
});

describe('versions', () => {
  it.each([
    ['9', '10', true],
    ['10', '9', false],
    ['10', '10', false],
    [undefined, '1', true],
  ])('%s before %s: %s', (version, than, expected) => {
    expect(isOlder(version, than)).toBe(expected);
  });
});

describe('memory', () => {
  it('that is doubted keeps what we did and forgets what we saw', () => {
    const memory = remembering();
    memory.applied.set(child.ref, { desired: 'd', owned: 'o' });
    memory.found.set('Secret/shop-tls', { untilMs: 60_000 });
    memory.warnings = { held: [], readAtMs: 0 };
    doubt(memory);
    expect(memory.found.size).toBe(0);
    expect(memory.warnings.readAtMs).toBe(Number.NEGATIVE_INFINITY);
    expect([memory.applied.size, memory.ownWrites.size]).toEqual([1, 1]);
  });

  it('starts from what the status records, so that a restarted operator sends nothing twice', () => {
    const applied = [{ object: 'Service/shop-edge', desired: 'd', owned: 'o' }];
    expect(createMemory().of('web/shop', 'uid', { applied }).applied.get('Service/shop-edge')).toEqual({
      desired: 'd',
      owned: 'o',
    });
  });

  it('is of one uid: a new profile of the same name knows nothing', () => {
    const memory = createMemory();
    memory.of('web/shop', 'old', undefined).found.set('Secret/x', { untilMs: 1 });
    expect(memory.of('web/shop', 'old', undefined).found.size).toBe(1);
    expect(memory.of('web/shop', 'new', undefined).found.size).toBe(0);
    memory.forget('web/shop');
    expect(memory.peek('web/shop')).toBeUndefined();
  });
});
