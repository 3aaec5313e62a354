import { afterEach, describe, expect, it, vi } from 'vitest';
import { ownershipHash } from '../../controller/cluster/ownership.ts';
import { createReflector, type Reflector, type ReflectorOptions } from '../../controller/cluster/reflector.ts';
import { clusterStatus, startCluster } from '../cluster/cluster.ts';
import { useApiServer } from './api-server.ts';

const server = useApiServer();
const reflectors: Reflector<string | undefined>[] = [];
afterEach(async () => {
  for (const reflector of reflectors.splice(0)) await reflector.stop();
});

function reflect(options: Partial<ReflectorOptions<string | undefined>> = {}) {
  const told: string[] = [];
  const counts = { lists: 0, watches: 0, missed: 0 };
  const reflector = createReflector<string | undefined>({
    transport: server.transport,
    kind: 'ConfigMap',
    namespaces: [server.namespace],
    labelSelector: 'watched=yes',
    project: (object) => ownershipHash(object),
    onChange: ({ type, entry }) => told.push(`${type} ${entry.name}`),
    observer: {
      listed: () => (counts.lists += 1),
      watchStarted: () => (counts.watches += 1),
      missed: (changes) => (counts.missed += changes),
    },
    ...options,
  });
  reflectors.push(reflector);
  reflector.start();
  return { reflector, told, counts };
}

const configMap = (name: string, value = '1') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: server.namespace, labels: { watched: 'yes' } },
  data: { value },
});

describe('reflector', () => {
  it('tells what happens, and holds what the write returned', async () => {
    await server.cluster.apply(configMap('before'));
    const { reflector, told } = reflect();
    await reflector.whenSynced();
    expect(told).toEqual(['added before']);
    const { object } = await server.cluster.apply(configMap('w1'));
    const key = `${server.namespace}/w1`;
    await vi.waitFor(() => expect(reflector.get(key)?.resourceVersion).toBe(object.metadata.resourceVersion));
    expect(reflector.get(key)).toMatchObject({ uid: object.metadata.uid, value: ownershipHash(object) });
    await server.cluster.apply(configMap('w1', '2'));
    await server.cluster.delete('ConfigMap', object.metadata, { uid: object.metadata.uid });
    await server.cluster.apply(configMap('w1', '3'));
    await vi.waitFor(() => expect(told.slice(1)).toEqual(['added w1', 'updated w1', 'deleted w1', 'added w1']));
  });

  it('takes what leaves its selector for deleted', async () => {
    const { object } = await server.cluster.apply(configMap('leaves'));
    const { reflector, told } = reflect();
    await reflector.whenSynced();
    told.splice(0);
    await server.cluster.patch('ConfigMap', object.metadata, { metadata: { labels: { watched: null } } });
    await vi.waitFor(() => expect(told).toEqual(['deleted leaves']));
  });

  it('watches a cluster-scoped kind', async () => {
    const namespaces = createReflector({
      transport: server.transport,
      kind: 'Namespace',
      project: ({ metadata }) => metadata.name,
      onChange: () => undefined,
    });
    namespaces.start();
    await namespaces.whenSynced();
    expect(namespaces.get(server.namespace)?.value).toBe(server.namespace);
    await namespaces.stop();
  });

  it('lives through a restart of the API server, and has missed nothing', async () => {
    if (server.real.kind !== 'local') return;
    await server.cluster.apply(configMap('r1'));
    const { reflector, told, counts } = reflect({ timing: { verifyMs: 0, backoffCapMs: 1_000 } });
    await reflector.whenSynced();
    await server.cluster.apply(configMap('r2'));
    await vi.waitFor(() => expect(told).toContain('added r2'));
    const { services } = await clusterStatus(server.real.name);
    const pid = services.find(({ name }) => name === 'kube-apiserver')?.pid;
    if (pid === undefined) throw new Error('the API server has no process');
    process.kill(pid, 'SIGKILL');
    await startCluster({ name: server.real.name, node: false });
    await server.cluster.apply(configMap('r3'));
    await vi.waitFor(() => expect(told).toContain('added r3'), { timeout: 30_000 });
    expect(counts).toMatchObject({ missed: 0 });
    expect(counts.watches).toBeGreaterThan(1);
    const { items } = await server.cluster.list('ConfigMap', {
      namespace: server.namespace,
      labelSelector: 'watched=yes',
    });
    const held = reflector.list(server.namespace).map(({ name, resourceVersion }) => `${name}#${resourceVersion}`);
    expect(held.sort()).toEqual(items.map(({ metadata: m }) => `${m.name}#${m.resourceVersion}`).sort());
  });
});
