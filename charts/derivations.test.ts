import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Spec } from '../crds/performance-profile.ts';
import { pgKilobytes } from '../crds/units.ts';
import { DERIVATIONS } from './derivations.ts';
import { type KnobPath, resolveEffective } from './effective.ts';
import { DEFAULT_FACTS } from './facts.ts';

const minimal: Spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop:1' },
  frontend: { image: 'front:1' },
  postgres: { storage: { size: '20Gi' } },
};

const effectiveOf = (spec: Spec) => resolveEffective(spec, DEFAULT_FACTS, DERIVATIONS);
const postgresOf = (memory: string) =>
  effectiveOf({ ...minimal, postgres: { ...minimal.postgres, resources: { limits: { memory } } } });

describe('derivations', () => {
  it.each<[KnobPath, unknown]>([
    ['edge.workerProcesses', 1],
    ['backend.workers', 2],
    ['backend.keepAliveSeconds', 75],
    ['frontend.keepAliveSeconds', 75],
    ['frontend.maxOldSpaceMiB', 768],
    ['postgres.parameters.sharedBuffers', '256MB'],
    ['postgres.parameters.effectiveCacheSize', '768MB'],
    ['postgres.parameters.maintenanceWorkMem', '64MB'],
    ['postgres.parameters.workMem', '4MB'],
    ['postgres.parameters.maxWalSize', '4GB'],
    ['postgres.parameters.minWalSize', '1GB'],
  ])('%s is %j for the guide’s resources', (path, expected) => {
    const entry = effectiveOf(minimal)
      .entries()
      .find((found) => found.path === path);
    expect(entry).toMatchObject({ value: expected, source: 'derived' });
    expect(entry?.formula).toBeTruthy();
  });

  it('the user always wins, and it is said', () => {
    const spec: Spec = { ...minimal, backend: { ...minimal.backend, workers: 7 } };
    expect(effectiveOf(spec).value('backend.workers')).toBe(7);
    expect(
      effectiveOf(spec)
        .entries()
        .find((entry) => entry.path === 'backend.workers'),
    ).toMatchObject({ source: 'user' });
  });

  it('remembers what a derivation read', () => {
    const entry = effectiveOf(minimal)
      .entries()
      .find((found) => found.path === 'postgres.parameters.workMem');
    expect(entry?.inputs).toMatchObject({
      'postgres.maxConnections': 100,
      'postgres.parameters.sharedBuffers': '256MB',
    });
  });

  it('more memory never lowers a cache', () => {
    const cache = (mebibytes: number) => {
      const effective = postgresOf(`${mebibytes}Mi`);
      return (['sharedBuffers', 'effectiveCacheSize', 'maintenanceWorkMem', 'workMem'] as const).map((name) =>
        pgKilobytes(effective.value(`postgres.parameters.${name}`)),
      );
    };
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 500_000 }), fc.integer({ min: 0, max: 100_000 }), (memory, more) => {
        const [less, greater] = [cache(memory), cache(memory + more)];
        return less.every((size, index) => size <= (greater[index] ?? 0));
      }),
    );
  });
});
