import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../port.ts';
import { requestsOf, takesRoom } from './pod-requests.ts';

const pod = (spec: object, status: object = {}, metadata: object = {}): KubeObject =>
  ({ metadata: { name: 'a', ...metadata }, spec, status }) as unknown as KubeObject;
const container = (cpu: string, memory?: string, more: object = {}) => ({
  resources: { requests: memory === undefined ? { cpu } : { cpu, memory } },
  ...more,
});
const sidecar = (cpu: string) => container(cpu, undefined, { restartPolicy: 'Always' });

describe('what is kept free for a pod', () => {
  it.each<[string, object, number]>([
    ['nothing where nothing is asked for', { containers: [{}] }, 0],
    ['the containers together', { containers: [container('100m'), container('0.25')] }, 350],
    ['starting it, where that is more', { containers: [container('1')], initContainers: [container('2')] }, 2000],
    ['running it, where that is more', { containers: [container('1')], initContainers: [container('500m')] }, 1000],
    [
      'one init container after the other, not all of them together',
      { containers: [container('1')], initContainers: [container('700m'), container('800m')] },
      1000,
    ],
    ['sidecars beside the containers', { containers: [container('1')], initContainers: [sidecar('200m')] }, 1200],
    [
      'an init container beside the sidecars that were started before it',
      { containers: [container('100m')], initContainers: [sidecar('200m'), container('1'), sidecar('300m')] },
      1200,
    ],
    ['the overhead of its runtime', { containers: [container('1')], overhead: { cpu: '250m' } }, 1250],
    [
      'what it asks for as a whole, and the overhead',
      { containers: [container('1')], resources: { requests: { cpu: '300m' } }, overhead: { cpu: '50m' } },
      350,
    ],
  ])('%s', (_what, spec, cpuMillis) => {
    expect(requestsOf(pod(spec)).cpuMillis).toBe(cpuMillis);
  });

  it('is counted for CPU and memory apart', () => {
    const spec = {
      containers: [container('1', '64Mi')],
      initContainers: [container('100m', '1Gi')],
      resources: { requests: { cpu: '2' } },
    };
    expect(requestsOf(pod(spec))).toEqual({ cpuMillis: 2000, memoryBytes: 2 ** 30 });
  });

  it('is read in every form in which the server sends a quantity', () => {
    const spec = { containers: [container('1500u', '1e3'), container('2500000n', '128974848000m')] };
    expect(requestsOf(pod(spec))).toEqual({ cpuMillis: 5, memoryBytes: 128_975_848 });
  });
});

describe('a pod takes room', () => {
  const nodes = new Set(['ours']);
  it.each<[string, KubeObject, boolean]>([
    ['on a node of ours', pod({ nodeName: 'ours' }, { phase: 'Running' }), true],
    ['while it waits for a place', pod({}, { phase: 'Pending' }), true],
    ['but not on a node that is set aside', pod({ nodeName: 'theirs' }, { phase: 'Running' }), false],
    ['but not when it has ended', pod({ nodeName: 'ours' }, { phase: 'Succeeded' }), false],
    ['but not when it has failed', pod({ nodeName: 'ours' }, { phase: 'Failed' }), false],
    ['but not on its way out', pod({ nodeName: 'ours' }, {}, { deletionTimestamp: '2026-11-24T12:00:00Z' }), false],
  ])('%s', (_what, object, expected) => {
    expect(takesRoom(object, nodes)).toBe(expected);
  });
});
