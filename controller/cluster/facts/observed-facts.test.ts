import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../../../charts/facts.ts';
import type { KubeObject } from '../port.ts';
import { nodeOf } from './nodes.ts';
import { factsOf, plainVersion, type Seen } from './observed-facts.ts';

const node = (allocatable: object | undefined, taints: object[] = []) => {
  const spec = { taints, unschedulable: taints.length > 0 };
  return nodeOf({ metadata: { name: 'a' }, spec, status: { allocatable } } as unknown as KubeObject);
};
const seen = (nodes: Seen['nodes'], surroundings = {}): Seen => ({ nodes, surroundings, kubernetesVersion: '1.35.4' });
const big = { cpu: '1930m', memory: '8145684Ki' };

describe('facts', () => {
  it('add up what the nodes offer, in steps that a reboot does not move', () => {
    const { facts, observed } = factsOf(seen([node(big), node({ cpu: '4', memory: '4Gi' })]), undefined);
    expect(facts).toEqual({
      kubernetesVersion: '1.35.4',
      allocatableCpuMillis: 5930,
      allocatableMemoryMiB: 12_032,
      nodeCount: 2,
    });
    expect(observed).toBe(true);
  });

  it('do not change by a drain or a reboot', () => {
    for (const key of ['node.kubernetes.io/unschedulable', 'node.kubernetes.io/not-ready']) {
      expect(node(big, [{ key, effect: 'NoSchedule' }]).ours).toBe(true);
    }
  });

  it('leave out nodes that are set aside for others', () => {
    const reserved = node(big, [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }]);
    expect(factsOf(seen([reserved]), undefined).observed).toBe(false);
    expect(factsOf(seen([reserved, node(big)]), undefined).facts).toMatchObject({ nodeCount: 1 });
  });

  it('hold what is around', () => {
    const around = { otherCpuMillis: 150, defaultStorageProvisioner: 'rancher.io/local-path' };
    expect(factsOf(seen([node(big)], around), undefined).facts).toMatchObject(around);
  });

  it('are what was recorded when no node can be seen, and assumptions without a record', () => {
    const recorded = { kubernetesVersion: '1.34.0', allocatableCpuMillis: 1, allocatableMemoryMiB: 64, nodeCount: 1 };
    expect(factsOf(seen([]), recorded)).toEqual({
      facts: { ...recorded, kubernetesVersion: '1.35.4' },
      observed: false,
    });
    expect(factsOf(seen([node(undefined)]), undefined).facts).toEqual({
      ...DEFAULT_FACTS,
      kubernetesVersion: '1.35.4',
    });
  });
});

describe('the version', () => {
  it.each([
    ['v1.35.4', '1.35.4'],
    ['v1.35.4+k3s1', '1.35.4'],
    ['v1.36.0-rc.1', '1.36.0'],
  ])('%s', (gitVersion, plain) => {
    expect(plainVersion(gitVersion)).toBe(plain);
  });
});
