import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubectl } from '../support/kubectl.ts';
import { refusedSince, watchConnections } from './database-load.ts';
import { openLine, type Reply, tally } from './line.ts';
import { changeStack, type Stack } from './stacks.ts';

/** A rolling update while more clients ask than the pools have connections: old and new pods fill theirs side by side. */
export interface Rollout {
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Connections that PostgreSQL has refused, by its log. */
  readonly refused: number;
  /** The most connections of the application that were open at the same time. */
  readonly mostOpen: number;
}

/** An aggregate over all orders: the database is busy with it, so requests pile up in front of the pools. */
const REPORT = '/api/reports/top-products';
const CLIENTS = 160;
const FILL_MS = 5000;

export async function rolloutUnderLoad(kubectl: Kubectl, stack: Stack, mark: string): Promise<Rollout> {
  const since = new Date();
  const watch = watchConnections(kubectl, stack);
  const load = startLoad(stack);
  await sleep(FILL_MS);
  await changeStack(kubectl, stack, { backend: { env: [{ name: 'MEASURED_ROLLOUT', value: mark }] } });
  await sleep(FILL_MS);
  const replies = await load.stop();
  return {
    requests: replies.length,
    statuses: tally(replies),
    refused: await refusedSince(kubectl, stack, since),
    mostOpen: await watch.stop(),
  };
}

/** Clients that each ask again as soon as they are answered. */
function startLoad(stack: Stack): { stop(): Promise<Reply[]> } {
  const line = openLine(stack.edge, CLIENTS);
  const replies: Reply[] = [];
  let isOver = false;
  const client = async () => {
    while (!isOver) replies.push(await line.ask({ path: REPORT }));
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    stop: async () => {
      isOver = true;
      await clients;
      await line.close();
      return replies;
    },
  };
}
