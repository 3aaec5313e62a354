import { describe, expect, it } from 'vitest';
import { inBaseUnits } from './postgres-units.ts';

describe('a number with a unit', () => {
  it.each([
    ['64MB', 'kB', 65_536],
    ['64MB', '8kB', 8192],
    ['100kB', '8kB', 12.5],
    ['4096', 'kB', 4096],
    ['-1', 'kB', -1],
    ['2GB', 'MB', 2048],
    ['1kB', 'B', 1024],
    ['90 s', 'ms', 90_000],
    ['1.5h', 'min', 90],
    ['500us', 'ms', 0.5],
  ])('%s is so many of %s: %d', (value, unit, number) => {
    expect(inBaseUnits(value, { type: 'integer', unit })).toBe(number);
  });

  it('is rounded to the next smaller unit where it has a fraction', () => {
    expect(inBaseUnits('30.1GB', { type: 'integer', unit: 'kB' })).toBe(30_822 * 1024);
  });

  it('is octal to the server with a leading zero, so it is not read here', () => {
    for (const value of ['010', '00', '-07', '010MB'])
      expect(inBaseUnits(value, { type: 'integer', unit: 'kB' })).toBeUndefined();
    expect(inBaseUnits('09.71', { type: 'real', unit: '' })).toBe(9.71);
    expect(inBaseUnits('00', { type: 'real', unit: '' })).toBe(0);
  });

  it.each(['', 'x', '1e3', '0x10', '1 2', '2s', '2Gi', '2 mb'])('is not %s', (value) => {
    expect(inBaseUnits(value, { type: 'integer', unit: 'kB' })).toBeUndefined();
  });
});
