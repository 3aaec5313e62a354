import { hashOf } from '../../kit/hash.ts';
import { PG_PROOF_SETTING, POSTGRES_PORT } from '../../kit/names.ts';
import { confLine } from '../../kit/postgres-conf.ts';
import type { Stack } from '../../stack.ts';
import { POSTGRES_CONFIG_DIR, runScript, SOCKET_DIR } from './bootstrap.ts';
import { isKnown, isReplaced, parameterLines, restartLines } from './parameters.ts';
import { rolesSql } from './roles.ts';

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

/** Parameters of the file that follow from no field of the profile. */
export const UNASKED_SETTINGS: readonly string[] = [...FIXED, ...CHOSEN].map(([name]) => name);

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
    '# Written by pitcrew. ALTER SYSTEM would override it, and findings would say so: set values in the profile.',
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
