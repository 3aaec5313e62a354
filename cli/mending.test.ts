import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../charts/facts.ts';
import type { Finding } from '../charts/findings.ts';
import type { Profile } from '../crds/performance-profile.ts';
import { synthesize } from '../synth/synthesize.ts';
import { mendingOf } from './mending.ts';

const profile: Profile = {
  apiVersion: 'performance.bahamm.ir/v1alpha1',
  kind: 'PerformanceProfile',
  metadata: { name: 'shop', namespace: 'prod' },
  spec: {
    edge: { hosts: ['shop.example'] },
    backend: { image: 'shop:1', workers: 4, keepAliveSeconds: 5, pool: { size: 100, maxOverflow: 200 } },
    postgres: { storage: { size: '20Gi' } },
  },
};
const { findings } = synthesize(profile, DEFAULT_FACTS);
const finding = (fix: Finding['fixes'][number], more: Partial<Finding> = {}): Finding => ({
  ...(findings[0] as Finding),
  severity: 'Error',
  acknowledged: false,
  fixes: [fix],
  ...more,
});

describe('mendingOf', () => {
  it('takes the first fix of every error and warning, and finds what they mend gone', () => {
    const mending = mendingOf(profile, findings, DEFAULT_FACTS);
    expect(mending?.fix).toMatchObject({ 'backend.keepAliveSeconds': 75 });
    const left = (mending?.remaining ?? []).map(({ id }) => id);
    expect(left).not.toContain('INV-05');
    expect(left).not.toContain('INV-06');
    expect(profile.spec.backend.keepAliveSeconds).toBe(5);
  });

  it('lets the earlier finding win a field, and leaves out notes and what is accepted', () => {
    const mixed = [
      finding({ 'backend.workers': 2 }),
      finding({ 'backend.workers': 9, 'backend.replicas': 2 }),
      finding({ 'edge.replicas': 3 }, { severity: 'Info' }),
      finding({ 'edge.replicas': 4 }, { acknowledged: true }),
    ];
    const mending = mendingOf(profile, mixed, DEFAULT_FACTS);
    expect(mending?.fix).toMatchObject({ 'backend.workers': 2, 'backend.replicas': 2 });
    expect(mending?.fix).not.toHaveProperty(['edge.replicas']);
  });

  it('goes on as long as one fix calls for another', () => {
    const mending = mendingOf(profile, findings, DEFAULT_FACTS);
    expect(mending?.remaining.filter(({ severity, fixes }) => severity !== 'Info' && fixes.length > 0)).toEqual([]);
  });

  it('says nothing for one finding, nor where fixes do not go together', () => {
    expect(mendingOf(profile, [finding({ 'backend.workers': 2 })], DEFAULT_FACTS)).toBeUndefined();
    const apart = [finding({ 'backend.maxRequests': 500 }), finding({ 'backend.maxRequestsJitter': 501 })];
    expect(mendingOf(profile, apart, DEFAULT_FACTS)).toBeUndefined();
  });
});
