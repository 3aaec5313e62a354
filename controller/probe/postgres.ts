import { Socket } from 'node:net';
import pg from 'pg';
import { APP_ROLE, DATABASE, PG_PROOF_SETTING, POSTGRES_PORT } from '../../charts/kit/names.ts';
import { liveServerIn, MAX_ROWS, MAX_TEXT, namesIn } from './live-server.ts';
import { type Proof, reasonOf, unreachable } from './proof.ts';

/** Where a database answers, as whom it is asked, and about what. */
export interface PostgresAddress {
  readonly ip: string;
  /** Default: PostgreSQL's own. */
  readonly port?: number | undefined;
  readonly username: string;
  readonly password: string;
  /** Names of settings, in lower case. Default: none. */
  readonly settings?: readonly string[] | undefined;
}

const DEADLINE_MS = 2_000;
const GOODBYE_MS = 200;

/** An answer is some twenty kilobytes; whoever sends more is not our PostgreSQL, and must not fill our memory. */
const MAX_BYTES = 65_536;
/** Nobody but the superuser may make anything here. In the application's database its role could shadow what we ask. */
const QUIET_DATABASE = 'postgres';

/**
 * One statement, so that all of the answer is of one moment. It needs pg_read_all_settings: without that right the
 * server hides some settings, and of all of them the file that they come from. $1: names of the settings.
 * Settings of roles and databases stand in a catalog that all databases share; only those are told that sessions of
 * the application begin with.
 */
const QUESTION = `
WITH live AS MATERIALIZED (SELECT * FROM pg_catalog.pg_settings),
asked AS (
  SELECT name, pg_catalog.left(setting, ${MAX_TEXT}) AS setting, unit, vartype, context, source, min_val, max_val,
    enumvals[1:${MAX_ROWS}] AS enumvals, pending_restart,
    nullif(sourcefile, (SELECT setting FROM live WHERE name = 'config_file')) AS sourcefile
  FROM live WHERE pg_catalog.lower(name) = ANY ($1) ORDER BY name LIMIT ${MAX_ROWS}
),
overriding AS (
  SELECT pg_catalog.split_part(entry, '=', 1) AS name, role.rolname AS role, database.datname AS database,
    pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') + 1, ${MAX_TEXT}) AS value
  FROM pg_catalog.pg_db_role_setting own
  CROSS JOIN LATERAL pg_catalog.unnest(own.setconfig) AS entry
  LEFT JOIN pg_catalog.pg_roles role ON role.oid = own.setrole
  LEFT JOIN pg_catalog.pg_database database ON database.oid = own.setdatabase
  WHERE pg_catalog.lower(pg_catalog.split_part(entry, '=', 1)) = ANY ($1)
    AND (own.setrole = 0 OR role.rolname = '${APP_ROLE}') AND (own.setdatabase = 0 OR database.datname = '${DATABASE}')
  ORDER BY 1, 2, 3 LIMIT ${MAX_ROWS}
)
SELECT pg_catalog.current_setting('${PG_PROOF_SETTING}', true) AS loaded,
  (SELECT pg_catalog.json_agg(name ORDER BY name)::text FROM live WHERE pending_restart) AS pending,
  pg_catalog.current_setting('server_version_num') AS version,
  (SELECT pg_catalog.json_agg(asked)::text FROM asked) AS settings,
  (SELECT pg_catalog.json_agg(overriding)::text FROM overriding) AS overrides`;

/** What the server answers to a wrong password, and to a role that it does not know or may not let in. */
const LOGIN_REFUSED: ReadonlySet<unknown> = new Set(['28P01', '28000']);

/** Asks the server for the hash of the configuration in force and for the settings that wait for a restart. */
export async function probePostgres(address: PostgresAddress, signal: AbortSignal): Promise<Proof> {
  const socket = boundedSocket();
  const client = new pg.Client({
    stream: () => socket,
    host: address.ip,
    port: address.port ?? POSTGRES_PORT,
    user: address.username,
    password: address.password,
    database: QUIET_DATABASE,
    options: '-c search_path=pg_catalog',
    application_name: 'pitcrew',
    connectionTimeoutMillis: DEADLINE_MS,
    query_timeout: DEADLINE_MS,
  });
  // A connection that breaks after its answer is nobody's business, and unheard it would end the process.
  client.on('error', () => undefined);
  try {
    return await withinDeadline(ask(client, address.settings ?? []), signal);
  } catch (error) {
    signal.throwIfAborted();
    const loginRefused = LOGIN_REFUSED.has((error as { readonly code?: unknown }).code);
    return { ...unreachable(reasonOf(error)), loginRefused };
  } finally {
    // Not a polite goodbye only: a server that goes on talking would be listened to.
    client.end().catch(() => undefined);
    socket.destroySoon();
    setTimeout(() => socket.destroy(), GOODBYE_MS).unref();
  }
}

/** A socket that ends when more comes than an answer can be. */
function boundedSocket(): Socket {
  const socket = new Socket();
  socket.on('data', () => {
    if (socket.bytesRead > MAX_BYTES) socket.destroy(new Error('it says more than an answer'));
  });
  return socket;
}

async function ask(client: pg.Client, settings: readonly string[]): Promise<Proof> {
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(QUESTION, [settings]);
  const { loaded, pending, version, settings: live, overrides } = rows[0] ?? {};
  return {
    loaded: typeof loaded === 'string' ? loaded.slice(0, MAX_TEXT) : undefined,
    refusal: undefined,
    pendingRestart: namesIn(pending),
    server: liveServerIn(version, live, overrides),
    unreachable: undefined,
  };
}

function withinDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  return new Promise((resolve, reject) => {
    const cut = () => reject(signal.aborted ? signal.reason : new Error(`no answer within ${DEADLINE_MS} ms`));
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    work.then(resolve, reject);
  });
}
