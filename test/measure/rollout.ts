import { setTimeout as sleep } from 'node:timers/promises';
import { podsOf } from '../support/inside.ts';
import { type Kubectl, waitFor } from '../support/kubectl.ts';
import { patchSpec } from '../support/profiles.ts';
import { waitReady } from '../support/stage.ts';
import { refusedSince, watchConnections } from './database-load.ts';
import { openLine, type Reply, tally } from './line.ts';
import type { Stack } from './stacks.ts';

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

/**
 * nginx keeps the connections of the first clients to the old pod, so others come as soon as the new pod is
 * ready: their connections are shared out between both.
 */
export async function rolloutUnderLoad(kubectl: Kubectl, stack: Stack, mark: string): Promise<Rollout> {
  const since = new Date();
  const watch = watchConnections(kubectl, stack);
  const first = startLoad(stack);
  await sleep(FILL_MS);
  await patchSpec(kubectl, stack, { backend: { env: [{ name: 'MEASURED_ROLLOUT', value: mark }] } });
  await waitFor(
    'an old and a new pod side by side',
    async () => (await podsOf(kubectl, stack.namespace, stack.name, 'backend')).length === 2,
    180_000,
  );
  const second = startLoad(stack);
  await waitReady(kubectl, stack.namespace, stack.name, 300_000);
  await sleep(FILL_MS);
  const replies = (await Promise.all([first.stop(), second.stop()])).flat();
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
