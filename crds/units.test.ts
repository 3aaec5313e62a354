import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bytes,
  canonicalQuantity,
  formatNginxSize,
  formatPgSize,
  mebibytes,
  milliCores,
  parseQuantity,
  pgKilobytes,
} from './units.ts';

describe('units', () => {
  it.each([
    ['512Mi', 512 * 2 ** 20],
    ['1Gi', 2 ** 30],
    ['1G', 1e9],
    ['128974848', 128974848],
    ['1E', 1e18],
    ['1e9', 1e9],
    ['15E+8', 15e8],
    ['128974848000m', 128974848],
    [0, 0],
  ])('%s is %d bytes', (text, expected) => expect(bytes(text)).toBe(expected));

  it.each([
    ['500m', 500],
    ['1.5', 1500],
    ['1', 1000],
    [2, 2000],
    ['0.1', 100],
    ['250000u', 250],
    ['1500000000n', 1500],
    ['1e-1', 100],
  ])('%s is %d millicores', (text, expected) => expect(milliCores(text)).toBe(expected));

  it.each(['', '1.5.2', '1 Gi', '-1', '1gb', 'Gi', 'e3', '1e'])('%j is no quantity', (text) =>
    expect(() => parseQuantity(text)).toThrow(RangeError),
  );

  it.each([
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.5', '500m'],
    [2, '2'],
    ['1024Mi', '1Gi'],
    ['1536Mi', '1536Mi'],
    ['1000M', '1G'],
    ['0', '0'],
    ['1.5Gi', '1536Mi'],
  ])('%s is stored as %s', (text, expected) => expect(canonicalQuantity(text)).toBe(expected));

  it('PostgreSQL units are powers of 1024 (UNIT-1)', () => {
    expect(pgKilobytes('2621kB')).toBe(2621);
    expect(pgKilobytes('256MB')).toBe(262_144);
    expect(pgKilobytes('1GB')).toBe(1_048_576);
    expect(() => pgKilobytes('1Mi')).toThrow(RangeError);
  });

  it('what is formatted is parsed back to the same (UNIT-4)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 }),
        (kilobytes) => pgKilobytes(formatPgSize(kilobytes)) === kilobytes,
      ),
    );
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (size) => nginxBytes(formatNginxSize(size)) === size));
    expect(mebibytes('1Gi')).toBe(1024);
  });
});

function nginxBytes(text: string): number {
  const unit = text.endsWith('m') ? 2 ** 20 : text.endsWith('k') ? 1024 : 1;
  return Number.parseInt(text, 10) * unit;
}
