import { Agent, type Dispatcher } from 'undici';
import type { Clock } from '../loop/clock.ts';
import type { Credentials, Endpoint, TlsMaterial } from './config.ts';

/** Connections that must not wait for one another get a lane each. */
export type Lane = 'api' | 'watch';

/** What carries requests; a simulation has one without a network. */
export type Carrier = Pick<Dispatcher, 'request' | 'compose'>;

/** What one request is sent with. */
export interface Ticket {
  readonly agent: Carrier;
  readonly headers: Readonly<Record<string, string>>;
  /** Grows with every reading of the credentials: tells whether they are newer than the ones that were refused. */
  readonly generation: number;
}

/** The connection pools of an endpoint, kept while certificates stay the same, and the credentials, read again in time. */
export interface Pools {
  readonly ticket: (lane: Lane) => Promise<Ticket>;
  /** The server refused a ticket: read the credentials again, unless somebody has since. */
  readonly refused: (ticket: Ticket) => Promise<void>;
  /** Cuts all connections. */
  readonly close: () => Promise<void>;
}

/** How to build pools. */
export interface PoolsOptions {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  /** Watches at a time, default 64. More would wait for a connection without a word. */
  readonly watchConnections?: number | undefined;
  /** Reading the credentials again failed; the old ones go on being used. */
  readonly refreshFailed?: ((error: unknown) => void) | undefined;
}

interface Pool {
  readonly credentials: Credentials;
  readonly agents: Record<Lane, Agent>;
  readonly readAtMs: number;
  readonly generation: number;
}

/** As client-go: service account tokens are rotated in place. */
const CREDENTIALS_TTL_MS = 60_000;

/** Pools that open no connection until the first ticket is used. */
export function createPools(options: PoolsOptions): Pools {
  const { clock, watchConnections = 64 } = options;
  const alive = new Set<Agent>();
  let pool: Pool | undefined;
  let reading: Promise<Pool> | undefined;

  const agentsFor = (tls: TlsMaterial): Record<Lane, Agent> => {
    const agents = { api: apiAgent(tls), watch: watchAgent(tls, watchConnections) };
    for (const agent of Object.values(agents)) alive.add(agent);
    return agents;
  };

  // Running calls and watches end on the connections they began on; nothing new goes there.
  const retire = (agents: Record<Lane, Agent>) => {
    for (const agent of Object.values(agents)) {
      agent.close().then(
        () => alive.delete(agent),
        () => alive.delete(agent),
      );
    }
  };

  const read = async (refused: boolean): Promise<Pool> => {
    const before = pool;
    const credentials = await readOrKeep(options, before?.credentials, refused);
    const unchanged = before !== undefined && before.credentials.tlsFingerprint === credentials.tlsFingerprint;
    const agents = unchanged ? before.agents : agentsFor(credentials.tls);
    if (before !== undefined && !unchanged) retire(before.agents);
    pool = { credentials, agents, readAtMs: clock.nowMs(), generation: (before?.generation ?? 0) + 1 };
    return pool;
  };

  const refresh = (refused: boolean): Promise<Pool> => {
    reading ??= read(refused).finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    ticket: async (lane) => {
      const fresh = pool !== undefined && clock.nowMs() - pool.readAtMs < CREDENTIALS_TTL_MS;
      const { agents, credentials, generation } = fresh && pool !== undefined ? pool : await refresh(false);
      return { agent: agents[lane], headers: credentials.headers, generation };
    },
    refused: async (ticket) => {
      if (pool === undefined || pool.generation <= ticket.generation) await refresh(true);
    },
    close: async () => {
      await Promise.all([...alive].map((agent) => agent.destroy()));
      alive.clear();
    },
  };
}

async function readOrKeep(
  { endpoint, refreshFailed }: PoolsOptions,
  kept: Credentials | undefined,
  refused: boolean,
): Promise<Credentials> {
  try {
    return await endpoint.readCredentials(refused);
  } catch (error) {
    if (kept === undefined) throw error;
    refreshFailed?.(error);
    return kept;
  }
}

const connectOptions = (tls: TlsMaterial) => ({
  ...definedOf(tls),
  timeout: 5_000,
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
});

/** An undefined `rejectUnauthorized` would switch verification off in some TLS layers: pass on only what is set. */
const definedOf = (tls: TlsMaterial): Partial<Record<keyof TlsMaterial, string | Buffer | boolean>> =>
  Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));

// HTTP/1.1 on purpose: one connection per call in flight, and no ping or GOAWAY handling of our own.
const apiAgent = (tls: TlsMaterial): Agent =>
  new Agent({
    connections: 32,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: 60_000,
    headersTimeout: 30_000,
    bodyTimeout: 30_000,
    connect: connectOptions(tls),
  });

// No body timeout: the reflector's watchdog knows better what silence means.
const watchAgent = (tls: TlsMaterial, connections: number): Agent =>
  new Agent({
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 30_000,
    bodyTimeout: 0,
    connect: connectOptions(tls),
  });
