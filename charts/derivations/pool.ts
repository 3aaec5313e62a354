import { fittingPerWorker, OPERATIONS, SUPERUSER_RESERVED, toTens } from '../connections.ts';
import type { Derivations, Reader } from '../effective.ts';
import { clamp } from './arithmetic.ts';

/**
 * The pool and max_connections, jointly (DB-02). Whoever gives maxConnections gets the largest useful pool that fits
 * into it; whoever gives the pool gets the maxConnections that it needs; whoever gives neither gets both. Only the
 * peak of a rolling update counts, when old and new pods stand side by side.
 */

/** DB-02: derived up to this many; beyond, a pooler is cheaper than processes of PostgreSQL. */
export const DERIVED_CEILING = 200;
const POSTGRES_DEFAULT = 100;
/** DB-03: more than this only queue inside PostgreSQL, where the statement timeout counts. */
const POOL_DEFAULT = 5;
const POOL_MOST = 10;

export const POOL_DERIVATIONS: Derivations = {
  'backend.pool.size': {
    rule: 'DB-02',
    formula:
      'half of what each worker may open: (postgres.maxConnections, else 200, − 3 − postgres.reservedConnections − 5) / (2 × backend.replicas × backend.workers); at most 10, and 5 where maxConnections follows from the pool',
    derive: (read) => {
      const fitting = perWorker(read);
      const overflow = read.given('backend.pool.maxOverflow');
      const wanted = overflow === undefined ? Math.ceil(fitting / 2) : fitting - overflow;
      return clamp(wanted, 1, most(read));
    },
  },
  'backend.pool.maxOverflow': {
    rule: 'DB-02',
    formula:
      'the other half: (postgres.maxConnections, else 200, − 3 − postgres.reservedConnections − 5) / (2 × backend.replicas × backend.workers) − backend.pool.size; never above the size',
    derive: (read) => {
      const size = read.value('backend.pool.size');
      return clamp(perWorker(read) - size, 0, Math.min(size, most(read)));
    },
  },
  'postgres.maxConnections': {
    rule: 'DB-02',
    formula:
      '2 × backend.replicas × backend.workers × (backend.pool.size + backend.pool.maxOverflow) + 3 + postgres.reservedConnections + 5, up to full tens; from 100 to 200',
    derive: (read) => {
      const workers = read.value('backend.replicas') * read.value('backend.workers');
      const connections = workers * (read.value('backend.pool.size') + read.value('backend.pool.maxOverflow'));
      const kept = SUPERUSER_RESERVED + read.value('postgres.reservedConnections') + OPERATIONS;
      return clamp(toTens(2 * connections + kept), POSTGRES_DEFAULT, DERIVED_CEILING);
    },
  },
};

const most = (read: Reader): number => (read.has('postgres.maxConnections') ? POOL_MOST : POOL_DEFAULT);

/** Connections that one worker may open, by what the user said of maxConnections. */
function perWorker(read: Reader): number {
  const connections = read.given('postgres.maxConnections') ?? DERIVED_CEILING;
  const usable = connections - SUPERUSER_RESERVED - read.value('postgres.reservedConnections') - OPERATIONS;
  return fittingPerWorker(usable, read.value('backend.replicas'), read.value('backend.workers'));
}
