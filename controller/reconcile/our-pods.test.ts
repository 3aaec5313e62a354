import { describe, expect, it } from 'vitest';
import { childrenLike, MIGRATION, migrationPod, OWNER, podLike } from './fixtures.ts';
import { isOurPod } from './our-pods.ts';

const children = childrenLike();
const owned = (kind: string, name: string, uid = `uid-of-${kind}/${name}`) => ({ kind, name, uid });
const job = MIGRATION.object.metadata.name;

describe('a pod with our labels', () => {
  it.each([
    ['a ReplicaSet of our Deployment', podLike('edge', { owner: owned('ReplicaSet', 'shop-edge-5d9f8c7b6d') }), true],
    ['our StatefulSet', podLike('postgres', { owner: owned('StatefulSet', 'shop-postgres') }), true],
    ['our migration', migrationPod({ owner: owned('Job', job) }), true],
    ['nobody', podLike('edge', { owner: undefined }), false],
    [
      'another StatefulSet of the name',
      podLike('postgres', { owner: owned('StatefulSet', 'shop-postgres', 'x') }),
      false,
    ],
    ['a StatefulSet of somebody else', podLike('postgres', { owner: owned('StatefulSet', 'theirs') }), false],
    ['a ReplicaSet of somebody else', podLike('edge', { owner: owned('ReplicaSet', 'theirs-5d9f8c7b6d') }), false],
    ['a Deployment beside ours', podLike('edge', { owner: owned('ReplicaSet', 'shop-edge-two-5d9f8c7b6d') }), false],
    ['a ReplicaSet of another tier', podLike('edge', { owner: owned('ReplicaSet', 'shop-backend-5d9f8c7b6d') }), false],
  ])('and made by %s', (_what, pod, expected) => {
    expect(isOurPod(pod, OWNER.name, children)).toBe(expected);
  });
});
