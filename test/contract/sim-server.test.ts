import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { classify } from '../../controller/cluster/classify.ts';
import { createCluster } from '../../controller/cluster/client.ts';
import { ApiError } from '../../controller/cluster/errors.ts';
import { linesOf } from '../../controller/cluster/lines.ts';
import { canonicalJson } from '../../controller/cluster/ownership.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../controller/cluster/port.ts';
import { createTransport, type Transport } from '../../controller/cluster/transport.ts';
import { installManifests } from '../../deploy/install.ts';
import { createActor } from '../sim/actor.ts';
import { noFaults } from '../sim/faults.ts';
import { startGarbageCollection } from '../sim/garbage.ts';
import { createHost, wallClock } from '../sim/host.ts';
import { createNetwork } from '../sim/network.ts';
import { seeded } from '../sim/random.ts';
import { ENDPOINT } from '../sim/replica.ts';
import { createSimServer } from '../sim/server/api-server.ts';
import { createVirtualTime, type VirtualTime } from '../sim/virtual-time.ts';
import { useApiServer } from './api-server.ts';
import { type Player, SCRIPTS } from './call-scripts.ts';
import { install } from './operator-stage.ts';

/**
 * What makes the simulation worth anything: the API server of `test/sim` and a real one are played the same calls by
 * the operator's own client, and answer the same.
 */
const server = useApiServer();
beforeAll(async () => {
  for (const manifest of installManifests()) {
    if (manifest.kind === 'CustomResourceDefinition') await install(server, manifest);
  }
  const { namespace } = server;
  await vi.waitFor(() => server.cluster.list('PerformanceProfile', { namespace }), { timeout: 30_000, interval: 100 });
});

describe('the simulated API server answers as a real one does:', () => {
  it.each(SCRIPTS)('%s', async (_what, script) => {
    const [real, simulated] = [realPlayer(), simulatedPlayer()];
    await script(real.player);
    await simulated.run(script(simulated.player));
    expect(simulated.told).toEqual(real.told);
    expect(real.told.length).toBeGreaterThan(0);
  });
});

type Told = { readonly what: string; readonly answer: unknown }[];

/** Which object and which version, without the numbers: `uid 1` is the first uid that was seen. */
function takingDown(namespace: string) {
  const told: Told = [];
  const seen = { uid: new Map<string, string>(), version: new Map<string, string>() };
  const label = (kind: 'uid' | 'version', value: string): string => {
    const known = seen[kind].get(value) ?? `${kind} ${seen[kind].size + 1}`;
    seen[kind].set(value, known);
    return known;
  };
  const special: Readonly<Record<string, (value: unknown) => unknown>> = {
    uid: (value) => label('uid', String(value)),
    resourceVersion: (value) => label('version', String(value)),
    creationTimestamp: () => 'some time',
    deletionTimestamp: () => 'some time',
    managedFields: (value) => appliedFields(value as ManagedFieldsEntry[]),
    namespace: (value) => (value === namespace ? 'the namespace' : value),
  };
  const plain = (name: string, value: unknown): unknown => {
    if (Object.hasOwn(special, name)) return special[name]?.(value);
    if (Array.isArray(value)) return value.map((item) => plain('', item));
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter((entry) => !isDefault(entry));
    return Object.fromEntries(entries.map(([key, held]) => [key, plain(key, held)]));
  };
  const tell = async (what: string, call: Promise<unknown>): Promise<unknown> => {
    const answer = await call.catch(failureOf);
    told.push({ what, answer: JSON.parse(canonicalJson(plain('', answer) ?? null)) as unknown });
    return answer;
  };
  return { told, tell };
}

/** What a kind's defaults add is not the point here, and is never read. */
const isDefault = ([name, value]: [string, unknown]): boolean =>
  name === 'deletionGracePeriodSeconds' || (name === 'status' && isDeepStrictEqual(value, { loadBalancer: {} }));

const appliedFields = (entries: readonly ManagedFieldsEntry[]): unknown =>
  entries
    .filter(({ operation }) => operation === 'Apply')
    .map(({ manager, subresource, fieldsV1 }) => ({ manager, subresource, fieldsV1 }))
    .sort((a, b) => ((a.manager ?? '') < (b.manager ?? '') ? -1 : 1));

function failureOf(error: unknown): unknown {
  const { kind, causes } = classify(error);
  const status = error instanceof ApiError ? error.status : undefined;
  // A real server says some things twice.
  const told = new Set(causes.map(({ field, manager = '' }) => `${field} ${manager}`));
  return { kind, status, causes: [...told] };
}

async function watched(
  transport: Transport,
  path: string,
  query: Readonly<Record<string, string>>,
  lines: number,
): Promise<unknown> {
  const ending = new AbortController();
  const told: unknown[] = [];
  const chunks = await transport.watch({ path, query: { ...query, watch: 'true' }, signal: ending.signal });
  for await (const line of linesOf(chunks, () => undefined)) {
    const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
    const { name, uid, resourceVersion, labels } = object.metadata;
    told.push({ type, name, uid, resourceVersion, labels, data: object.data });
    if (told.length === lines) break;
  }
  ending.abort();
  return told;
}

let namespaces = 0;

function realPlayer(): { readonly player: Player; readonly told: Told } {
  const { transport, cluster } = server;
  const { namespace } = server;
  const { told, tell } = takingDown(namespace);
  const player: Player = {
    cluster,
    transport,
    namespace,
    tell,
    until: (what, check) =>
      vi.waitFor(async () => expect(await check(), what).toBe(true), { timeout: 60_000, interval: 100 }),
    watch: (query, lines) => watched(transport, `/api/v1/namespaces/${namespace}/configmaps`, query, lines),
  };
  return { player, told };
}

function simulatedPlayer() {
  namespaces += 1;
  const namespace = `simulated-${namespaces}`;
  const time = createVirtualTime();
  const random = seeded(namespaces);
  const simulated = createSimServer({ now: () => wallClock(time) });
  startGarbageCollection({ server: simulated, time, random });
  const metadata = { name: namespace };
  createActor(simulated, 'person').create({ apiVersion: 'v1', kind: 'Namespace', metadata });
  const host = createHost(time, 1);
  const traffic = { left: () => undefined, arriving: () => true, done: () => undefined };
  const pools = createNetwork({ time, random, server: simulated, faults: noFaults(), host, process: 0, traffic });
  const transport = createTransport({ endpoint: ENDPOINT, clock: host.clock, pools });
  const { told, tell } = takingDown(namespace);
  const player: Player = {
    cluster: createCluster({ transport }),
    transport,
    namespace,
    tell,
    until: async (what, check) => {
      const untilMs = time.nowMs() + 60_000;
      while (!(await check())) expect(time.nowMs(), what).toBeLessThan(untilMs);
    },
    watch: (query, lines) => watched(transport, `/api/v1/namespaces/${namespace}/configmaps`, query, lines),
  };
  return { player, told, run: (playing: Promise<void>) => pumped(time, playing) };
}

/** Lets time go on until it is done. */
async function pumped(time: VirtualTime, playing: Promise<void>): Promise<void> {
  let isDone = false;
  const done = playing.finally(() => {
    isDone = true;
  });
  while (!isDone) await time.runUntil(time.nowMs() + 10);
  await done;
}
