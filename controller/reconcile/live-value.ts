import { inBaseUnits } from '../../charts/postgres-units.ts';
import { formatPgSize } from '../../crds/units.ts';
import type { LiveSetting } from '../probe/live-server.ts';

/** A value as it is written against what pg_settings says of it. Pure, and total: of what it can not read it has no opinion. */

/** How a parameter is read: its unit, its type, its words. */
export type Reading = Pick<LiveSetting, 'name' | 'unit' | 'type' | 'words'>;

/** Whether both are the same value to the server; undefined: that can not be told. */
export function isSame(written: string, live: string, as: Reading): boolean | undefined {
  // Shown is what the socket of the one session does, not what is set.
  if (as.name.startsWith('tcp_')) return undefined;
  if (as.type === 'integer' || as.type === 'real') return isSameNumber(written, live, as);
  const [a, b] = [wordIn(written, as), wordIn(live, as)];
  return a === undefined || b === undefined ? undefined : a === b;
}

function isSameNumber(written: string, live: string, as: Reading): boolean | undefined {
  const [a, b] = [numberIn(written, as), numberIn(live, as)];
  if (a === undefined || b === undefined) return undefined;
  // Whole ones are rounded, the others shown with six digits.
  const tolerance = as.type === 'integer' ? 0.5 : 1e-5 * Math.max(Math.abs(a), Math.abs(b));
  return Math.abs(a - b) <= tolerance;
}

const EXPONENT = /^-?[0-9]+(\.[0-9]+)?e[+-]?[0-9]+$/i;

const numberIn = (text: string, as: Reading): number | undefined =>
  EXPONENT.test(text) ? Number(text) : inBaseUnits(text, as);

/** Words that the server lists and shows as another. */
const SHOWN_AS: Readonly<Record<string, string>> = { 'wal_compression on': 'pglz' };

/** The word by which the server shows it; undefined: it is none of its words. */
function wordIn(written: string, { name, type, words }: Reading): string | undefined {
  const word = written.toLowerCase();
  if (type === 'bool') return truthIn(word);
  if (type !== 'enum') return word;
  const listed = words.includes(word) ? word : truthIn(word);
  if (listed === undefined || !words.includes(listed)) return undefined;
  return SHOWN_AS[`${name} ${listed}`] ?? listed;
}

/** Truth may be written in several ways, and shortened as long as it stays clear. */
function truthIn(word: string): 'on' | 'off' | undefined {
  if (word === '' || word === 'o') return undefined;
  if (['true', 'yes', 'on', '1'].some((way) => way.startsWith(word))) return 'on';
  return ['false', 'no', 'off', '0'].some((way) => way.startsWith(word)) ? 'off' : undefined;
}

/** What this server takes, in words, where the written value is none of it. */
export function boundsBroken(written: string, setting: LiveSetting): string | undefined {
  const { type, words, min, max, unit, value } = setting;
  if (type === 'enum' && words.length > 0) {
    // A word that is not listed and shortens what runs is one of those that the server knows and does not show.
    const isKnown = wordIn(written, setting) !== undefined || value.startsWith(written.toLowerCase());
    return isKnown ? undefined : `one of ${words.join(', ')}`;
  }
  const number = type === 'integer' || type === 'real' ? numberIn(written, setting) : undefined;
  if (number === undefined || min === '' || max === '') return undefined;
  const rounded = type === 'integer' ? Math.round(number) : number;
  return rounded < Number(min) || rounded > Number(max) ? `from ${tell(min, unit)} to ${tell(max, unit)}` : undefined;
}

const KB_PER_UNIT: Readonly<Record<string, number>> = { kB: 1, '8kB': 8, MB: 1024 };

/** A value of pg_settings as a person writes it: 8192 of 8kB are 64MB. */
export function tell(value: string, unit: string): string {
  const kilobytes = KB_PER_UNIT[unit];
  if (unit === '' || !/^[0-9.]+$/.test(value)) return value;
  return kilobytes === undefined ? `${value}${unit}` : formatPgSize(Number(value) * kilobytes);
}
