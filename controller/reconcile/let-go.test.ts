import { describe, expect, it } from 'vitest';
import type { Cluster, KubeObject } from '../cluster/port.ts';
import { childrenLike, OWNER, recordsLike } from './fixtures.ts';
import { isLetGo } from './let-go.ts';

const metadata = { ...OWNER, resourceVersion: '1' };
const profile = { apiVersion: '', kind: 'PerformanceProfile', metadata } as KubeObject;
const EDGE = 'Deployment/shop-edge';

/** Whether it is let go, and how often the server was asked. */
async function judged(change: object, found: readonly object[]) {
  let asked = 0;
  const list: Cluster['list'] = async () => {
    asked += 1;
    const items = found.map((other) => ({ ...profile, metadata: { ...metadata, ...other } }));
    return { items, resourceVersion: '2' };
  };
  const seen = { children: childrenLike(change as never), memory: { applied: recordsLike() } };
  const cluster = { list } as unknown as Cluster;
  return { letGo: await isLetGo({ cluster }, profile, seen, new AbortController().signal), asked };
}

describe('a profile', () => {
  it('is not asked for while its children have their owner', async () => {
    expect(await judged({}, [])).toEqual({ letGo: false, asked: 0 });
  });

  it.each<[string, object[], boolean]>([
    ['is there as it was: somebody took the owner from one child', [{}], false],
    ['is gone', [], true],
    ['is on its way out', [{ deletionTimestamp: '2026-11-24T12:00:00Z' }], true],
    ['is another one by now', [{ uid: 'another' }], true],
  ])('whose children are left without an owner %s', async (_what, found, letGo) => {
    expect(await judged({ [EDGE]: { owner: undefined } }, found)).toEqual({ letGo, asked: 1 });
  });
});
