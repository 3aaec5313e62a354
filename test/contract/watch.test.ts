import { describe, expect, it, vi } from 'vitest';
import { ownershipHash } from '../../controller/cluster/ownership.ts';
import { createReflector } from '../../controller/cluster/reflector.ts';
import { useApiServer } from './api-server.ts';
import { useReflectors, watchedConfigMap } from './watching.ts';

const server = useApiServer();
const reflect = useReflectors(server);
const configMap = (name: string, value?: string) => watchedConfigMap(server, name, value);

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
});
