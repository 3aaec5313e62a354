import { mebibytes, pgKilobytes } from '../crds/units.ts';
import { connectionBudget, OPERATIONS, type Values } from './connections.ts';
import { wholeCores } from './derivations/arithmetic.ts';

/** What PostgreSQL may take of its memory limit (PG-06, INV-10). All in MiB. */

/** Measured with `postgres -C shared_memory_size` of 15, 17 and 18: of sharedBuffers, per connection, and for the rest with walBuffers of 16MB. */
const SHARED_PER_BUFFER = 1.0625;
const SHARED_PER_CONNECTION = 0.08;
const SHARED_BASE = 14;
/** A backend that runs a query, besides workMem; one that waits; the server itself. */
const ACTIVE_MIB = 6;
const IDLE_MIB = 2;
const SERVER_MIB = 64;
/** A hash may take workMem times this (hash_mem_multiplier). */
const HASH_MULTIPLIER = 2;
/** Share of the limit that the expected use may fill; the rest is for the page cache and for peaks. */
export const FILL = 0.9;

export interface PostgresMemory {
  readonly limit: number;
  readonly shared: number;
  /** Queries at the same time: as many as the cores can run, and one that waits for the disk on each (DB-03). */
  readonly active: number;
  /** Connections that pools keep open and do not use, while old and new pods stand side by side. */
  readonly idle: number;
  readonly workMem: number;
  readonly autovacuum: number;
  readonly expected: number;
  /** Connections that may all be busy at the same time. */
  readonly busy: number;
  readonly worst: number;
}

export function postgresMemory(values: Values): PostgresMemory {
  const parts = withoutWorkMem(values);
  const workMem = pgKilobytes(values.value('postgres.parameters.workMem')) / 1024;
  const { shared, active, idle, busy, autovacuum } = parts;
  const query = ACTIVE_MIB + workMem * HASH_MULTIPLIER;
  const fixed = shared + autovacuum + SERVER_MIB;
  return { ...parts, workMem, expected: fixed + active * query + idle * IDLE_MIB, worst: fixed + busy * query };
}

function withoutWorkMem(values: Values): Omit<PostgresMemory, 'workMem' | 'expected' | 'worst'> {
  const { maxConnections, steady, replicas, workers, poolSize } = connectionBudget(values);
  const buffers = pgKilobytes(values.value('postgres.parameters.sharedBuffers')) / 1024;
  const maintenance = pgKilobytes(values.value('postgres.parameters.maintenanceWorkMem')) / 1024;
  const active = Math.min(maxConnections, 2 * wholeCores(values.value('postgres.resources.limits.cpu')) + 1);
  return {
    limit: mebibytes(values.value('postgres.resources.limits.memory')),
    shared: SHARED_PER_BUFFER * buffers + SHARED_PER_CONNECTION * maxConnections + SHARED_BASE,
    active,
    idle: Math.max(0, Math.min(maxConnections, 2 * replicas * workers * poolSize + OPERATIONS) - active),
    busy: Math.min(maxConnections, steady + OPERATIONS),
    autovacuum: values.value('postgres.parameters.autovacuumMaxWorkers') * maintenance,
  };
}

/** The largest workMem, in kB, with which the expected use stays within the limit; may be negative. */
export function workMemCeilingKb(values: Values): number {
  const { limit, shared, autovacuum, active, idle } = withoutWorkMem(values);
  const room = FILL * limit - shared - autovacuum - SERVER_MIB - idle * IDLE_MIB - active * ACTIVE_MIB;
  return Math.floor((room / active / HASH_MULTIPLIER) * 1024);
}
