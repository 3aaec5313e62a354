/** How PostgreSQL reads a number with a unit, as `30.1GB` or `500 us`. */

/** Sizes of the units that may be written, from large to small: memory in bytes, time in milliseconds. */
const MEMORY: ReadonlyMap<string, number> = new Map([
  ['TB', 1024 ** 4],
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['kB', 1024],
  ['B', 1],
]);
const TIME: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
  ['ms', 1],
  ['us', 0.001],
]);

const NUMBER = /^(-?[0-9]{1,12}(?:\.[0-9]{1,6})?) ?([A-Za-z]*)$/;
/** As a whole number such a one is octal to the server. */
const LEADING_ZERO = /^-?0[0-9]+ ?[A-Za-z]*$/;

/** How a numeric parameter is declared. */
export interface Numeric {
  readonly type: string;
  /** Its own unit: `kB`, `8kB`, `ms` and so on, or anything else for none. */
  readonly unit: string;
}

/**
 * The written value as a number of the parameter's own unit, before it is rounded to a whole one. Undefined: it is not
 * such a decimal number, or its unit is of another kind.
 */
export function inBaseUnits(value: string, { type, unit: base }: Numeric): number | undefined {
  const match = NUMBER.exec(value);
  if (match === null || (type === 'integer' && LEADING_ZERO.test(value))) return undefined;
  const [, digits, unit = ''] = match;
  if (unit === '') return Number(digits);
  const table = TIME.has(base) ? TIME : MEMORY;
  const [size, baseSize] = [table.get(unit), base === '8kB' ? 8192 : table.get(base)];
  if (size === undefined || baseSize === undefined) return undefined;
  return toNextSmaller(Number(digits) * size, unit, table) / baseSize;
}

/** A fraction of a unit is rounded to whole ones of the next smaller: `30.1GB` are 30822MB. */
function toNextSmaller(amount: number, unit: string, table: ReadonlyMap<string, number>): number {
  const units = [...table.keys()];
  const smaller = table.get(units[units.indexOf(unit) + 1] ?? '');
  return smaller === undefined ? amount : Math.round(amount / smaller) * smaller;
}
