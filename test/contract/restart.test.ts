import { afterAll, describe, expect, it, vi } from 'vitest';
import { clusterStatus, givenCluster, startCluster, stopCluster } from '../cluster/cluster.ts';
import { useApiServer } from './api-server.ts';
import { useReflectors, watchedConfigMap } from './watching.ts';

/** A cluster of its own: whoever else uses the common one should not be disturbed. */
const name = 'restart';

describe.skipIf(givenCluster() !== undefined)('a restart of the API server', () => {
  afterAll(() => stopCluster(name));
  const server = useApiServer(name);
  const reflect = useReflectors(server);
  const configMap = (of: string) => watchedConfigMap(server, of);

  it('lives through it, and has missed nothing', async () => {
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
    // Each new watch was preceded by a list at the version of the old one: this is what found nothing missed.
    expect(counts.lists).toBeGreaterThan(1);
    const { items } = await server.cluster.list('ConfigMap', {
      namespace: server.namespace,
      labelSelector: 'watched=yes',
    });
    const held = reflector.list(server.namespace).map(({ name, resourceVersion }) => `${name}#${resourceVersion}`);
    expect(held.sort()).toEqual(items.map(({ metadata: m }) => `${m.name}#${m.resourceVersion}`).sort());
  });
});
