import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../../../charts/facts.ts';
import type { KubeObject } from '../port.ts';
import {
  defaultProvisioner,
  recordedSurroundings,
  type Surroundings,
  serviceAddress,
  surroundingFacts,
  withoutOthers,
} from './surroundings.ts';

const MIB = 2 ** 20;
const requests = (cpuMillis: number, mebibytes: number) => ({ cpuMillis, memoryBytes: mebibytes * MIB });
const around: Surroundings<string> = {
  pods: {
    rest: requests(110, 100),
    kept: [
      { pod: 'ours', requests: requests(5000, 5000) },
      { pod: 'theirs', requests: requests(30, 30) },
    ],
  },
  defaultStorageProvisioner: 'rancher.io/local-path',
  clusterDnsAddress: '10.43.0.10',
  forbidden: [],
};

describe('the facts about what is around', () => {
  it('count pods of others, rounded up, and not our own', () => {
    expect(surroundingFacts(around, (pod) => pod === 'ours')).toEqual({
      otherCpuMillis: 150,
      otherMemoryMiB: 192,
      defaultStorageProvisioner: 'rancher.io/local-path',
      clusterDnsAddress: '10.43.0.10',
    });
  });

  it('say 0 where nobody asks for anything, and nothing where it is not known', () => {
    const nobody = { ...around, pods: { rest: requests(0, 0), kept: [] } };
    expect(surroundingFacts(nobody, () => false)).toMatchObject({ otherCpuMillis: 0, otherMemoryMiB: 0 });
    const blind = { ...around, pods: undefined, defaultStorageProvisioner: undefined, clusterDnsAddress: undefined };
    expect(Object.keys(surroundingFacts(blind, () => false))).toEqual([]);
  });

  it('are found again in recorded facts', () => {
    const facts = { ...DEFAULT_FACTS, nodeCount: 3, ...surroundingFacts(around, () => false) };
    expect(recordedSurroundings(facts)).toEqual(surroundingFacts(around, () => false));
    expect(recordedSurroundings(DEFAULT_FACTS)).toEqual({});
    expect(withoutOthers(facts)).toEqual({
      ...DEFAULT_FACTS,
      nodeCount: 3,
      defaultStorageProvisioner: 'rancher.io/local-path',
      clusterDnsAddress: '10.43.0.10',
    });
  });
});

describe('the default StorageClass', () => {
  const mark = 'storageclass.kubernetes.io/is-default-class';
  const storageClass = (name: string, creationTimestamp: string, annotations: object = { [mark]: 'true' }) =>
    ({ metadata: { name, creationTimestamp, annotations }, provisioner: `of-${name}` }) as unknown as KubeObject;

  it.each<[string, KubeObject[], string | undefined]>([
    ['none', [], undefined],
    ['none that is marked', [storageClass('a', '2026-01-01T00:00:00Z', { [mark]: 'false' })], undefined],
    ['the one that is marked', [storageClass('a', '2026-01-02T00:00:00Z', {}), storageClass('b', '')], 'of-b'],
    ['the newest', [storageClass('a', '2026-01-01T00:00:00Z'), storageClass('b', '2026-01-02T00:00:00Z')], 'of-b'],
    ['of two of an age, by name', [storageClass('b', ''), storageClass('a', '')], 'of-a'],
  ])('is %s', (_what, classes, expected) => {
    expect(defaultProvisioner(classes)).toBe(expected);
  });
});

describe('the address of a Service', () => {
  it.each([
    [{ spec: { clusterIP: '10.43.0.10' } }, '10.43.0.10'],
    [{ spec: { clusterIP: 'None' } }, undefined],
    [{ spec: {} }, undefined],
    [undefined, undefined],
  ])('%j', (service, expected) => {
    expect(serviceAddress(service as unknown as KubeObject | undefined)).toBe(expected);
  });
});
