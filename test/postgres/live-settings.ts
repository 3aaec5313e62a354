import type { DatabasePod } from './database-pod.ts';

/** What a running server says about one of its parameters: a row of pg_settings. */
export interface LiveSetting {
  readonly name: string;
  /** In `unit`, not as SHOW writes it. */
  readonly setting: string;
  readonly unit: string | null;
  readonly context: string;
  readonly vartype: 'bool' | 'enum' | 'integer' | 'real' | 'string';
  readonly min_val: string | null;
  readonly max_val: string | null;
  readonly enumvals: readonly string[] | null;
  readonly boot_val: string | null;
  readonly pending_restart: boolean;
}

export type LiveSettings = ReadonlyMap<string, LiveSetting>;

/** All that a change of the configuration can be seen by, at one moment. */
export interface Observation {
  readonly settings: LiveSettings;
  /** When the server was started. */
  readonly startedAt: string;
  /** Parameters of the file that are not in force as they stand there, with the server's reason if it has one. */
  readonly notApplied: ReadonlyArray<{ readonly name: string; readonly error: string | null }>;
  readonly roles: unknown;
}

/** A query as the superuser, by the socket; its rows. */
export async function rows<T>(pod: DatabasePod, sql: string): Promise<T[]> {
  const wrapped = `SELECT coalesce(json_agg(row_to_json(r)), '[]') FROM (${sql}) r`;
  return JSON.parse(await pod.exec(['psql', ...QUIET, '--username=postgres', '--command', wrapped])) as T[];
}

/** A query over TCP as somebody with a password; its only value. */
export async function ask(
  pod: DatabasePod,
  login: { readonly user: string; readonly password: string; readonly database?: string },
  sql: string,
): Promise<string> {
  const where = ['--host=127.0.0.1', `--username=${login.user}`, `--dbname=${login.database ?? 'app'}`];
  return (await pod.exec(['psql', ...QUIET, ...where, '--command', sql], { PGPASSWORD: login.password })).trim();
}

const QUIET = ['--no-psqlrc', '--tuples-only', '--no-align', '--quiet', '--no-password', '--set=ON_ERROR_STOP=1'];

export async function observe(pod: DatabasePod): Promise<Observation> {
  const settings = await rows<LiveSetting>(pod, 'SELECT * FROM pg_settings');
  const [start] = await rows<{ at: string }>(pod, 'SELECT pg_postmaster_start_time() AS at');
  return {
    settings: new Map(settings.map((each) => [each.name, each])),
    startedAt: start?.at ?? '',
    notApplied: await rows(pod, 'SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL OR NOT applied'),
    roles: await rows(pod, ROLES),
  };
}

/** All that roles.sql brings about; of the passwords only their kind, since each setting makes a new salt. */
const ROLES = `
  SELECT a.rolname, a.rolsuper, a.rolcreatedb, a.rolcreaterole, a.rolreplication, a.rolconnlimit, r.rolconfig,
    split_part(a.rolpassword, '$', 1) AS password,
    (SELECT array_agg(m.roleid::regrole::text ORDER BY 1) FROM pg_auth_members m WHERE m.member = a.oid) AS member_of,
    (SELECT array_agg(d.datname || ' ' || d.datacl::text) FROM pg_database d WHERE d.datdba = a.oid) AS owns
  FROM pg_authid a JOIN pg_roles r USING (oid) WHERE a.rolcanlogin ORDER BY a.rolname`;
