import { APP_ROLE, DATABASE, MIGRATE_ROLE, MONITOR_ROLE } from '../../kit/names.ts';
import { sqlIdentifier, sqlLiteral } from '../../kit/postgres-conf.ts';
import type { Stack } from '../../stack.ts';
import { POSTGRES_SECRETS_DIR } from './bootstrap.ts';
import { isKnown } from './parameters.ts';

/** roles.sql: the roles of the database, their rights and their settings. */

const app = sqlIdentifier(APP_ROLE);
const migrate = sqlIdentifier(MIGRATE_ROLE);
const monitor = sqlIdentifier(MONITOR_ROLE);
const database = sqlIdentifier(DATABASE);
const LOGIN = 'LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION';

/**
 * A psql script that is run after each start and each change: it only brings about what is not so yet. Passwords come
 * from mounted Secrets and never reach the server's log.
 */
export function rolesSql(stack: Stack): string {
  return `-- Written by pitcrew.
\\set ON_ERROR_STOP on
SET log_min_error_statement = panic;
SET log_min_duration_statement = -1;
SET log_statement = none;
SET client_min_messages = warning;
SET lock_timeout = '10s';
\\set app_password \`cat ${POSTGRES_SECRETS_DIR}/app/password\`
\\set monitor_password \`cat ${POSTGRES_SECRETS_DIR}/monitor/password\`
${createRole(APP_ROLE)}
ALTER ROLE ${app} ${LOGIN} PASSWORD :'app_password';
ALTER ROLE ${app} SET statement_timeout = ${sqlLiteral(`${stack.value('postgres.statementTimeoutSeconds')}s`)};
${transactionTimeout(stack)}SELECT ${sqlLiteral(`CREATE DATABASE ${database} OWNER ${app}`)} WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = ${sqlLiteral(DATABASE)}) \\gexec
${migrateRole()}${createRole(MONITOR_ROLE)}
ALTER ROLE ${monitor} ${LOGIN} CONNECTION LIMIT 3 PASSWORD :'monitor_password';
ALTER ROLE ${monitor} SET statement_timeout = '5s';
ALTER ROLE ${monitor} SET search_path = pg_catalog;
GRANT pg_read_all_settings TO ${monitor};
${revoke('pg_monitor', MONITOR_ROLE)}${reservedConnections(stack)}REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${database} TO ${monitor};
`;
}

const createRole = (role: string): string =>
  `SELECT ${sqlLiteral(`CREATE ROLE ${sqlIdentifier(role)}`)} WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${sqlLiteral(role)}) \\gexec`;

/** Only from who has it: anything else would be warned of, each time. */
const revoke = (right: string, role: string): string =>
  `SELECT ${sqlLiteral(`REVOKE ${right} FROM ${sqlIdentifier(role)}`)} WHERE pg_has_role(${sqlLiteral(role)}, ${sqlLiteral(right)}, 'MEMBER') \\gexec\n`;

/** Set, or taken back where the profile no longer has it. Only where the server knows the setting. */
function transactionTimeout(stack: Stack): string {
  const seconds = stack.effective.find('postgres.transactionTimeoutSeconds');
  if (!isKnown(stack, 17, seconds !== undefined)) return '';
  return seconds === undefined
    ? `ALTER ROLE ${app} RESET transaction_timeout;\n`
    : `ALTER ROLE ${app} SET transaction_timeout = ${sqlLiteral(`${seconds}s`)};\n`;
}

/**
 * DB-04: the login of the migration. As its session begins it takes on the application's role, so what it makes is the
 * application's; it has no time limit, but must not stand in a queue for a lock with all requests behind it.
 * Settings go by the login, so those that somebody has given to the application's role, its search_path above all, are
 * given to this one too, all but time limits. The application may choose them, and they are in force here for a moment:
 * after the password is set, and with the functions named in full. All in one transaction, so that no login finds half.
 */
function migrateRole(): string {
  const alter = `ALTER ROLE ${migrate}`;
  return `BEGIN;
${createRole(MIGRATE_ROLE)}
${alter} ${LOGIN} INHERIT PASSWORD :'app_password';
GRANT ${app} TO ${migrate};
${alter} RESET ALL;
${alter} IN DATABASE ${database} RESET ALL;
${alter} SET role = ${sqlLiteral(APP_ROLE)};
${alter} SET statement_timeout = 0;
${alter} SET lock_timeout = '5s';
DO $$
DECLARE own record;
BEGIN
  FOR own IN
    SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value,
      CASE WHEN setdatabase = 0 THEN '' ELSE 'IN DATABASE ${database}' END AS place
    FROM pg_db_role_setting CROSS JOIN LATERAL unnest(setconfig) AS entry
    WHERE setrole = ${sqlLiteral(APP_ROLE)}::regrole AND split_part(entry, '=', 1) <> 'role' AND right(split_part(entry, '=', 1), 8) <> '_timeout'
      AND (setdatabase = 0 OR setdatabase = (SELECT oid FROM pg_database WHERE datname = ${sqlLiteral(DATABASE)}))
  LOOP
    BEGIN
      PERFORM pg_catalog.set_config(own.name, own.value, true);
      EXECUTE pg_catalog.format('${alter} %s SET %I FROM CURRENT', own.place, own.name);
    EXCEPTION WHEN OTHERS THEN
      RAISE WARNING 'migrations run without the % of the application: %', own.name, SQLERRM;
    END;
  END LOOP;
END $$;
COMMIT;
`;
}

/** Whoever asks whether the server works must get in when the application has taken all other connections. */
function reservedConnections(stack: Stack): string {
  const reserved = stack.value('postgres.reservedConnections');
  if (reserved > 0) return isKnown(stack, 16, true) ? `GRANT pg_use_reserved_connections TO ${monitor};\n` : '';
  return isKnown(stack, 16, false) ? revoke('pg_use_reserved_connections', MONITOR_ROLE) : '';
}
