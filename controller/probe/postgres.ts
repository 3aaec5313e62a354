import { Socket } from 'node:net';
import pg from 'pg';
import { PG_PROOF_SETTING, POSTGRES_PORT } from '../../charts/kit/names.ts';
import { type Proof, reasonOf, unreachable } from './proof.ts';

/** Where a database answers, and as whom it is asked. */
export interface PostgresAddress {
  readonly ip: string;
  /** Default: PostgreSQL's own. */
  readonly port?: number | undefined;
  readonly username: string;
  readonly password: string;
}

const DEADLINE_MS = 2_000;
const GOODBYE_MS = 200;

/** An answer is a few hundred bytes; whoever sends more is not our PostgreSQL, and must not fill our memory. */
const MAX_BYTES = 65_536;
/** Nobody but the superuser may make anything here. In the application's database its role could shadow what we ask. */
const QUIET_DATABASE = 'postgres';

const QUESTION = `
SELECT pg_catalog.current_setting('${PG_PROOF_SETTING}', true) AS loaded,
       coalesce((SELECT pg_catalog.array_agg(name ORDER BY name) FROM pg_catalog.pg_settings WHERE pending_restart),
                '{}') AS pending`;

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
    return await withinDeadline(ask(client), signal);
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

async function ask(client: pg.Client): Promise<Proof> {
  await client.connect();
  const { rows } = await client.query<{ loaded: string | null; pending: string[] }>(QUESTION);
  const [row] = rows;
  return {
    loaded: row?.loaded ?? undefined,
    refusal: undefined,
    pendingRestart: row?.pending ?? [],
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
