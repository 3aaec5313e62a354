import { describe, expect, test } from 'vitest';
import { layoutOf } from './layout.ts';
import { cacheRoot, clusterNames } from './names.ts';

describe('names of a cluster', () => {
  test('the default cluster has the short names', () => {
    expect(clusterNames('pitcrew', {})).toMatchObject({ stateDir: '/var/lib/pitcrew/clusters/pitcrew', id: 'pitcrew' });
  });

  test('others carry their name', () => {
    expect(clusterNames('lifecycle', {}).id).toBe('pitcrew-lifecycle');
  });

  test('the same name under another state root is another cluster', () => {
    const here = clusterNames('a', {});
    const there = clusterNames('a', { PITCREW_STATE: '/tmp/state' });
    expect(there.stateDir).toBe('/tmp/state/a');
    expect(new Set([here.id, there.id]).size).toBe(2);
    expect(new Set([here.hostLink, there.hostLink]).size).toBe(2);
  });

  test('names of links fit into the 15 bytes of the kernel', () => {
    const names = clusterNames('a-name-of-exactly-24-let', {});
    for (const link of [names.hostLink, names.nodeLink]) expect(link.length).toBeLessThanOrEqual(15);
  });

  test.each(['', 'A', '1a', '-a', 'a-', '../etc', 'a/b', 'a'.repeat(25)])('refuses %j as a name', (name) => {
    expect(() => clusterNames(name, {})).toThrow(/cannot name a cluster/);
  });

  test('refuses a state root that leaves no room for the paths of sockets', () => {
    expect(() => clusterNames('a', { PITCREW_STATE: `/${'x'.repeat(70)}` })).toThrow(/PITCREW_STATE/);
  });

  test('every path of a cluster lies in its folder, except its network namespace', () => {
    const layout = layoutOf(clusterNames('a', {}));
    const paths = Object.values(layout).filter((value) => value.startsWith('/'));
    const outside = paths.filter((path) => path !== layout.stateDir && !path.startsWith(`${layout.stateDir}/`));
    expect(outside).toEqual([layout.netNamespace]);
  });
});

test('the cache follows PITCREW_CACHE, then XDG_CACHE_HOME', () => {
  expect(cacheRoot({ PITCREW_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheRoot({ XDG_CACHE_HOME: '/b' })).toBe('/b/pitcrew');
  expect(cacheRoot({})).toMatch(/\/\.cache\/pitcrew$/);
});
