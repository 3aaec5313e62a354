import { describe, expect, it } from 'vitest';
import type { Failure } from '../cluster/classify.ts';
import { claimSizeOf } from './claim-template.ts';
import type { Stamped } from './desired.ts';
import { childLike, STAMPED, UP } from './fixtures.ts';
import { rejectionOf, standingRejection } from './rejected.ts';

const POSTGRES = STAMPED.find(({ kind }) => kind === 'StatefulSet') as Stamped;
const failure: Failure = {
  kind: 'Rejected',
  pace: 'slow',
  message: "updates to statefulset spec for fields other than 'replicas' are forbidden",
  causes: [],
  cause: undefined,
};
const madeWith = (claimSize: string | undefined) => childLike(POSTGRES, { state: { ...UP, claimSize } });
const reject = (child = madeWith('1Gi'), atMs = 0, held?: ReturnType<typeof rejectionOf>) =>
  rejectionOf(held, POSTGRES, child, { failure, atMs });

describe('an apply that was rejected', () => {
  it('is told in the words of the profile when it is the size of the storage', () => {
    expect(claimSizeOf(POSTGRES.object)).toBe('1Gi');
    const { message } = reject(madeWith('2Gi'));
    expect(message).toMatch(/^spec.postgres.storage.size is 1Gi, but the database was made with 2Gi/);
    expect(message).toContain('Set it back to 2Gi');
    expect(message).toContain('kubectl patch pvc data-shop-postgres-0');
  });

  it('is told in the words of the server when it is anything else', () => {
    expect(reject().message).toBe(failure.message);
    expect(reject(madeWith(undefined)).message).toBe(failure.message);
  });

  it('is not sent again at once, and less and less often', () => {
    const child = madeWith('1Gi');
    const stands = (held: ReturnType<typeof reject>, nowMs: number) =>
      standingRejection(held, POSTGRES, child, nowMs) !== undefined;
    const first = reject(child, 0);
    expect([stands(first, 29_999), stands(first, 30_000)]).toEqual([true, false]);
    const second = reject(child, 30_000, first);
    expect([stands(second, 89_999), stands(second, 90_000)]).toEqual([true, false]);
    const tenth = { ...second, times: 10, atMs: 0 };
    expect([stands(tenth, 299_999), stands(tenth, 300_000)]).toEqual([true, false]);
  });

  it('is sent at once when something else is wanted or is there', () => {
    const held = reject();
    expect(standingRejection(held, { ...POSTGRES, desired: 'other' }, madeWith('1Gi'), 1)).toBeUndefined();
    expect(standingRejection(held, POSTGRES, { ...madeWith('1Gi'), generation: 2 }, 1)).toBeUndefined();
    expect(standingRejection(held, POSTGRES, undefined, 1)).toBeUndefined();
    expect(standingRejection(held, POSTGRES, { ...madeWith('1Gi'), resourceVersion: '99' }, 1)).toBe(held);
  });
});
