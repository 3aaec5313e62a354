import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubectl } from '../support/kubectl.ts';
import { lockTable, runningQueries } from './database-load.ts';
import { openLine, type Reply, tally } from './line.ts';
import type { Stack } from './stacks.ts';

/** Queries that a lock would hold for a minute: who ends them, when, and what the client is told. */
export interface StuckQuery {
  /** What one client alone was told, and after how many seconds. */
  readonly alone: { readonly status: number; readonly seconds: number; readonly isJson: boolean };
  /** Queries of the application that were still in the database when that answer was there. */
  readonly leftBehind: number;
  /** The same for more clients than the pools have connections: some must wait for a connection first. */
  readonly crowd: Readonly<Record<string, number>>;
  readonly crowdSlowestSeconds: number;
}

const REPORT = '/api/reports/top-products';
const LOCK_SECONDS = 75;
const HEAD_START_MS = 500;

/** `crowd` clients come while one is already waiting. */
export async function stuckQuery(kubectl: Kubectl, stack: Stack, crowd: number): Promise<StuckQuery> {
  const alone = await stuckAlone(kubectl, stack);
  const lock = await lockTable(kubectl, stack, 'products', LOCK_SECONDS);
  const line = openLine(stack.edge, crowd);
  const replies = await Promise.all(Array.from({ length: crowd }, () => line.ask({ path: REPORT })));
  await line.close();
  await lock.release();
  return {
    ...alone,
    crowd: tally(replies),
    crowdSlowestSeconds: seconds(replies.reduce((last, next) => (next.milliseconds > last.milliseconds ? next : last))),
  };
}

async function stuckAlone(kubectl: Kubectl, stack: Stack): Promise<Pick<StuckQuery, 'alone' | 'leftBehind'>> {
  const lock = await lockTable(kubectl, stack, 'products', LOCK_SECONDS);
  const line = openLine(stack.edge, 1);
  const reply = await line.ask({ path: REPORT });
  await sleep(HEAD_START_MS);
  const leftBehind = await runningQueries(kubectl, stack);
  await line.close();
  await lock.release();
  const isJson = String(reply.headers['content-type']).startsWith('application/json');
  return { alone: { status: reply.status, seconds: seconds(reply), isJson }, leftBehind };
}

const seconds = ({ milliseconds }: Reply): number => Math.round(milliseconds / 100) / 10;
