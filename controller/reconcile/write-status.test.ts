import { describe, expect, it } from 'vitest';
import { ApiError } from '../cluster/errors.ts';
import type { KubeObject } from '../cluster/port.ts';
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

describe('a status that the server will not have', () => {
  it.each([
    ['there is no such profile', new ApiError(404, { details }, asked)],
    [
      'there is another one',
      new ApiError(422, { details: { ...details, causes: [{ field: 'metadata.uid' }] } }, asked),
    ],
  ])('since %s: this version of it is not worked for any more', async (_what, error) => {
    expect(await supersededAfter(error)).toBe('7');
  });

  it.each([
    ['it was busy', new ApiError(409, { details }, asked)],
    ['it is wrong', new ApiError(422, { details: { ...details, causes: [{ field: 'status.tiers' }] } }, asked)],
    ['it does not know the kind', new ApiError(404, {}, asked)],
  ])('since %s says nothing about the profile', async (_what, error) => {
    expect(await supersededAfter(error)).toBeUndefined();
  });
});
