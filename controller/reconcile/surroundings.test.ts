import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import type { Status } from '../../crds/status.ts';
import type { Surroundings } from '../cluster/facts/surroundings.ts';
import type { KubeObject } from '../cluster/port.ts';
import { childrenLike, OWNER, podLike } from './fixtures.ts';
import type { PodDigest } from './pod-digest.ts';
import { shared, surroundingsOf } from './surroundings.ts';

const { signal } = new AbortController();
const replicaSet = { kind: 'ReplicaSet', name: 'shop-edge-5d9f8c7b6d', uid: 'u' };
const requests = { cpuMillis: 1000, memoryBytes: 0 };

/** Looks once; tells what came of it and how old a reading was taken for good. */
async function look(status: Status, pods: readonly PodDigest[] = [], anew = false) {
  const ages: number[] = [];
  const around: Surroundings<PodDigest> = {
    pods: { rest: { cpuMillis: 100, memoryBytes: 0 }, kept: pods.map((pod) => ({ pod, requests })) },
    defaultStorageProvisioner: undefined,
    clusterDnsAddress: undefined,
    forbidden: [],
  };
  const readSurroundings = async (maxAgeMs: number) => {
    ages.push(maxAgeMs);
    return around;
  };
  const profile = { metadata: { name: OWNER.name, namespace: OWNER.namespace, generation: 3 } } as KubeObject;
  const scene = { key: 'web/shop', profile, status, children: childrenLike(), anew };
  return { facts: await surroundingsOf({ readSurroundings }, scene, signal), ages };
}

const verdict = (valid: 'True' | 'False', generation: number, facts?: Status['facts']): Status => ({
  observedGeneration: generation,
  conditions: [
    { type: 'Valid', status: valid, reason: '', message: '', observedGeneration: generation, lastTransitionTime: '' },
  ],
  facts,
});
const RECORDED = { ...DEFAULT_FACTS, otherCpuMillis: 700, otherMemoryMiB: 64 };

describe('what is around', () => {
  it('is what was recorded while an admitted generation stands', async () => {
    const { facts, ages } = await look(verdict('True', 3, RECORDED));
    expect(facts).toEqual({ otherCpuMillis: 700, otherMemoryMiB: 64 });
    expect(ages).toEqual([]);
  });

  it('stays unknown where it was recorded as unknown', async () => {
    expect(await look(verdict('True', 3, DEFAULT_FACTS))).toEqual({ facts: {}, ages: [] });
  });

  it.each([
    ['for a new profile', {}],
    ['for an edit', verdict('True', 2, RECORDED)],
    ['for an edit of what was refused', verdict('False', 2, RECORDED)],
  ])('is read anew %s', async (_what, status) => {
    const { facts, ages } = await look(status);
    expect(facts).toEqual({ otherCpuMillis: 100, otherMemoryMiB: 0 });
    expect(ages).toEqual([0]);
  });

  it('is read now and then for what was refused', async () => {
    expect((await look(verdict('False', 3, RECORDED))).ages).toEqual([20_000]);
    expect((await look(verdict('True', 3))).ages).toEqual([20_000]);
  });

  it.each([
    ['admitted', verdict('True', 3, RECORDED)],
    ['refused', verdict('False', 3, RECORDED)],
  ])('is read anew for what stands %s when somebody asks', async (_what, status) => {
    const { facts, ages } = await look(status, [], true);
    expect(facts).toEqual({ otherCpuMillis: 100, otherMemoryMiB: 0 });
    expect(ages).toEqual([0]);
  });

  it.each([
    ['our own pods', podLike('edge', { owner: replicaSet }), 100],
    ['a pod that only carries our labels', podLike('edge'), 1100],
    ['a pod of a namesake elsewhere', podLike('edge', { owner: replicaSet, namespace: 'other' }), 1100],
    ['a pod of another profile', podLike('edge', { owner: replicaSet, profile: 'blog' }), 1100],
  ])('counts %s right', async (_what, pod, otherCpuMillis) => {
    expect((await look({}, [pod])).facts.otherCpuMillis).toBe(otherCpuMillis);
  });
});

describe('a reading for many', () => {
  it('is shared by those who asked before it began, and by nobody else', async () => {
    const readings: PromiseWithResolvers<number>[] = [];
    const ask = shared(() => {
      const reading = Promise.withResolvers<number>();
      readings.push(reading);
      return reading.promise;
    });
    const first = [ask(), ask()];
    await vi.waitFor(() => expect(readings).toHaveLength(1));
    // Under way: it may have looked already.
    const second = [ask(), ask(), ask()];
    readings[0]?.resolve(1);
    expect(await Promise.all(first)).toEqual([1, 1]);
    await vi.waitFor(() => expect(readings).toHaveLength(2));
    readings[1]?.resolve(2);
    expect(await Promise.all(second)).toEqual([2, 2, 2]);
  });

  it('that fails fails for those, and the next one is made all the same', async () => {
    let times = 0;
    const ask = shared(async () => {
      times += 1;
      if (times === 1) throw new Error('down');
      return times;
    });
    const failed = Promise.allSettled([ask(), ask()]);
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask()).toBe(2);
  });
});
