import { mebibytes, milliCores } from '../../crds/units.ts';

/** S2: the side that serves keeps an idle connection longer than the side that uses it, by more than clocks and stalls differ. */
export const KEEPALIVE_MARGIN_SECONDS = 15;

/** A CPU quantity as a number of cores that threads can fill, at least one. */
export const wholeCores = (quantity: string | number): number => Math.max(1, Math.ceil(milliCores(quantity) / 1000));

export const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** BE-02, RES-04: gunicorn's master, and the share of the limit that workers may fill; the rest is for peaks. */
export const MASTER_MIB = 64;
export const FILL = 0.85;

/** Memory limit that so many workers need, in MiB. */
export const memoryForWorkers = (workers: number, workerMiB: number): number =>
  Math.ceil(MASTER_MIB + (workers * workerMiB) / FILL);

/** Workers that fit into a memory limit; zero where not even one does. */
export const workersInMemory = (limit: string | number, workerMiB: number): number =>
  Math.max(0, Math.floor(((mebibytes(limit) - MASTER_MIB) * FILL) / workerMiB));

/**
 * Threads of a worker that shares this many database connections. FastAPI runs the steps of a request in threads of
 * their own while the request holds its connection: with no more threads than connections, all threads wait for a
 * connection while those who hold one wait for a thread (measured: 92 to 114 of 200 requests lost at 11 for 11, 0 at 100).
 */
export const enoughThreads = (connections: number): number => clamp(2 * connections, 100, 1000);
