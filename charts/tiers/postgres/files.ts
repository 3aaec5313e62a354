import { knobsOf, type PlacedKnob } from '../../../crds/knob.ts';
import { postgresSchema } from '../../../crds/tiers/postgres.ts';
import type { KnobPath } from '../../effective.ts';
import { hashOf } from '../../kit/hash.ts';
import { APP_ROLE, DATABASE, MONITOR_ROLE, PG_PROOF_SETTING, POSTGRES_PORT } from '../../kit/names.ts';
import { confLine, sqlIdentifier, sqlLiteral } from '../../kit/postgres-conf.ts';
import type { Stack } from '../../stack.ts';
import { POSTGRES_CONFIG_DIR, POSTGRES_SECRETS_DIR, runScript, SOCKET_DIR } from './bootstrap.ts';

/** The files of the database: postgresql.conf, pg_hba.conf, roles.sql, run.sh. */

const CONF_KNOBS: readonly PlacedKnob[] = knobsOf(postgresSchema, 'postgres').filter(
  ({ knob }) => knob.target.file === 'postgresql.conf',
);

/** What the user can not choose, and the rule that says why (PG-05). */
const FIXED: ReadonlyArray<readonly [string, string | number]> = [
  ['listen_addresses', '*'],
  ['port', POSTGRES_PORT],
  ['unix_socket_directories', SOCKET_DIR],
  ['hba_file', `${POSTGRES_CONFIG_DIR}/pg_hba.conf`],
  ['password_encryption', 'scram-sha-256'], // D20.
  ['fsync', 'on'], // INV-25.
  ['full_page_writes', 'on'], // INV-25.
  ['jit', 'off'], // PG-13.
  ['huge_pages', 'off'], // PG-11: needs pages that the node sets aside.
  ['idle_in_transaction_session_timeout', '60s'], // DB-04.
  ['client_connection_check_interval', '10s'], // DB-04: frees backends whose client went away.
  ['log_timezone', 'UTC'],
  ['timezone', 'UTC'],
  ['log_line_prefix', '%m [%p] %q%u@%d '],
  ['log_lock_waits', 'on'],
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
    restartHash: hashOf(...parameterLines(stack, 'restart'), rest['run.sh']),
  };
}

function parameterLines(stack: Stack, change?: 'restart'): string[] {
  return CONF_KNOBS.filter(({ knob }) => change === undefined || knob.change === change).flatMap(({ path, knob }) => {
    const value = stack.effective.find(path as KnobPath);
    return value === undefined ? [] : [confLine(knob.target.key, value as string | number)];
  });
}

function postgresConf(stack: Stack): string {
  return [
    '# Written by pitcrew. ALTER SYSTEM would override it and is not noticed: set values in the profile.',
    ...FIXED.map(([name, value]) => confLine(name, value)),
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
\\set app_password \`cat ${POSTGRES_SECRETS_DIR}/app/password\`
\\set monitor_password \`cat ${POSTGRES_SECRETS_DIR}/monitor/password\`
${createRole(APP_ROLE)}
ALTER ROLE ${app} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'app_password';
ALTER ROLE ${app} SET statement_timeout = ${sqlLiteral(`${stack.value('postgres.statementTimeoutSeconds')}s`)};
SELECT ${sqlLiteral(`CREATE DATABASE ${database} OWNER ${app}`)} WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = ${sqlLiteral(DATABASE)}) \\gexec
${createRole(MONITOR_ROLE)}
ALTER ROLE ${monitor} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 3 PASSWORD :'monitor_password';
ALTER ROLE ${monitor} SET statement_timeout = '5s';
GRANT pg_monitor TO ${monitor};
REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${database} TO ${monitor};
`;
}
