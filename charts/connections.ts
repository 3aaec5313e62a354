import type { Effective } from './effective.ts';

/** The connection invariant (DB-02, INV-05): what the pools may open against what PostgreSQL accepts. */

/** superuser_reserved_connections of PostgreSQL. */
const RESERVED = 3;
/** Exporter 2, migration 1, dump 1, an administrator's psql 1 (DB-02). */
const OPERATIONS = 5;

export interface ConnectionBudget {
  readonly replicas: number;
  readonly workers: number;
  readonly poolSize: number;
  readonly maxOverflow: number;
  /** Connections that all pools may open at rest. */
  readonly steady: number;
  /** The same during a rolling update, when old and new pods stand side by side: an exact upper bound. */
  readonly peak: number;
  readonly maxConnections: number;
  /** What is left to the application. */
  readonly usable: number;
  /** maxConnections with which the peak would fit, rounded up to tens. */
  readonly neededMaxConnections: number;
}

export function connectionBudget(effective: Effective): ConnectionBudget {
  const replicas = effective.value('backend.replicas');
  const workers = effective.value('backend.workers');
  const poolSize = effective.value('backend.pool.size');
  const maxOverflow = effective.value('backend.pool.maxOverflow');
  const maxConnections = effective.value('postgres.maxConnections');
  const steady = replicas * workers * (poolSize + maxOverflow);
  const peak = 2 * steady;
  return {
    replicas,
    workers,
    poolSize,
    maxOverflow,
    steady,
    peak,
    maxConnections,
    usable: maxConnections - RESERVED - OPERATIONS,
    neededMaxConnections: Math.ceil((peak + RESERVED + OPERATIONS) / 10) * 10,
  };
}

/** The largest pool whose peak fits into the connections that there are; half of it rounded up is kept open. */
export function fittingPool(effective: Effective): { size: number; maxOverflow: number } {
  const budget = connectionBudget(effective);
  const perWorker = Math.max(1, Math.floor(budget.usable / (2 * budget.replicas * budget.workers)));
  const size = Math.ceil(perWorker / 2);
  return { size, maxOverflow: perWorker - size };
}
