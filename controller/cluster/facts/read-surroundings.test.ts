import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCluster } from '../client.ts';
import { json, type Seen, type StandIn, startStandIn } from '../stand-in.ts';
import { createTransport, type Transport } from '../transport.ts';
import { readSurroundings } from './read-surroundings.ts';

const NODES = [{ name: 'a', cpuMillis: 4000, memoryMiB: 4096, ours: true }];
const pod = (labels: object = {}) => ({
  metadata: { name: 'p', labels },
  spec: { nodeName: 'a', containers: [{ resources: { requests: { cpu: '100m' } } }] },
});
const kept = pod({ keep: 'yes' });

let server: StandIn;
let transport: Transport;
beforeEach(async () => {
  server = await startStandIn((_seen, response) => json(response, 404, {}));
  transport = createTransport({ endpoint: server.endpoint });
});
afterEach(async () => {
  await transport.close();
  await server.close();
});

/** Answers for each kind; what is not named here is denied. */
function answer(kinds: Readonly<Record<string, (seen: Seen, response: ServerResponse) => void>>) {
  server.answerWith((seen, response) => {
    const kind = Object.keys(kinds).find((path) => seen.path.endsWith(path));
    if (kind === undefined) json(response, 403, { kind: 'Status', code: 403, reason: 'Forbidden' });
    else kinds[kind]?.(seen, response);
  });
}
const page = (response: ServerResponse, items: object[], next = '') =>
  json(response, 200, { metadata: { resourceVersion: '7', continue: next }, items });

const read = (nodes = NODES) =>
  readSurroundings(createCluster({ transport }), {
    nodes,
    keep: ({ metadata }) => metadata.labels?.keep,
  });

describe('a reading of the surroundings', () => {
  it('adds pods up page by page, and keeps those apart that may be ours', async () => {
    answer({
      '/pods': ({ query }, response) =>
        query.has('continue') ? page(response, [pod(), kept]) : page(response, [pod(), pod()], 'more'),
    });
    const { pods } = await read();
    expect(pods).toEqual({
      rest: { cpuMillis: 300, memoryBytes: 0 },
      kept: [{ pod: 'yes', requests: { cpuMillis: 100, memoryBytes: 0 } }],
    });
    const asked = server.seen
      .filter(({ path }) => path.endsWith('/pods'))
      .map(({ query }) => Object.fromEntries(query));
    expect(asked[0]).toEqual({ fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed', limit: '500' });
    expect(asked[1]).toMatchObject({ continue: 'more', limit: '500' });
  });

  it('leaves out what we have no right to', async () => {
    answer({});
    expect(await read()).toEqual({
      pods: undefined,
      defaultStorageProvisioner: undefined,
      clusterDnsAddress: undefined,
      forbidden: ['Pod', 'Service', 'StorageClass'],
    });
  });

  it('asks for no pods where there is no node to compare them with', async () => {
    answer({});
    expect(await read([])).toMatchObject({ pods: undefined, forbidden: ['Service', 'StorageClass'] });
    expect(server.seen.some(({ path }) => path.endsWith('/pods'))).toBe(false);
  });

  it('gives up on pods without end', async () => {
    answer({ '/pods': (_seen, response) => page(response, [pod()], 'more') });
    expect((await read()).pods).toBeUndefined();
    expect(server.seen.filter(({ path }) => path.endsWith('/pods'))).toHaveLength(41);
  });

  it('takes a server that fails for a failure, not for an answer', async () => {
    answer({ '/pods': (_seen, response) => json(response, 422, { kind: 'Status', code: 422, message: 'broken' }) });
    await expect(read()).rejects.toThrow('broken');
  });
});
