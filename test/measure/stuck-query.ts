import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubectl } from '../support/kubectl.ts';
import { lockTable, runningQueries } from './database-load.ts';
import { openLine, type Reply, tally } from './line.ts';
import type { Stack } from './stacks.ts';

/** Queries that a lock would hold for a minute: who ends them, when, and what the client is told. */
export interface StuckQuery {
  readonly status: number;
  readonly seconds: number;
  readonly isJson: boolean;
  /** Queries of the application that were still in the database when that answer was there. */
  readonly leftBehind: number;
}

/** The same for more clients than the pools have connections: some must wait for a thread or a connection first. */
export interface StuckCrowd {
  readonly statuses: Readonly<Record<string, number>>;
  readonly slowestSeconds: number;
}

const REPORT = '/api/reports/top-products';
const LOCK_SECONDS = 75;
const HEAD_START_MS = 500;

/** What one client alone is told, and after how many seconds. */
export async function stuckQuery(kubectl: Kubectl, stack: Stack): Promise<StuckQuery> {
  const lock = await lockTable(kubectl, stack, 'products', LOCK_SECONDS);
  const line = openLine(stack.edge, 1);
  const reply = await line.ask({ path: REPORT });
  await sleep(HEAD_START_MS);
  const leftBehind = await runningQueries(kubectl, stack);
  await line.close();
  await lock.release();
  const isJson = String(reply.headers['content-type']).startsWith('application/json');
  return { status: reply.status, seconds: seconds(reply), isJson, leftBehind };
}

export async function stuckCrowd(kubectl: Kubectl, stack: Stack, clients: number): Promise<StuckCrowd> {
  const lock = await lockTable(kubectl, stack, 'products', LOCK_SECONDS);
  const line = openLine(stack.edge, clients);
  const replies = await Promise.all(Array.from({ length: clients }, () => line.ask({ path: REPORT })));
  await line.close();
  await lock.release();
  return { statuses: tally(replies), slowestSeconds: Math.max(...replies.map(seconds)) };
}

const seconds = ({ milliseconds }: Reply): number => Math.round(milliseconds / 100) / 10;
