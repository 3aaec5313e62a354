import { SETTINGS_TABLE } from './postgres-settings-table.ts';
import { inBaseUnits } from './postgres-units.ts';

/** What PostgreSQL knows of a parameter, and whether it would take a value for it (INV-22). Pure: no server is asked. */

interface Setting {
  readonly change: 'reload' | 'restart';
  readonly type: 'bool' | 'enum' | 'integer' | 'real' | 'string';
  /** Base unit of the number: `kB`, `8kB`, `MB`, `B`, `ms`, `s`, `min`, or none. */
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly words: readonly string[];
  readonly since: number;
  readonly until: number;
}

const SETTINGS: ReadonlyMap<string, Setting> = new Map(
  SETTINGS_TABLE.trim()
    .split('\n')
    .map((line) => {
      const [name = '', change, type, unit = '-', bounds = '-', since = '', until = ''] = line.split('|');
      const [low, high] = bounds.split('..').map(Number);
      return [
        name,
        {
          change: change as Setting['change'],
          type: type as Setting['type'],
          unit,
          low: low ?? 0,
          high: high ?? 0,
          words: bounds.split(','),
          since: Number(since || 0),
          until: Number(until || Number.POSITIVE_INFINITY),
        },
      ];
    }),
);

/** Names with a dot belong to extensions; the server takes any. Those of the usual ones that size shared memory need a restart. */
const EXTENSION_RESTART = /^(pg_stat_statements\.max|pg_prewarm\.autoprewarm|cron\.|timescaledb\.)/;
/** Modules that come with PostgreSQL itself; others must be in the image, or the server does not start. */
const CONTRIB = new Set(['auto_explain', 'auth_delay', 'pg_prewarm', 'pg_stat_statements', 'passwordcheck']);

/** Whether a change of the parameter needs a restart of the server. */
export const needsRestart = (name: string): boolean =>
  SETTINGS.get(name)?.change === 'restart' || EXTENSION_RESTART.test(name);

/** Libraries of a value of shared_preload_libraries that do not come with PostgreSQL. */
export const foreignLibraries = (value: string): string[] =>
  value
    .split(',')
    .map((library) => library.trim())
    .filter((library) => !CONTRIB.has(library));

/** Why the server of this major would refuse the value, or undefined. */
export function objectionTo(name: string, value: string, major: number): string | undefined {
  if (name.includes('.')) return undefined;
  const setting = SETTINGS.get(name);
  if (setting === undefined) return `PostgreSQL ${major} has no parameter ${name} that may be set here`;
  if (major < setting.since) return `${name} is known from PostgreSQL ${setting.since} on, the image brings ${major}`;
  if (major > setting.until) return `${name} was removed after PostgreSQL ${setting.until}, the image brings ${major}`;
  return valueObjection(name, value, setting);
}

function valueObjection(name: string, value: string, setting: Setting): string | undefined {
  const { type, words } = setting;
  if (type === 'bool')
    return /^(on|off|true|false|yes|no|1|0)$/i.test(value) ? undefined : `${name} must be on or off, not '${value}'`;
  if (type === 'enum')
    return words.includes(value.toLowerCase())
      ? undefined
      : `${name} must be one of ${words.join(', ')}, not '${value}'`;
  if (type === 'string') return textObjection(name, value);
  return numberObjection(name, value, setting);
}

function textObjection(name: string, value: string): string | undefined {
  if (name !== 'shared_preload_libraries' || /^[a-z_0-9]+( ?, ?[a-z_0-9]+)*$/.test(value)) return undefined;
  return `${name} must be a list of library names, not '${value}'`;
}

function numberObjection(name: string, value: string, setting: Setting): string | undefined {
  const { unit, low, high, type } = setting;
  const bounds = `from ${low} to ${high}${unit === '-' ? '' : ` (in ${unit})`}`;
  const exact = inBaseUnits(value, setting);
  if (exact === undefined) return `${name} must be a number ${bounds}, not '${value}'`;
  const number = type === 'integer' ? Math.round(exact) : exact;
  return number >= low && number <= high ? undefined : `${name} must be ${bounds}, not ${value}`;
}
