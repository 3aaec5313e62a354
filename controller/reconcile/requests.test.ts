import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../cluster/port.ts';
import { pendingRequest } from './requests.ts';

const asking = (request?: string): KubeObject => {
  const annotations = request === undefined ? {} : { 'performance.bahamm.ir/requestedAt': request };
  return { apiVersion: '', kind: '', metadata: { name: 'shop', annotations } } as unknown as KubeObject;
};

describe('a request', () => {
  it.each([
    ['nobody asks', undefined, undefined, undefined],
    ['somebody asks', 'noon', undefined, 'noon'],
    ['it is handled', 'noon', 'noon', undefined],
    ['there is another one', 'one', 'noon', 'one'],
    ['it is taken back', undefined, 'noon', undefined],
  ])('%s', (_what, asked, handled, pending) => {
    expect(pendingRequest(asking(asked), { lastHandledRequest: handled })).toBe(pending);
  });

  it('of any length comes to an end', () => {
    const long = `${'x'.repeat(255)}🚗${'x'.repeat(1000)}`;
    const lastHandledRequest = pendingRequest(asking(long), {});
    expect(lastHandledRequest).toHaveLength(256);
    expect(lastHandledRequest?.isWellFormed()).toBe(true);
    expect(pendingRequest(asking(long), { lastHandledRequest })).toBeUndefined();
  });
});
