import { describe, expect, it } from 'vitest';
import { createStore, type Entry, keyOf, refOf } from './store.ts';

const entry = (key: string, resourceVersion: string, uid = `uid-${key}`): Entry<string> => ({
  key,
  namespace: refOf(key).namespace ?? '',
  name: refOf(key).name,
  uid,
  resourceVersion,
  value: `${key}#${resourceVersion}`,
});

describe('keyOf and refOf', () => {
  it.each([
    [{ namespace: 'shop', name: 'web' }, 'shop/web'],
    [{ name: 'node-1' }, 'node-1'],
  ])('%o', (ref, key) => {
    expect(keyOf(ref)).toBe(key);
    expect(refOf(key)).toEqual(ref);
  });
});

describe('store', () => {
  it('tells added from updated, and the same version from both', () => {
    const store = createStore<string>();
    expect(store.put(entry('shop/a', '1'))).toMatchObject([{ type: 'added', fromList: false }]);
    expect(store.put(entry('shop/a', '1'))).toEqual([]);
    expect(store.put(entry('shop/a', '2'))).toMatchObject([
      { type: 'updated', entry: { resourceVersion: '2' }, previous: { resourceVersion: '1' } },
    ]);
  });

  it('takes another uid for a delete and an add', () => {
    const store = createStore<string>();
    store.put(entry('shop/a', '1', 'old'));
    expect(store.put(entry('shop/a', '9', 'new'))).toMatchObject([
      { type: 'deleted', entry: { uid: 'old' } },
      { type: 'added', entry: { uid: 'new' } },
    ]);
  });

  it('ignores the deletion of what it does not hold', () => {
    const store = createStore<string>();
    store.put(entry('shop/a', '9', 'new'));
    expect(store.remove('shop/a', 'old')).toEqual([]);
    expect(store.remove('shop/b', 'any')).toEqual([]);
    expect(store.remove('shop/a', 'new')).toMatchObject([{ type: 'deleted', entry: { uid: 'new' } }]);
    expect(store.size()).toBe(0);
  });

  it('replaces one namespace and leaves the others', () => {
    const store = createStore<string>();
    for (const key of ['shop/a', 'shop/b', 'other/c']) store.put(entry(key, '1'));
    const changes = store.replace([entry('shop/b', '2'), entry('shop/d', '1')], 'shop');
    expect(changes.map(({ type, entry: { key }, fromList }) => [type, key, fromList])).toEqual([
      ['deleted', 'shop/a', true],
      ['updated', 'shop/b', true],
      ['added', 'shop/d', true],
    ]);
    expect(store.list().map(({ key }) => key)).toEqual(['shop/b', 'shop/d', 'other/c']);
    expect(store.list('other').map(({ key }) => key)).toEqual(['other/c']);
  });
});
