import { readdirSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { createReflector } from '../../controller/cluster/reflector.ts';
import { json, startStandIn } from '../../controller/cluster/stand-in.ts';
import { createTransport } from '../../controller/cluster/transport.ts';
import { waitFor } from '../support/kubectl.ts';
import { FULL } from './site.ts';

/** A watch that ends over and over, in every way that it can: nothing of it may stay behind. */
const RECONNECTS = FULL ? 10_000 : 4_000;
/** Connections and caches have their size by then. */
const WARM = 1_000;
/** Less than a hundred bytes a reconnect, and less than the noise of a heap. */
const HEAP_NOISE_BYTES = 1_000_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const descriptors = () => readdirSync('/proc/self/fd').length;
const heapBytes = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

const configMap = (nth: number) => ({
  metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: String(nth) },
});
const endings: readonly ((response: ServerResponse) => void)[] = [
  (response) => response.end(),
  (response) => response.destroy(),
  (response) => response.socket?.resetAndDestroy(),
  (response) => response.end('{"type":"ERROR","object":{"code":500}}\n'),
  (response) => response.end('{"type": half'),
];

it(`holds no descriptor and no memory after ${RECONNECTS} reconnects`, { timeout: 120_000 }, async () => {
  let nth = 100;
  const standIn = await startStandIn(({ query }, response) => {
    standIn.seen.length = 0;
    if (!query.has('watch'))
      return json(response, 200, { metadata: { resourceVersion: '100' }, items: [configMap(100)] });
    nth += 1;
    const ending = endings[nth % endings.length];
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(`${JSON.stringify({ type: 'MODIFIED', object: configMap(nth) })}\n`, () => ending?.(response));
  });
  const transport = createTransport({ endpoint: standIn.endpoint });
  const reflector = createReflector({
    transport,
    kind: 'ConfigMap',
    project: ({ metadata }) => metadata.resourceVersion,
    onChange: () => undefined,
    timing: { backoffBaseMs: 0, backoffCapMs: 0 },
  });
  reflector.start();
  const after = async (reconnects: number) => {
    await waitFor(`${reconnects} reconnects`, async () => nth - 100 >= reconnects);
    return { reconnects: nth - 100, descriptors: descriptors(), heap: heapBytes() };
  };
  try {
    const first = await after(WARM);
    await after(RECONNECTS);
    // At any one moment connections are on their way out and garbage is about: what leaks never goes.
    const last = await waitFor(
      'all of it to be given back',
      async () => {
        const now = { reconnects: nth - 100, descriptors: descriptors(), heap: heapBytes() };
        const isClean = now.descriptors <= first.descriptors + 2 && now.heap < first.heap + HEAP_NOISE_BYTES;
        if (!isClean) throw new Error(JSON.stringify({ first, now }));
        return now;
      },
      5_000,
    );
    if (FULL) console.log({ first, last, slope: (last.heap - first.heap) / (last.reconnects - first.reconnects) });
    expect(Number(reflector.get('shop/a')?.value)).toBeGreaterThan(RECONNECTS);
  } finally {
    await reflector.stop();
    await transport.close();
    await standIn.close();
  }
});
