import { describe, expect, it } from 'vitest';
import { ApiError } from '../cluster/errors.ts';
import type { Cluster, KubeObject, WritableObject } from '../cluster/port.ts';
import { OWNER } from './fixtures.ts';
import { createMemory } from './memory.ts';
import type { Tools } from './tools.ts';
import { writeStatus } from './write-status.ts';

const profile = {
  apiVersion: '',
  kind: 'PerformanceProfile',
  metadata: { ...OWNER, resourceVersion: '7' },
} as KubeObject;

/** What is remembered after the server has said no. */
async function supersededAfter(error: ApiError): Promise<string | undefined> {
  const memory = createMemory().of('web/shop', OWNER.uid, undefined);
  const cluster = { apply: () => Promise.reject(error) };
  const write = { profile, before: {}, status: { observedGeneration: 1 }, memory };
  const writing = writeStatus({ cluster } as unknown as Tools, write, new AbortController().signal);
  await expect(writing).rejects.toBe(error);
  return memory.superseded;
}

const asked = {
  method: 'PATCH',
  path: '/apis/performance.bahamm.ir/v1alpha1/namespaces/web/performanceprofiles/shop/status',
};
const details = { kind: 'performanceprofiles', name: 'shop' };

describe('a status', () => {
  it.each([
    ['that the watch has told', undefined, '7'],
    ['that our last write has made', '12', '12'],
    ['that the watch has told since our last write', '6', '7'],
  ])('is written in the place of the version %s', async (_what, written, version) => {
    const memory = createMemory().of('web/shop', OWNER.uid, undefined);
    if (written !== undefined) memory.written = { status: {}, resourceVersion: written };
    const sent: WritableObject[] = [];
    const apply: Cluster['apply'] = async (object) => {
      sent.push(object);
      return { object: { ...profile, metadata: { ...profile.metadata, resourceVersion: '13' } }, warnings: [] };
    };
    const write = { profile, before: {}, status: { observedGeneration: 1 }, memory };
    await writeStatus({ cluster: { apply } } as unknown as Tools, write, new AbortController().signal);
    expect(sent.map(({ metadata }) => metadata)).toEqual([{ ...OWNER, resourceVersion: version }]);
    expect(memory.written?.resourceVersion).toBe('13');
  });
});

describe('a status that the server will not have', () => {
  it.each([
    ['there is no such profile', new ApiError(404, { details }, asked)],
    ['it is another one by now', new ApiError(409, { details }, asked)],
  ])('since %s: this version of it is not worked for any more', async (_what, error) => {
    expect(await supersededAfter(error)).toBe('7');
  });

  it.each([
    ['it was busy', new ApiError(429, { details }, asked)],
    ['it is wrong', new ApiError(422, { details: { ...details, causes: [{ field: 'status.tiers' }] } }, asked)],
    ['it does not know the kind', new ApiError(404, {}, asked)],
  ])('since %s says nothing about the profile', async (_what, error) => {
    expect(await supersededAfter(error)).toBeUndefined();
  });
});
