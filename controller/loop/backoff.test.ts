import { describe, expect, it } from 'vitest';
import { createBackoff, delayMs } from './backoff.ts';

describe('delayMs', () => {
  it.each([
    [1, 5],
    [2, 10],
    [3, 20],
    [10, 2_560],
    [16, 163_840],
    [17, 300_000],
    [10_000, 300_000],
  ])('failure %i waits %i ms', (failures, expected) => {
    expect(delayMs(failures, 5, 300_000)).toBe(expected);
  });
});

describe('backoff', () => {
  it('counts each key by itself and forgets on demand', () => {
    const backoff = createBackoff(() => 0);
    expect([backoff.next('a', 'backoff'), backoff.next('a', 'backoff'), backoff.next('b', 'backoff')]).toEqual([
      5, 10, 5,
    ]);
    backoff.forget('a');
    expect(backoff.next('a', 'backoff')).toBe(5);
    expect(backoff.failures('b')).toBe(1);
  });

  it('starts slow where somebody has to change something', () => {
    const backoff = createBackoff(() => 0);
    expect([backoff.next('a', 'slow'), backoff.next('a', 'slow')]).toEqual([30_000, 60_000]);
  });

  it('grows also for what moves under us again and again', () => {
    const backoff = createBackoff(() => 0);
    const delays = Array.from({ length: 4 }, () => backoff.next('a', 'immediate'));
    expect(delays).toEqual([5, 10, 20, 40]);
  });

  it('adds at most a fifth at random', () => {
    expect(createBackoff(() => 0.999).next('a', 'backoff')).toBeCloseTo(6, 1);
  });
});
