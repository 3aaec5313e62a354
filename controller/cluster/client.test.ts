import { describe, expect, it, vi } from 'vitest';
import { createCluster } from './client.ts';
import { ApiError } from './errors.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

/** A client whose requests are kept and answered by hand. */
function bench(answer: (request: ApiRequest) => ApiResponse = () => ({ body: {}, warnings: [] })) {
  const requests: ApiRequest[] = [];
  const guardWrite = vi.fn();
  const transport: Transport = {
    request: async (request) => {
      requests.push(request);
      return answer(request);
    },
    watch: () => Promise.reject(new Error('not here')),
    close: async () => undefined,
  };
  return { cluster: createCluster({ transport, guardWrite }), requests, guardWrite };
}

const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'edge', namespace: 'shop' },
  data: { a: '1' },
};
const absent = (): never => {
  throw new ApiError(404, { details: { name: 'edge', kind: 'configmaps' } }, { method: 'GET', path: '/' });
};

describe('cluster', () => {
  it('applies with our manager, force and strict validation', async () => {
    const answer = { body: { kind: 'ConfigMap' }, warnings: ['deprecated'] };
    const { cluster, requests, guardWrite } = bench(() => answer);
    expect(await cluster.apply(configMap)).toEqual({ object: { kind: 'ConfigMap' }, warnings: ['deprecated'] });
    expect(requests[0]).toEqual({
      method: 'PATCH',
      path: '/api/v1/namespaces/shop/configmaps/edge',
      query: { fieldManager: 'pitcrew', force: 'true', fieldValidation: 'Strict', dryRun: undefined },
      body: configMap,
      contentType: 'application/apply-patch+yaml',
      repeatable: true,
      signal: undefined,
      guard: guardWrite,
    });
  });

  it('applies a status, gently, as somebody else, and dry', async () => {
    const { cluster, requests, guardWrite } = bench();
    await cluster.apply(configMap, { subresource: 'status', force: false, fieldManager: 'other', dryRun: true });
    expect(requests[0]).toMatchObject({
      path: '/api/v1/namespaces/shop/configmaps/edge/status',
      query: { fieldManager: 'other', force: 'false', dryRun: 'All' },
    });
    expect(guardWrite).not.toHaveBeenCalled();
  });

  it('creates in the collection, and never twice', async () => {
    const { cluster, requests } = bench();
    await cluster.create(configMap);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/api/v1/namespaces/shop/configmaps' });
    expect(requests[0]?.repeatable).toBeUndefined();
    expect(() => cluster.create({ ...configMap, metadata: { name: 'edge' } })).toThrow('needs a namespace');
  });

  it('makes what is not there by naming a version that nothing has', async () => {
    const { cluster, requests } = bench();
    await cluster.apply(configMap, { onlyIfAbsent: true });
    expect(requests[0]?.body).toEqual({ ...configMap, metadata: { ...configMap.metadata, resourceVersion: '1' } });
  });

  it('patches a subresource', async () => {
    const { cluster, requests } = bench();
    const patch = { spec: { containers: [] } };
    await cluster.patch('Pod', { namespace: 'shop', name: 'web' }, patch, { subresource: 'resize' });
    expect(requests[0]).toMatchObject({
      path: '/api/v1/namespaces/shop/pods/web/resize',
      contentType: 'application/merge-patch+json',
      body: patch,
    });
  });

  it('deletes one object and no namesake', async () => {
    const { cluster, requests } = bench();
    expect(await cluster.delete('ConfigMap', configMap.metadata, { uid: 'u-1' })).toBe('deleted');
    expect(requests[0]?.body).toMatchObject({ preconditions: { uid: 'u-1' }, propagationPolicy: 'Background' });
  });

  it('takes an absent object for an answer', async () => {
    const { cluster } = bench(absent);
    expect(await cluster.get('ConfigMap', configMap.metadata)).toBeUndefined();
    expect(await cluster.delete('ConfigMap', configMap.metadata, { uid: 'u-1' })).toBe('absent');
    await expect(cluster.patch('ConfigMap', configMap.metadata, {})).rejects.toBeInstanceOf(ApiError);
  });

  it('lists all pages and labels the items', async () => {
    const { cluster, requests } = bench(({ query }) => ({
      body:
        query?.continue === undefined
          ? { metadata: { resourceVersion: '7', continue: 'more' }, items: [{ metadata: { name: 'a' } }] }
          : { metadata: { resourceVersion: '7', continue: '' }, items: [{ metadata: { name: 'b' } }] },
      warnings: [],
    }));
    const { items, resourceVersion } = await cluster.list('Job', {
      namespace: 'shop',
      labelSelector: 'a=b',
      pageSize: 1,
    });
    expect(items).toEqual([
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a' } },
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'b' } },
    ]);
    expect(resourceVersion).toBe('7');
    expect(requests.map(({ query }) => query?.continue)).toEqual([undefined, 'more']);
    expect(requests[1]?.query).toMatchObject({ labelSelector: 'a=b', limit: '1' });
  });

  it('asks the guard before each write, and sends nothing when it objects', async () => {
    const { cluster, requests, guardWrite } = bench();
    guardWrite.mockImplementation(() => {
      throw new Error('not the leader');
    });
    const { metadata } = configMap;
    const writes = [
      () => cluster.apply(configMap),
      () => cluster.create(configMap),
      () => cluster.patch('ConfigMap', metadata, {}),
      () => cluster.delete('ConfigMap', metadata, { uid: 'u' }),
    ];
    for (const write of writes) await expect(write()).rejects.toThrow('not the leader');
    expect(requests).toEqual([]);
  });

  it('asks whether it may', async () => {
    const { cluster, requests } = bench(() => ({ body: { status: { allowed: true } }, warnings: [] }));
    expect(await cluster.mayI({ verb: 'patch', kind: 'Deployment', namespace: 'shop' })).toBe(true);
    expect(requests[0]?.body).toMatchObject({
      spec: { resourceAttributes: { group: 'apps', resource: 'deployments', verb: 'patch', namespace: 'shop' } },
    });
  });
});
