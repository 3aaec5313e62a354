import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabasePod } from '../postgres/database-pod.ts';
import { ask, observe, rows } from '../postgres/live-settings.ts';
import { imageRoots, MAJORS, type Major } from '../postgres/majors.ts';
import { environmentOf, MADE_PASSWORD, runPython } from '../postgres/migration-run.ts';
import { type RenderedDatabase, renderDatabase } from '../postgres/rendered-database.ts';
import { waitFor } from '../support/kubectl.ts';
import { pythonPrograms } from '../support/python.ts';

/** The login of a migration, with both drivers, on real servers of three majors. */

const LIMITED = { 'postgres.statementTimeoutSeconds': 1, 'postgres.transactionTimeoutSeconds': 2 };
const rendered = (major: Major, knobs = {}): RenderedDatabase => renderDatabase(major, { ...LIMITED, ...knobs });

/** Waits longer than a request may, in one transaction, and makes a table. */
const STEPS = (table: string) => `SELECT pg_sleep(2.5)|CREATE TABLE ${table} (id int)`;
const ASKED = `SELECT current_user || ' ' || current_setting('statement_timeout') || ' ' || current_setting('lock_timeout')`;

const PSYCOPG = (connect: string, table: string) => `
import os, psycopg
with psycopg.connect(${connect}) as connection:
    for step in ${JSON.stringify(STEPS(table))}.split("|"):
        connection.execute(step)
    print(connection.execute("""${ASKED}""").fetchone()[0], end="")
`;

const ASYNCPG = (connect: string, table: string) => `
import asyncio, os, asyncpg
async def main():
    connection = await asyncpg.connect(${connect})
    async with connection.transaction():
        for step in ${JSON.stringify(STEPS(table))}.split("|"):
            await connection.execute(step)
    print(await connection.fetchval("""${ASKED}"""), end="")
    await connection.close()
asyncio.run(main())
`;

const URL = 'os.environ["DATABASE_URL"]';
const DRIVERS = [
  ['by_psycopg_url', (table: string) => PSYCOPG(URL, table)],
  ['by_psycopg_variables', (table: string) => PSYCOPG('""', table)],
  ['by_asyncpg_url', (table: string) => ASYNCPG(URL, table)],
  ['by_asyncpg_variables', (table: string) => ASYNCPG('', table)],
] as const;

const pods = new Map<Major, DatabasePod>();
let bin = '';

const podOf = (major: Major): DatabasePod => {
  const pod = pods.get(major);
  if (pod === undefined) throw new Error(`the server of PostgreSQL ${major} did not come up`);
  return pod;
};

beforeAll(async () => {
  bin = await pythonPrograms();
  const roots = await imageRoots();
  await Promise.all(
    MAJORS.map(async (major) => {
      const pod = new DatabasePod(roots[major], before(major), MADE_PASSWORD);
      pods.set(major, pod);
      await pod.startReady();
      await sql(pod, 'CREATE TABLE kept AS SELECT 1 AS one', 'ALTER TABLE kept OWNER TO app');
      // What an operator before this one has left, and what somebody has set by hand.
      await sql(pod, 'ALTER ROLE app SET search_path = theirs, public', 'CREATE SCHEMA theirs AUTHORIZATION app');
      pod.mount(rendered(major));
      await waitFor('the role of the migration', async () => (await rows(pod, IS_THERE)).length === 1);
    }),
  );
});
afterAll(async () => void (await Promise.all([...pods.values()].map((pod) => pod.remove()))));

const IS_THERE =
  "SELECT FROM pg_db_role_setting WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = 'pitcrew_migrate')";

/** The database as it was made before there was such a role. */
function before(major: Major): RenderedDatabase {
  const now = rendered(major);
  const roles = now.files['roles.sql'] ?? '';
  const old = roles.replace(/^BEGIN;[\s\S]*^COMMIT;\n/m, '').replace('GRANT pg_read_all_settings', 'GRANT pg_monitor');
  return { ...now, files: { ...now.files, 'roles.sql': old } };
}

const sql = (pod: DatabasePod, ...statements: string[]): Promise<string> =>
  pod.exec([
    'psql',
    '--no-psqlrc',
    '--quiet',
    '--username=postgres',
    '--dbname=app',
    '--set=ON_ERROR_STOP=1',
    ...statements.map((each) => `--command=${each}`),
  ]);

