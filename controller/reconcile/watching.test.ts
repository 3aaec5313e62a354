import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KubeObject } from '../cluster/port.ts';
import { type ScriptedTransport, scriptedTransport } from '../cluster/scripted-transport.ts';
import { createMemory, type Memory } from './memory.ts';
import { createWatching, type Watching } from './watching.ts';

const KEY = 'web/shop';

/** The profile as the server tells it. */
const profile = (resourceVersion: string, change: object = {}) => ({
  apiVersion: 'performance.bahamm.ir/v1alpha1',
  kind: 'PerformanceProfile',
  metadata: { name: 'shop', namespace: 'web', uid: 'a', generation: 1, resourceVersion, ...change },
});

let server: ScriptedTransport;
let memory: Memory;
let watching: Watching;
let woken: string[];

beforeEach(async () => {
  server = scriptedTransport();
  memory = createMemory();
  woken = [];
  const enqueue = (key: string) => woken.push(key);
  const { transport } = server;
  watching = createWatching({
    transport,
    namespaces: undefined,
    withNodes: false,
    memory,
    enqueue,
    observerOf: () => ({}),
  });
  const [profiles] = watching.reflectors;
  profiles?.start();
  await vi.waitFor(() => expect(server.watches).toHaveLength(1));
  tell('ADDED', profile('101'));
  await vi.waitFor(() => expect(woken.splice(0)).toEqual([KEY]));
});
afterEach(async () => {
  await watching.reflectors[0]?.stop();
});

const tell = (type: string, object: object) => server.watches[0]?.event(type, object);

/** A status of ours has made this version. */
const wrote = (resourceVersion: string) => {
  memory.of(KEY, 'a', undefined).written = { status: {}, resourceVersion };
};

const told = (resourceVersion: string) =>
  vi.waitFor(() => expect(watching.cache.profile(KEY)?.metadata.resourceVersion).toBe(resourceVersion));

describe('a profile', () => {
  it('is not looked at again for a status of our own', async () => {
    wrote('102');
    tell('MODIFIED', profile('102'));
    await told('102');
    expect(woken).toEqual([]);
  });

  it.each<[string, Partial<KubeObject['metadata']>]>([
    ['edit', { generation: 2 }],
    ['request', { annotations: { please: 'look' } }],
    ['deletion', { deletionTimestamp: '2026-11-24T12:00:00Z' }],
  ])('is looked at for an %s that a gap in the watch has hidden behind it', async (_what, change) => {
    wrote('103');
    tell('MODIFIED', profile('103', change));
    await told('103');
    expect(woken).toEqual([KEY]);
  });

  it('is looked at for what others write', async () => {
    wrote('102');
    tell('MODIFIED', profile('104'));
    await told('104');
    expect(woken).toEqual([KEY]);
  });
});
