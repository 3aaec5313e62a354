import type { Effective } from './effective.ts';

/** The connection invariant (DB-02, INV-05): what the pools may open against what PostgreSQL accepts. */

/** superuser_reserved_connections of PostgreSQL. */
export const SUPERUSER_RESERVED = 3;
/** Exporter 2, migration 1, dump 1, an administrator's psql 1 (DB-02). */
export const OPERATIONS = 5;

/** Something that knows the values in force: all of them, or a derivation's view of them. */
export type Values = Pick<Effective, 'value'>;

export interface ConnectionBudget {
  readonly replicas: number;
  readonly workers: number;
  readonly poolSize: number;
  readonly maxOverflow: number;
  /** Connections that all pools may open at rest. */
  readonly steady: number;
  /**
   * The same during a rolling update, when old and new pods stand side by side: an exact upper bound. It
   * also covers a worker that is replaced while the connections of the old one are not closed yet, since that is
   * one worker more and not twice as many.
   */
  readonly peak: number;
  readonly maxConnections: number;
  /** What is left to the application. */
  readonly usable: number;
  /** maxConnections with which the peak would fit, rounded up to tens. */
  readonly neededMaxConnections: number;
}

export function connectionBudget(values: Values): ConnectionBudget {
  const replicas = values.value('backend.replicas');
  const workers = values.value('backend.workers');
  const poolSize = values.value('backend.pool.size');
  const maxOverflow = values.value('backend.pool.maxOverflow');
  const maxConnections = values.value('postgres.maxConnections');
  const kept = SUPERUSER_RESERVED + values.value('postgres.reservedConnections') + OPERATIONS;
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
    usable: Math.max(0, maxConnections - kept),
    neededMaxConnections: toTens(peak + kept),
  };
}

/** Connections of one worker with which old and new pods together stay within `usable`; at least one. */
export const fittingPerWorker = (usable: number, replicas: number, workers: number): number =>
  Math.max(1, Math.floor(usable / (2 * replicas * workers)));

/** The largest pool whose peak fits into the connections that there are; half of it rounded up is kept open. */
export function fittingPool(budget: ConnectionBudget): { size: number; maxOverflow: number } {
  const perWorker = Math.min(200, fittingPerWorker(budget.usable, budget.replicas, budget.workers));
  const size = Math.ceil(perWorker / 2);
  return { size, maxOverflow: perWorker - size };
}

export const toTens = (connections: number): number => Math.ceil(connections / 10) * 10;
