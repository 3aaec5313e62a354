import { SETTINGS_TABLE } from '../../charts/postgres-settings-table.ts';
import type { ExtraParameter } from '../../crds/tiers/postgres-extra.ts';

/** Values for the parameters that have no field of their own, from what the table says of each. */

/** Values that would keep the test itself from working: a login that takes minutes, a session that ends at once. */
const UNUSABLE: Readonly<Record<string, string>> = {
  scram_iterations: '5000',
  idle_session_timeout: '1.5h',
  lock_timeout: '1.5min',
  shared_preload_libraries: 'pg_stat_statements',
};

/** A unit to write the value in, where the parameter has one: larger than its own, and with a fraction. */
const LARGER: Readonly<Record<string, string>> = {
  B: 'kB',
  kB: 'MB',
  '8kB': 'MB',
  MB: 'GB',
  ms: 's',
  s: 'min',
  min: 'h',
};

/**
 * A value of each parameter of this change class that a server of this major takes; `share` is how far it lies between
 * its bounds, and which of several words or ways of writing it is.
 */
export function tableValues(major: number, change: string, share: number): ExtraParameter[] {
  return SETTINGS_TABLE.trim()
    .split('\n')
    .map((line) => line.split('|'))
    .filter(([, itsChange, , , , since, until]) => {
      return itsChange === change && Number(since || 0) <= major && major <= Number(until || 99);
    })
    .map(([name = '', , type = '', unit = '', bounds = '']) => {
      return { name, value: UNUSABLE[name] ?? writtenAs(type, unit, bounds, share) };
    });
}

const pick = (list: readonly string[], share: number): string => list[Math.floor(share * list.length)] ?? '';

function writtenAs(type: string, unit: string, bounds: string, share: number): string {
  if (type === 'bool') return pick(['on', 'no', 'TRUE', '0', 'off', 'yes', 'false', '1'], share);
  if (type === 'enum') return pick(bounds.split(','), share);
  if (type === 'string') return '%m [%p] %q%u@%d ';
  const [low = 0, high = 0] = bounds.split('..').map(Number);
  const number = low + (Math.min(high, 1e9) - low) * share;
  if (type === 'real') return number.toFixed(4);
  const larger = LARGER[unit];
  const whole = Math.round(number);
  return larger === undefined || whole < 10_000 ? String(whole) : `${(whole / perLarger(unit)).toFixed(2)}${larger}`;
}

const perLarger = (unit: string): number =>
  unit === '8kB' ? 128 : unit === 'ms' ? 1000 : unit === 's' || unit === 'min' ? 60 : 1024;
