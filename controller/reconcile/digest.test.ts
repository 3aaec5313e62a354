import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../cluster/port.ts';
import { childOf, saysTheSame } from './digest.ts';
import { podOf, processKey } from './pod-digest.ts';
import { isRolledOut, readiness, shortfall, type Workload } from './rollout.ts';

const object = (kind: string, rest: object): KubeObject =>
  ({
    apiVersion: 'v1',
    kind,
    metadata: { name: 'shop-edge', namespace: 'web', uid: 'u', resourceVersion: '1', generation: 2 },
    ...rest,
  }) as KubeObject;
const full = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };
const deployment = (status: object) => childOf(object('Deployment', { spec: { replicas: 2 }, status })) as Workload;

describe('a rollout', () => {
  it.each([
    [{}, false, '2/2', ''],
    [{ observedGeneration: 1 }, false, '2/2', 'not been taken up'],
    [{ updatedReplicas: 1 }, false, '2/2', '1 of 2 pods are of the new'],
    [{ readyReplicas: 1 }, false, '1/2', '1 of 2 pods are ready'],
    [{ replicas: 3, readyReplicas: 3 }, false, '2/2', 'old ones still serve'],
    [{ availableReplicas: 1 }, false, '2/2', 'long enough'],
    [{ replicas: 0, updatedReplicas: 0, readyReplicas: 0 }, false, '0/2', 'no pod'],
  ])('%j', (change, _done, ready, lack) => {
    const workload = deployment({ ...full, ...change });
    expect(isRolledOut(workload)).toBe(Object.keys(change).length === 0);
    expect(readiness(workload)).toBe(ready);
    if (lack !== '') expect(shortfall(workload)).toContain(lack);
  });

  it('of a StatefulSet is over when its two revisions are one', () => {
    const status = { ...full, replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 0 };
    const set = (currentRevision: string) =>
      childOf(
        object('StatefulSet', { spec: { replicas: 1 }, status: { ...status, currentRevision, updateRevision: 'b' } }),
      );
    expect(isRolledOut(set('b') as Workload)).toBe(true);
    expect(isRolledOut(set('a') as Workload)).toBe(false);
  });
});

describe('a Job', () => {
  it.each([
    [[], 'open'],
    [[{ type: 'Complete', status: 'True' }], 'complete'],
    [[{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'too long' }], 'failed'],
    [[{ type: 'Failed', status: 'False' }], 'open'],
  ])('%j is %s', (conditions, outcome) => {
    expect(childOf(object('Job', { status: { conditions } })).state).toMatchObject({ outcome });
  });
});

describe('digests', () => {
  it('say the same when only the version differs', () => {
    const child = childOf(object('Service', {}));
    expect(saysTheSame(child, { ...child, resourceVersion: '2' })).toBe(true);
    expect(saysTheSame(child, { ...child, deleting: true })).toBe(false);
  });

  it('keep nothing of an empty pod but its name', () => {
    expect(podOf(object('Pod', {}))).toMatchObject({
      name: 'shop-edge',
      phase: 'Pending',
      ready: false,
      containers: [],
    });
  });

  it('tell another process in the same pod', () => {
    const pod = (startedAt: string) =>
      podOf(
        object('Pod', {
          spec: { containers: [{ name: 'nginx' }] },
          status: { containerStatuses: [{ name: 'nginx', state: { running: { startedAt } } }] },
        }),
      );
    expect(processKey(pod('1'))).toBe(processKey(pod('1')));
    expect(processKey(pod('1'))).not.toBe(processKey(pod('2')));
  });
});
