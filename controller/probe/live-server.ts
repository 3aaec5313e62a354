/** What a running PostgreSQL says of itself and of the parameters that are rendered for it. */
export interface LiveServer {
  /** First number of its version. */
  readonly major: number;
  readonly settings: readonly LiveSetting[];
  readonly overrides: readonly Override[];
}

/** A row of pg_settings. */
export interface LiveSetting {
  /** In lower case. */
  readonly name: string;
  /** In `unit`. */
  readonly value: string;
  readonly unit: string;
  readonly type: string;
  /** What a change needs: `postmaster` is a restart. */
  readonly context: string;
  /** Where the value comes from: `configuration file`, `command line`, `default` and so on. */
  readonly source: string;
  /** The file that it comes from; empty where that is the one that was rendered, or none. */
  readonly file: string;
  readonly min: string;
  readonly max: string;
  /** What it may be; empty where that is no list. */
  readonly words: readonly string[];
  /** Whether a file asks for another value, for which the server waits to be restarted. */
  readonly pending: boolean;
}

/** A value that sessions of the application begin with instead of the server's. */
export interface Override {
  readonly name: string;
  readonly value: string;
  /** Role and database that it is for; empty: all of them. */
  readonly role: string;
  readonly database: string;
}

/** Each text of an answer is cut to this, here and in the question. */
export const MAX_TEXT = 200;
/** Rows of each kind. The schema lets a profile set fewer parameters. */
export const MAX_ROWS = 128;

/** The answer, whatever has come: what is not of the expected form is left out. */
export function liveServerIn(version: unknown, settings: unknown, overrides: unknown): LiveServer | undefined {
  const number = typeof version === 'string' ? Number(version) : Number.NaN;
  if (!Number.isInteger(number) || number < 90_000 || number > 999_999) return undefined;
  return {
    major: Math.floor(number / 10_000),
    settings: rowsIn(settings).flatMap(settingIn),
    overrides: rowsIn(overrides).flatMap(overrideIn),
  };
}

/** A list of names of settings, the same way. */
export const namesIn = (json: unknown): string[] =>
  itemsIn(json).filter((name): name is string => typeof name === 'string' && /^[\w.]{1,63}$/.test(name));

type Row = Readonly<Record<string, unknown>>;

/** JSON comes as text, so that nobody else parses it. */
function itemsIn(json: unknown): unknown[] {
  if (typeof json !== 'string') return [];
  try {
    const items: unknown = JSON.parse(json);
    return Array.isArray(items) ? items.slice(0, MAX_ROWS) : [];
  } catch {
    return [];
  }
}

const rowsIn = (json: unknown): Row[] => itemsIn(json).filter(isRow);

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null;
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MAX_TEXT) : '');

function settingIn(row: Row): LiveSetting[] {
  const { name, setting } = row;
  if (typeof name !== 'string' || typeof setting !== 'string') return [];
  const words = Array.isArray(row.enumvals) ? row.enumvals.slice(0, MAX_ROWS).map(text) : [];
  return [
    {
      name: text(name).toLowerCase(),
      value: text(setting),
      unit: text(row.unit),
      type: text(row.vartype),
      context: text(row.context),
      source: text(row.source),
      file: text(row.sourcefile),
      min: text(row.min_val),
      max: text(row.max_val),
      words,
      pending: row.pending_restart === true,
    },
  ];
}

function overrideIn(row: Row): Override[] {
  const { name, value } = row;
  if (typeof name !== 'string' || typeof value !== 'string') return [];
  return [{ name: text(name).toLowerCase(), value: text(value), role: text(row.role), database: text(row.database) }];
}
