import { describe, expect, it } from 'vitest';
import { ownershipHash } from '../../controller/cluster/ownership.ts';
import { applyAs, type KubeLike, patchAs, useApiServer } from './api-server.ts';

const server = useApiServer();

const deployment = (name: string): KubeLike => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: server.namespace, labels: { app: name } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [{ name: 'web', image: 'web:1', resources: { limits: { cpu: '1', memory: '1Gi' } } }],
      },
    },
  },
});
const pathOf = (name: string) => `/apis/apps/v1/namespaces/${server.namespace}/deployments/${name}`;

async function hashAfter(name: string, change: (path: string) => Promise<unknown>) {
  const { object } = await server.cluster.apply(deployment(name));
  await change(pathOf(name));
  const after = await server.cluster.get('Deployment', { namespace: server.namespace, name });
  if (after === undefined) throw new Error('the deployment is gone');
  return { before: ownershipHash(object), after: ownershipHash(after) };
}

describe('the hash of what we own', () => {
  it.each<[string, string, (path: string) => Promise<unknown>]>([
    [
      'an annotation',
      'foreign-note',
      (path) => patchAs(server, 'kubectl-annotate', path, { metadata: { annotations: { note: 'hi' } } }),
    ],
    [
      'a restart',
      'restarted',
      (path) =>
        patchAs(server, 'kubectl-rollout', path, {
          spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
        }),
    ],
    [
      'a status',
      'status',
      (path) => patchAs(server, 'controller', `${path}/status`, { status: { observedGeneration: 1 } }),
    ],
    ['our own values from somebody else', 'same-values', () => applyAs(server, 'copycat', deployment('same-values'))],
    ['ourselves once more', 'again', () => server.cluster.apply(deployment('again'))],
  ])('does not change by %s', async (_what, name, change) => {
    const { before, after } = await hashAfter(name, change);
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(after).toBe(before);
  });

  it.each<[string, string, (path: string) => Promise<unknown>]>([
    ['an edit', 'edited', (path) => patchAs(server, 'kubectl-edit', path, { spec: { replicas: 5 } })],
    ['a removal', 'removed', (path) => patchAs(server, 'kubectl-edit', path, { metadata: { labels: { app: null } } })],
    ['kubectl scale', 'scaled', (path) => patchAs(server, 'kubectl', `${path}/scale`, { spec: { replicas: 5 } })],
    [
      'a forced apply',
      'forced',
      () =>
        applyAs(server, 'helm', {
          ...deployment('forced'),
          spec: { ...(deployment('forced').spec as object), replicas: 7 },
        }),
    ],
  ])('changes by %s', async (_what, name, change) => {
    const { before, after } = await hashAfter(name, change);
    expect(after).not.toBe(before);
  });

  it('comes back when we apply again', async () => {
    const { before } = await hashAfter('mended', (path) =>
      patchAs(server, 'kubectl-edit', path, { spec: { replicas: 5 } }),
    );
    const { object } = await server.cluster.apply(deployment('mended'));
    expect(ownershipHash(object)).toBe(before);
  });

  it('is the same from an answer, a get, and a list', async () => {
    const { object } = await server.cluster.apply(deployment('everywhere'));
    const { namespace } = server;
    const got = await server.cluster.get('Deployment', { namespace, name: 'everywhere' });
    const { items } = await server.cluster.list('Deployment', { namespace, fieldSelector: 'metadata.name=everywhere' });
    const hashes = [object, got, items[0]].map((one) => (one === undefined ? undefined : ownershipHash(one)));
    expect(new Set(hashes).size).toBe(1);
  });
});
