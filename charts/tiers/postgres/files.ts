import { hashOf } from '../../kit/hash.ts';
import { APP_ROLE, DATABASE, MONITOR_ROLE, PG_PROOF_SETTING, POSTGRES_PORT } from '../../kit/names.ts';
import { confLine, sqlIdentifier, sqlLiteral } from '../../kit/postgres-conf.ts';
import type { Stack } from '../../stack.ts';
import { POSTGRES_CONFIG_DIR, POSTGRES_SECRETS_DIR, runScript, SOCKET_DIR } from './bootstrap.ts';
import { isKnown, isReplaced, parameterLines, restartLines } from './parameters.ts';

/** The files of the database: postgresql.conf, pg_hba.conf, roles.sql, run.sh. */

/** What the user can not choose, and the rule that says why (PG-05); the last number is the major that brought it. */
const FIXED: ReadonlyArray<readonly [string, string | number, number?]> = [
  ['listen_addresses', '*'],
  ['port', POSTGRES_PORT],
  ['unix_socket_directories', SOCKET_DIR],
  ['hba_file', `${POSTGRES_CONFIG_DIR}/pg_hba.conf`],
  ['password_encryption', 'scram-sha-256'], // D20.
  ['log_timezone', 'UTC'],
  ['timezone', 'UTC'],
  ['fsync', 'on'], // INV-25.
  ['full_page_writes', 'on'], // INV-25.
  ['huge_pages', 'off'], // PG-11: needs pages that the node sets aside.
  ['allow_alter_system', 'off', 17], // PG-04: it would override this file.
];

/** What we choose where the user does not by extraParameters. */
const CHOSEN: ReadonlyArray<readonly [string, string | number]> = [
  ['jit', 'off'], // PG-13.
  ['idle_in_transaction_session_timeout', '60s'], // DB-04.
  ['client_connection_check_interval', '10s'], // DB-04: frees backends whose client went away.
  ['log_line_prefix', '%m [%p] %q%u@%d '],
  ['log_lock_waits', 'on'],
  ['log_parameter_max_length', 0], // Values are data of customers; statements alone tell what is slow.
];

/** All files by name, the hash of them, and the hash of what only a restart brings into force. */
export interface PostgresFiles {
  readonly data: Readonly<Record<string, string>>;
  readonly configHash: string;
  readonly restartHash: string;
}

export function postgresFiles(stack: Stack): PostgresFiles {
  const rest = { 'pg_hba.conf': HBA, 'roles.sql': rolesSql(stack), 'run.sh': runScript() };
  const conf = postgresConf(stack);
  const configHash = hashOf(conf, rest['pg_hba.conf'], rest['roles.sql']);
  const proof = `\n# What the running server answers when it is asked which configuration it has loaded.\n${confLine(PG_PROOF_SETTING, configHash)}\n`;
  return {
    data: { 'postgresql.conf': conf + proof, ...rest },
    configHash,
    restartHash: hashOf(...restartLines(stack), rest['run.sh']),
  };
}

function postgresConf(stack: Stack): string {
  return [
    '# Written by pitcrew. ALTER SYSTEM would override it and is not noticed: set values in the profile.',
    ...FIXED.filter(([, , since]) => isKnown(stack, since, false)).map(([name, value]) => confLine(name, value)),
    ...CHOSEN.filter(([name]) => !isReplaced(stack, name)).map(([name, value]) => confLine(name, value)),
    '',
    '# From the profile.',
    ...parameterLines(stack),
    '',
  ].join('\n');
}

/** The superuser only by the socket and only as the operating system's user; everybody else only by SCRAM. */
const HBA = `# Written by pitcrew.
local   all  postgres  peer
local   all  all       reject
host    all  postgres  all  reject
host    all  all       all  scram-sha-256
`;

/**
 * Roles, database and their settings, as a psql script that is run after each start and each change: it
 * only brings about what is not so yet. Passwords come from mounted Secrets and never reach the server's log.
 */
function rolesSql(stack: Stack): string {
  const app = sqlIdentifier(APP_ROLE);
  const monitor = sqlIdentifier(MONITOR_ROLE);
  const database = sqlIdentifier(DATABASE);
  const createRole = (role: string) =>
    `SELECT ${sqlLiteral(`CREATE ROLE ${sqlIdentifier(role)}`)} WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${sqlLiteral(role)}) \\gexec`;
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
ALTER ROLE ${app} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'app_password';
ALTER ROLE ${app} SET statement_timeout = ${sqlLiteral(`${stack.value('postgres.statementTimeoutSeconds')}s`)};
${transactionTimeout(stack, app)}SELECT ${sqlLiteral(`CREATE DATABASE ${database} OWNER ${app}`)} WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = ${sqlLiteral(DATABASE)}) \\gexec
${createRole(MONITOR_ROLE)}
ALTER ROLE ${monitor} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 3 PASSWORD :'monitor_password';
ALTER ROLE ${monitor} SET statement_timeout = '5s';
ALTER ROLE ${monitor} SET search_path = pg_catalog;
GRANT pg_monitor TO ${monitor};
${reservedConnections(stack, monitor)}REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${database} TO ${monitor};
`;
}

/** Set, or taken back where the profile no longer has it. Only where the server knows the setting. */
function transactionTimeout(stack: Stack, role: string): string {
  const seconds = stack.effective.find('postgres.transactionTimeoutSeconds');
  if (!isKnown(stack, 17, seconds !== undefined)) return '';
  return seconds === undefined
    ? `ALTER ROLE ${role} RESET transaction_timeout;\n`
    : `ALTER ROLE ${role} SET transaction_timeout = ${sqlLiteral(`${seconds}s`)};\n`;
}

/** Whoever asks whether the server works must get in when the application has taken all other connections. */
function reservedConnections(stack: Stack, role: string): string {
  const reserved = stack.value('postgres.reservedConnections');
  if (reserved > 0) return isKnown(stack, 16, true) ? `GRANT pg_use_reserved_connections TO ${role};\n` : '';
  if (!isKnown(stack, 16, false)) return '';
  const revoke = sqlLiteral(`REVOKE pg_use_reserved_connections FROM ${role}`);
  return `SELECT ${revoke} WHERE pg_has_role(${sqlLiteral(MONITOR_ROLE)}, 'pg_use_reserved_connections', 'MEMBER') \\gexec\n`;
}
