import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passedOn } from '../measure/access-log.ts';
import { burst, stampede } from '../measure/burst.ts';
import { lockTable, openConnections } from '../measure/database-load.ts';
import { mixUsers } from '../measure/isolation.ts';
import { type Line, openLine } from '../measure/line.ts';
import { workerPools } from '../measure/worker-pool.ts';
import { e2eStage, readySeed, type Seed } from '../support/e2e-stage.ts';
import { onlyPod } from '../support/inside.ts';
import { waitFor } from '../support/kubectl.ts';
import { patchSpec } from '../support/profiles.ts';
import { type Stage, waitReady } from '../support/stage.ts';

/** The cheap part of `make measure`, as tests: what must be so on every machine, whatever its speed. */
const UNLIMITED = {
  rateLimit: { api: { requestsPerSecond: 100_000, burst: 10_000 } },
  connectionLimit: { api: 10_000 },
};
/** What fits into 100 connections for 4 workers and a rolling update of them. */
const POOL = { size: 6, maxOverflow: 5 };

let stage: Stage;
let seed: Seed;
let line: Line;

beforeAll(async () => {
  stage = await e2eStage();
  seed = await readySeed(stage);
  line = openLine({ address: seed.edge.address, port: seed.edge.httpsPort ?? 0, host: 'bahamm.ir', secure: true }, 200);
});

afterAll(() => line?.close()); // Not there when the stage could not be made ready.

const change = async (spec: object): Promise<void> => {
  await patchSpec(stage.kubectl, seed, spec);
  await waitReady(stage.kubectl, seed.namespace, seed.name);
};

describe('40 requests of one client at once, at 10 a second and a burst of 20', () => {
  it('are answered or refused with 429, and nobody else is heard', async () => {
    const path = `/api/products?burst=${Date.now()}`;
    await line.ask({ path });
    const started = Date.now();
    const { statuses } = await burst(line, path, 40);
    const refilled = Math.ceil((Date.now() - started) / 100);
    expect(Object.keys(statuses).sort()).toEqual(['200', '429']);
    expect(statuses[200]).toBeLessThanOrEqual(21 + refilled);
  });
});

describe('without limits', () => {
  beforeAll(() => change({ edge: UNLIMITED }));

  it('nobody gets the answer of another, and strangers get public pages from the cache', async () => {
    const mix = await mixUsers(line, { requests: 1000, connections: 12, run: String(Date.now()) });
    expect(mix).toMatchObject({ requests: 1000, foreign: 0, personalFromCache: 0, failed: 0 });
    expect(mix.publicHits).toBeGreaterThanOrEqual(0.95 * mix.publicAsked);
  });

  it('200 requests at once for what is not cached yet are one request to the backend', async () => {
    const path = `/api/products/1?cold=${Date.now()}`;
    expect(await stampede(line, path, 200)).toEqual({ MISS: 1, HIT: 199 });
    const edge = await onlyPod(stage.kubectl, seed.namespace, seed.name, 'edge');
    expect(await passedOn(stage.kubectl, { namespace: seed.namespace, pod: edge.name }, path, 200)).toBe(1);
  });
});

describe('a pool that fits', () => {
  // One worker, since nobody says how the kernel shares out connections among several.
  beforeAll(() => change({ edge: UNLIMITED, backend: { workers: 1, pool: POOL } }));

  it('is what both kinds of engines have in a worker, whatever the code of the image says', async () => {
    const pools = await workerPools(stage.kubectl, { namespace: seed.namespace, profile: seed.name });
    const expected = { size: POOL.size, max_overflow: POOL.maxOverflow, recycle: 3600 };
    expect(pools.sync).toMatchObject({ ...expected, class: 'QueuePool' });
    if (pools.async !== undefined) expect(pools.async).toMatchObject({ ...expected, class: 'AsyncAdaptedQueuePool' });
  });

  it('is filled by a crowd to its last connection and never beyond', async () => {
    const full = POOL.size + POOL.maxOverflow;
    const stack = { namespace: seed.namespace, name: seed.name };
    const lock = await lockTable(stage.kubectl, stack, 'products', 25);
    const crowd = Promise.all(Array.from({ length: 100 }, () => line.ask({ path: '/api/reports/top-products' })));
    try {
      await waitFor('a full pool', async () => (await openConnections(stage.kubectl, stack)) >= full, 20_000);
      expect(await openConnections(stage.kubectl, stack)).toBe(full);
    } finally {
      await lock.release();
    }
    expect((await crowd).filter(({ status }) => ![200, 503].includes(status))).toEqual([]);
  });
});
