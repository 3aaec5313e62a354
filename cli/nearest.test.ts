import { describe, expect, it } from 'vitest';
import { didYouMean, editDistance, nearest } from './nearest.ts';

describe('nearest', () => {
  it.each([
    ['', '', 0],
    ['workers', 'workers', 0],
    ['worker', 'workers', 1],
    ['wrokers', 'workers', 1],
    ['wxrkes', 'workers', 2],
    ['', 'abc', 3],
  ])('%s and %s are %i apart', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('finds what was meant, the nearest first', () => {
    const known = ['backend.workers', 'backend.workerClass', 'edge.workerProcesses', 'edge.hosts'];
    expect(nearest('backend.worker', known)[0]).toBe('backend.workers');
    expect(nearest('workers', known)).toEqual(['backend.workers']);
    expect(nearest('edge.workers', known)[0]).toBe('backend.workers');
    expect(nearest('completely.different', known)).toEqual([]);
  });

  it('asks only where something is near', () => {
    expect(didYouMean([])).toBe('');
    expect(didYouMean(['a', 'b'])).toBe('; did you mean a or b?');
  });
});