describe.each(MAJORS)('a migration of PostgreSQL %i', (major) => {
  it('is not bound by the time limits of requests, and what it makes is the application’s', async () => {
    const env = environmentOf(rendered(major), 'Job');
    const said = DRIVERS.map(([table, script]) => runPython(podOf(major), bin, script(table), env));
    expect(await Promise.all(said)).toEqual(DRIVERS.map(() => 'app 0 5s'));
    const made =
      "SELECT string_agg(concat_ws(' ', schemaname, tablename, tableowner), ',' ORDER BY tablename) FROM pg_tables";
    const owned = await ask(
      podOf(major),
      { user: 'app', password: MADE_PASSWORD },
      `${made} WHERE tablename LIKE 'by_%'`,
    );
    expect(owned.split(',')).toEqual(DRIVERS.map(([table]) => `theirs ${table} app`).sort());
  });

  it.each(DRIVERS)('which its application is: %s', async (table, script) => {
    const env = environmentOf(rendered(major), 'Deployment');
    await expect(runPython(podOf(major), bin, script(table), env)).rejects.toThrow(/statement timeout|QueryCanceled/);
  });

  it('finds the database as it was, and what somebody has set for the application', async () => {
    const pod = podOf(major);
    expect(await ask(pod, { user: 'app', password: MADE_PASSWORD }, 'SELECT one FROM kept')).toBe('1');
    const { roles } = await observe(pod);
    expect(roles).toMatchObject([
      { rolname: 'app' },
      { rolname: 'pitcrew_migrate', rolsuper: false, rolcreaterole: false, rolcreatedb: false, member_of: ['app'] },
      { rolname: 'pitcrew_monitor', member_of: ['pg_read_all_settings'] },
      { rolname: 'postgres' },
    ]);
    expect(pod.log).not.toContain('WARNING');
  });

  it('has what is set for the application, whatever that is, but its limits', async () => {
    const pod = podOf(major);
    const marker = (name: string, types: string, returns: string) =>
      `CREATE FUNCTION evil.${name}(${types}) RETURNS ${returns} LANGUAGE plpgsql AS $$ BEGIN CREATE ROLE intruder; END $$`;
    // Where roles.sql is run. The application itself may make functions there before PostgreSQL 15.
    const trap = [
      marker('format', 'text, VARIADIC "any"', 'text'),
      marker('set_config', 'text, text, boolean', 'text'),
    ];
    const here = ['--dbname=postgres', ...['CREATE SCHEMA evil', ...trap].map((each) => `--command=${each}`)];
    await pod.exec(['psql', '--no-psqlrc', '--quiet', '--username=postgres', ...here]);
    await sql(
      pod,
      `ALTER ROLE app SET search_path = evil, "we,ird ""one""", pg_catalog`,
      "ALTER ROLE app SET my.tenant = 'x=''y'",
      "ALTER ROLE app SET session_preload_libraries = 'auto_explain'",
      "ALTER ROLE app SET default_tablespace = 'none'", // There is none, so no session may set it.
      "ALTER ROLE app IN DATABASE app SET work_mem = '9999kB'",
      'ALTER ROLE app IN DATABASE app SET statement_timeout = 1',
      'ALTER ROLE app IN DATABASE postgres SET work_mem = 8888',
    );
    await pod.exec(['psql', '--no-psqlrc', '--username=postgres', '--file=/etc/pitcrew/postgres/roles.sql']);
    const settings = await rows<{ role: string; setting: string }>(pod, SETTINGS);
    const of = (role: string) => settings.filter((each) => each.role === role).map(({ setting }) => setting);
    const passed = (setting: string) => !/(_timeout|default_tablespace)=|^postgres /.test(setting);
    expect(of('app').filter(passed)).toHaveLength(4);
    expect(of('pitcrew_migrate')).toEqual(
      [...of('app').filter(passed), 'lock_timeout=5s', 'role=app', 'statement_timeout=0'].sort(),
    );
    expect(await rows(pod, "SELECT FROM pg_roles WHERE rolname = 'intruder'")).toEqual([]);
  });
});

/** `app work_mem=9999` where it is for one database, in the order of their bytes. */
const SETTINGS = `SELECT rolname AS role, concat(datname || ' ', entry) AS setting
  FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS entry
  JOIN pg_roles ON pg_roles.oid = setrole LEFT JOIN pg_database ON pg_database.oid = setdatabase
  ORDER BY 1, concat(datname || ' ', entry) COLLATE "C"`;
