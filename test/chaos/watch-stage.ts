import { expect } from 'vitest';
import type { FeedTiming } from '../../controller/cluster/feed.ts';
import type { OperatorProcess } from '../contract/replica.ts';
import { waitFor } from '../support/kubectl.ts';
import { type Asked, busiest } from './asked.ts';
import { desiredOf, ownedOf } from './exact.ts';
import { type Place, SHOP, type Site } from './site.ts';
import type { Stream } from './stream.ts';

/** A running stack of few objects, and the questions that all tests of watches ask. */
export interface WatchStage {
  readonly place: Place;
  readonly operator: OperatorProcess;
  /** A Service of the stack that was left alone longest. */
  readonly victim: () => string;
  /** Milliseconds from its deletion until the operator has made it again. */
  readonly repair: (name: string) => Promise<number>;
  /** Since a number of requests. */
  readonly since: (mark: number, kind: Asked['kind'], resource: string) => Asked[];
  readonly mark: () => number;
  readonly stream: (resource: string) => Promise<Stream>;
  /** One series of the operator's page of metrics. */
  readonly metric: (series: string) => Promise<number>;
  readonly exact: () => Promise<void>;
}

/** What is deleted to see it made again: in turn, since who undoes the same repair five times a minute is in a fight. */
const VICTIMS = [`${SHOP}-edge`, `${SHOP}-backend`, `${SHOP}-frontend`];

export const smallSpec = (requestsPerSecond: number) => ({
  edge: { hosts: ['shop.example'], rateLimit: { api: { requestsPerSecond, burst: 20 } } },
  backend: { image: 'shop/backend:1', workers: 1, pool: { size: 5 } },
  frontend: { image: 'shop/frontend:1' },
  postgres: { mode: 'External', connectionSecretName: 'database' },
});

/** Starts an operator with these times and waits for its stack to be Ready. */
export async function startWatchStage(site: Site, timing: Partial<FeedTiming> = {}): Promise<WatchStage> {
  const place = await site.newPlace();
  const { proxy, server } = place;
  await settleDatabase(place);
  const operator = await place.start(timing);
  await place.apply(smallSpec(20));
  await place.ready();

  let turn = 0;
  const victim = () => VICTIMS[turn++ % VICTIMS.length] ?? '';
  const mark = () => proxy.seen.length;
  const since = (from: number, kind: Asked['kind'], resource: string) =>
    proxy.seen.slice(from).filter((asked) => asked.kind === kind && asked.resource === resource);
  const repair = async (name: string): Promise<number> => {
    const at = { namespace: server.namespace, name };
    const before = await server.cluster.get('Service', at);
    const from = mark();
    const startedMs = performance.now();
    await server.cluster.delete('Service', at, { uid: before?.metadata.uid ?? '' });
    const made = await waitFor(
      `Service ${name} to be made again`,
      async () => since(from, 'write', 'services').find((asked) => asked.name === name && asked.status === 201),
      180_000,
    );
    return made.atMs - startedMs;
  };
  return {
    place,
    operator,
    victim,
    repair,
    since,
    mark,
    stream: (resource) =>
      waitFor(`a watch of ${resource}`, async () =>
        [...proxy.streams].find(({ asked }) => asked.resource === resource),
      ),
    metric: async (series) => {
      const line = (await operator.ask('/metrics')).split('\n').find((one) => one.startsWith(`${series} `));
      return Number(line?.slice(series.length) ?? 0);
    },
    exact: async () => {
      await place.ready();
      expect(await ownedOf(place)).toEqual(await desiredOf(place));
      expectCalm(proxy.seen);
    },
  };
}

/** No storm: of one kind no more lists and watches than a backoff lets through, whatever happens (1,000 a second were seen elsewhere). */
export function expectCalm(seen: readonly Asked[]): void {
  const asking = seen.filter(({ kind }) => kind === 'list' || kind === 'watch');
  for (const resource of new Set(asking.map((asked) => asked.resource))) {
    const own = asking.filter((asked) => asked.resource === resource);
    expect(busiest(own, 10_000), resource).toBeLessThanOrEqual(20);
  }
  expect(busiest(seen, 1_000)).toBeLessThan(300);
}

async function settleDatabase({ server }: Place): Promise<void> {
  const stringData = { username: 'a', password: 'b', host: 'db.example', port: '5432', dbname: 'app' };
  const metadata = { name: 'database', namespace: server.namespace };
  await server.cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata, stringData } as never);
}
