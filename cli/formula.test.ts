import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../charts/facts.ts';
import type { Spec } from '../crds/performance-profile.ts';
import { formulaWithNumbers, plain } from './formula.ts';

const spec: Spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop:1' },
  postgres: { storage: { size: '20Gi' } },
};

const numbers = (inputs: Record<string, unknown>) => ({
  inputs,
  values: new Map<string, unknown>([['edge.replicas', 2]]),
  spec,
  facts: DEFAULT_FACTS,
});

describe('formulaWithNumbers', () => {
  it.each([
    ['edge.upstreamKeepalive.timeoutSeconds + 15', { 'edge.upstreamKeepalive.timeoutSeconds': 60 }, '60 + 15'],
    ['max(1, ceil(backend.resources.limits.cpu))', { 'backend.resources.limits.cpu': '1500m' }, 'max(1, ceil(1500m))'],
    ['max(4MB, limit − sharedBuffers)', { 'postgres.parameters.sharedBuffers': '256MB' }, 'max(4MB, limit − 256MB)'],
    ['0.2 × postgres.storage.size', {}, '0.2 × 20Gi'],
    ['facts.allocatableCpuMillis / 2', { 'facts.allocatableCpuMillis': 4000 }, '4000 / 2'],
    ['allocatableMemoryMiB / edge.replicas', {}, '8192 / 2'],
    ['on, where edge.hosts has more than one', {}, 'on, where edge.hosts has more than one'],
    ['Harmless where edge.replicas is set', {}, 'Harmless where edge.replicas is set'],
    ['never above the size', { 'backend.pool.size': 5 }, 'never above the size'],
    ['min(maxSize, 5)', { 'a.maxSize': 1, 'b.maxSize': 2 }, 'min(maxSize, 5)'],
    ['min(size, 5)', { 'a.size': 1, 'b.size': 2 }, 'min(size, 5)'],
    ['constructor + toString', {}, 'constructor + toString'],
  ])('%s', (formula, inputs, expected) => {
    expect(formulaWithNumbers(formula, numbers(inputs))).toBe(expected);
  });

  it('writes values as a profile does', () => {
    expect(plain(['/api/products', 3])).toBe('[/api/products, 3]');
    expect(plain(true)).toBe('true');
  });
});
