import { describe, expect, it } from 'vitest';
import { type Place, pathOf, RESOURCES, type Resource, resourceOf } from './resources.ts';

describe('pathOf', () => {
  it.each<[Resource, Place, string]>([
    [RESOURCES.ConfigMap, {}, '/api/v1/configmaps'],
    [RESOURCES.ConfigMap, { namespace: 'shop' }, '/api/v1/namespaces/shop/configmaps'],
    [RESOURCES.ConfigMap, { namespace: 'shop', name: 'edge' }, '/api/v1/namespaces/shop/configmaps/edge'],
    [RESOURCES.Node, { name: 'one' }, '/api/v1/nodes/one'],
    [RESOURCES.Namespace, { name: 'shop' }, '/api/v1/namespaces/shop'],
    [RESOURCES.Job, { namespace: 'shop', name: 'm' }, '/apis/batch/v1/namespaces/shop/jobs/m'],
    [
      RESOURCES.PerformanceProfile,
      { namespace: 'shop', name: 'bahamm', subresource: 'status' },
      '/apis/performance.bahamm.ir/v1alpha1/namespaces/shop/performanceprofiles/bahamm/status',
    ],
  ])('%o %o', (resource, place, expected) => {
    expect(pathOf(resource, place)).toBe(expected);
  });

  it('refuses a namespaced object without its namespace', () => {
    expect(() => pathOf(RESOURCES.Pod, { name: 'web' })).toThrow('Pod web needs a namespace');
  });
});

describe('resourceOf', () => {
  it('finds every kind of the table by itself', () => {
    for (const resource of Object.values(RESOURCES)) expect(resourceOf(resource)).toBe(resource);
  });

  it.each([
    ['v1', 'Deployment'],
    ['v1', 'toString'],
    ['example.com/v1', 'Widget'],
  ])('refuses %s %s', (apiVersion, kind) => {
    expect(() => resourceOf({ apiVersion, kind })).toThrow(`no resource is known for ${apiVersion} ${kind}`);
  });
});
