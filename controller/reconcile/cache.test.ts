import { describe, expect, it } from 'vitest';
import type { Change, Entry } from '../cluster/store.ts';
import { createCache } from './cache.ts';
import type { Child } from './digest.ts';
import { OWNED_BY_SHOP, podLike, strayChild } from './fixtures.ts';

const empty = { get: () => undefined, list: () => [] };
const entry = <T extends { namespace: string; name: string; uid: string }>(value: T): Entry<T> => ({
  key: `${value.namespace}/${value.name}`,
  namespace: value.namespace,
  name: value.name,
  uid: value.uid,
  resourceVersion: '1',
  value,
});
const change = <T extends { namespace: string; name: string; uid: string }>(
  type: Change<T>['type'],
  value: T,
  previous?: T,
): Change<T> => ({
  type,
  entry: entry(value),
  previous: previous === undefined ? undefined : entry(previous),
  fromList: false,
});

const service: Child = strayChild('Service/shop-edge');
const loose: Child = { ...service, owner: undefined };

describe('the cache', () => {
  it('finds an object by the profile that controls it', () => {
    const cache = createCache(empty, empty);
    expect(cache.childChanged(change('added', service))).toBe('web/shop');
    expect(cache.children('web/shop')).toEqual([service]);
    expect(cache.childChanged(change('deleted', service))).toBe('web/shop');
    expect(cache.children('web/shop')).toEqual([]);
  });

  it('finds what has no controller by its label, and nothing of other controllers', () => {
    const cache = createCache(empty, empty);
    expect(cache.childChanged(change('added', loose))).toBe('web/shop');
    const ofStatefulSet: Child = { ...service, owner: { kind: 'StatefulSet', name: 'shop-postgres', uid: 'x' } };
    expect(cache.childChanged(change('updated', ofStatefulSet, loose))).toBe('web/shop');
    expect(cache.children('web/shop')).toEqual([]);
  });

  it('moves an object that changes hands', () => {
    const cache = createCache(empty, empty);
    cache.childChanged(change('added', service));
    const moved: Child = { ...service, owner: { ...OWNED_BY_SHOP, name: 'other' } };
    expect(cache.childChanged(change('updated', moved, service))).toBe('web/other');
    expect(cache.children('web/shop')).toEqual([]);
    expect(cache.children('web/other')).toEqual([moved]);
  });

  it('finds pods by their label', () => {
    const cache = createCache(empty, empty);
    const pod = podLike('edge');
    expect(cache.podChanged(change('added', pod))).toBe('web/shop');
    expect(cache.pods('web/shop')).toEqual([pod]);
    expect(cache.podChanged(change('added', { ...pod, profile: undefined }))).toBeUndefined();
  });
});
