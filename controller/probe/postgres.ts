import pg from 'pg';
import { DATABASE, PG_PROOF_SETTING, POSTGRES_PORT } from '../../charts/kit/names.ts';
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

const QUESTION = `
SELECT current_setting('${PG_PROOF_SETTING}', true) AS loaded,
       coalesce((SELECT array_agg(name ORDER BY name) FROM pg_settings WHERE pending_restart), '{}') AS pending`;

/** Asks the server for the hash of the configuration in force and for the settings that wait for a restart. */
export async function probePostgres(address: PostgresAddress, signal: AbortSignal): Promise<Proof> {
  const client = new pg.Client({
    host: address.ip,
    port: address.port ?? POSTGRES_PORT,
    user: address.username,
    password: address.password,
    database: DATABASE,
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
    return unreachable(reasonOf(error));
  } finally {
    client.end().catch(() => undefined);
  }
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
