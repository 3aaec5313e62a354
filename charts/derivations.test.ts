import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Spec } from '../crds/performance-profile.ts';
import { pgKilobytes } from '../crds/units.ts';
import { DERIVATIONS } from './derivations.ts';
import { type KnobPath, resolveEffective } from './effective.ts';
import { DEFAULT_FACTS } from './facts.ts';
import { checkRules } from './findings.ts';
import { RULES } from './rule-book.ts';

const minimal: Spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop:1' },
  frontend: { image: 'front:1' },
  postgres: { storage: { size: '20Gi' } },
};

/** Inputs that a derivation reads only where they are given, and says so. */
const CONDITIONAL = new Set<string>([
  'backend.workers facts.allocatableCpuMillis',
  'backend.pool.size postgres.maxConnections',
  'backend.pool.maxOverflow postgres.maxConnections',
  'backend.pool.timeoutSeconds postgres.statementTimeoutSeconds',
  'postgres.parameters.maxWalSize postgres.parameters.minWalSize',
]);

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
    ['postgres.parameters.effectiveIoConcurrency', 32],
    ['postgres.parameters.ioMethod', 'Worker'],
    ['postgres.parameters.maxParallelWorkersPerGather', 0],
    ['postgres.resources.requests.cpu', '1000m'],
    ['postgres.resources.requests.memory', '1Gi'],
    ['postgres.maxConnections', 100],
    ['backend.pool.size', 5],
    ['backend.pool.maxOverflow', 5],
    ['backend.threadTokens', 100],
    ['backend.pool.timeoutSeconds', 5],
    ['postgres.statementTimeoutSeconds', 30],
    ['backend.gracefulTimeoutSeconds', 45],
    ['backend.timeoutSeconds', 60],
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

  it('remembers fields and facts too', () => {
    const spec: Spec = { ...minimal, cpuLimitPolicy: 'None', objective: { requestsPerSecond: 65 } };
    const inputsOf = (path: KnobPath) => effectiveOf(spec).entry(path)?.inputs;
    expect(inputsOf('backend.workers')).toMatchObject({ 'facts.allocatableCpuMillis': 4000, cpuLimitPolicy: 'None' });
    expect(inputsOf('backend.maxRequests')).toMatchObject({ 'objective.requestsPerSecond': 65, 'backend.workers': 2 });
  });

  it('a formula names its inputs by their paths', () => {
    const spec: Spec = { ...minimal, objective: { requestsPerSecond: 65 } };
    const strangers = effectiveOf(spec)
      .entries()
      .filter(({ path, source }) => source === 'derived' && !path.startsWith('edge.'))
      .flatMap(({ path, formula = '', inputs }) =>
        [...formula.matchAll(/\b(?:backend|frontend|postgres|objective|facts|edge)\.[A-Za-z.]+\b/g)]
          .map(([name]) => name)
          .filter((name) => !(name in inputs) && !CONDITIONAL.has(`${path} ${name}`)),
      );
    expect(strangers).toEqual([]);
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

describe('the pool and max_connections', () => {
  const joint = (pool: Spec['backend']['pool'], maxConnections?: number, more: Partial<Spec['backend']> = {}) => {
    const { value } = effectiveOf({
      ...minimal,
      backend: { ...minimal.backend, workers: 4, ...more, ...(pool === undefined ? {} : { pool }) },
      postgres: { ...minimal.postgres, ...(maxConnections === undefined ? {} : { maxConnections }) },
    });
    return [value('backend.pool.size'), value('backend.pool.maxOverflow'), value('postgres.maxConnections')];
  };

  it.each([
    ['neither is given', undefined, undefined, [5, 5, 100]],
    ['the guide’s connections: the pool follows', undefined, 100, [6, 5, 100]],
    ['the guide’s pool: the connections follow, up to 200', { size: 10, maxOverflow: 20 }, undefined, [10, 20, 200]],
    ['a pool that fits', { size: 8, maxOverflow: 6 }, undefined, [8, 6, 120]],
    ['both: nothing is derived', { size: 10, maxOverflow: 20 }, 100, [10, 20, 100]],
    ['the size alone', { size: 4 }, 100, [4, 4, 100]],
    ['the overflow alone', { maxOverflow: 9 }, 100, [2, 9, 100]],
    ['many connections make no boundless pool', undefined, 500, [10, 10, 500]],
  ])('%s', (_, pool, maxConnections, expected) => {
    expect(joint(pool, maxConnections)).toEqual(expected);
  });

  it('many workers share 200 connections in small pools', () => {
    expect(joint(undefined, undefined, { replicas: 3, workers: 8 })).toEqual([2, 2, 200]);
  });

  it('more connections never make a smaller pool, and what is derived holds at the peak', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 500 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 1, max: 32 }),
        (low, more, workers) => {
          const [size = 0, overflow = 0] = joint(undefined, low, { workers });
          const [largerSize = 0, largerOverflow = 0] = joint(undefined, Math.min(500, low + more), { workers });
          expect(largerSize + largerOverflow).toBeGreaterThanOrEqual(size + overflow);
          if (low - 8 >= 2 * workers) expect(2 * workers * (size + overflow)).toBeLessThanOrEqual(low - 8);
        },
      ),
    );
  });
});

describe('the ladder of timeouts', () => {
  it('keeps its order for every deadline of at least three seconds', () => {
    for (let deadline = 3; deadline <= 600; deadline += 1) {
      const { value } = effectiveOf({ ...minimal, requestDeadlineSeconds: deadline });
      const [pool, statement] = [value('backend.pool.timeoutSeconds'), value('postgres.statementTimeoutSeconds')];
      expect(pool + statement).toBeLessThan(deadline);
      expect(statement).toBeLessThan(value('backend.timeoutSeconds'));
      expect(value('backend.gracefulTimeoutSeconds')).toBe(deadline);
    }
  });

  it('makes room for what the user says', () => {
    const statement = effectiveOf({ ...minimal, postgres: { ...minimal.postgres, statementTimeoutSeconds: 42 } });
    expect(statement.value('backend.pool.timeoutSeconds')).toBe(2);
    const pool = effectiveOf({ ...minimal, backend: { ...minimal.backend, pool: { timeoutSeconds: 30 } } });
    expect(pool.value('postgres.statementTimeoutSeconds')).toBe(14);
  });
});

describe('requests and limits', () => {
  const resourcesOf = (resources: Spec['postgres']['resources'], facts = DEFAULT_FACTS) => {
    const spec: Spec = {
      ...minimal,
      postgres: { ...minimal.postgres, ...(resources === undefined ? {} : { resources }) },
    };
    const { value } = resolveEffective(spec, facts, DERIVATIONS);
    return [
      value('postgres.resources.requests.cpu'),
      value('postgres.resources.limits.cpu'),
      value('postgres.resources.requests.memory'),
      value('postgres.resources.limits.memory'),
    ];
  };

  it('make the database Guaranteed by its limits', () => {
    expect(resourcesOf({ limits: { cpu: 2, memory: '4Gi' } })).toEqual(['1000m', 2, '4Gi', '4Gi']);
    expect(
      resourcesOf({ limits: { cpu: 2, memory: '4Gi' } }, { ...DEFAULT_FACTS, allocatableCpuMillis: 8000 }),
    ).toEqual([2, 2, '4Gi', '4Gi']);
  });

  it('leave room to the others on a node of two cores', () => {
    expect(resourcesOf(undefined, { ...DEFAULT_FACTS, allocatableCpuMillis: 2000 })).toEqual([
      '500m',
      '1000m',
      '1Gi',
      '1Gi',
    ]);
  });

  it('never ask for more than the limit, whichever of the two is given', () => {
    const tiny = effectiveOf({
      ...minimal,
      backend: { ...minimal.backend, resources: { limits: { cpu: '100m', memory: '256Mi' } } },
    });
    expect(tiny.value('backend.resources.requests.cpu')).toBe('100m');
    expect(tiny.value('backend.resources.requests.memory')).toBe('256Mi');
    const large = effectiveOf({
      ...minimal,
      backend: { ...minimal.backend, resources: { requests: { cpu: 3, memory: '2Gi' } } },
    });
    expect(large.value('backend.resources.limits.cpu')).toBe(3);
    expect(large.value('backend.resources.limits.memory')).toBe('2Gi');
  });
});

describe('the ten lines on a small server', () => {
  it('leave room for a rolling update beside what k3s itself runs, on two cores', () => {
    const facts = { ...DEFAULT_FACTS, allocatableCpuMillis: 2000, otherCpuMillis: 350, otherMemoryMiB: 512 };
    const effective = resolveEffective(minimal, facts, DERIVATIONS);
    expect(effective.value('backend.resources.requests.cpu')).toBe('400m');
    const findings = checkRules(RULES, { spec: minimal, effective, facts });
    expect(findings.filter(({ severity }) => severity === 'Error')).toEqual([]);
  });

  it('ask for the usual on a larger one, and for no more than the limit', () => {
    expect(effectiveOf(minimal).value('backend.resources.requests.cpu')).toBe('500m');
    const narrow: Spec = { ...minimal, backend: { ...minimal.backend, resources: { limits: { cpu: '300m' } } } };
    expect(effectiveOf(narrow).value('backend.resources.requests.cpu')).toBe('300m');
  });
});

describe('by version, disk and cores', () => {
  const parameterOf = (postgres: Partial<Spec['postgres']>, name: keyof NonNullable<Spec['postgres']['parameters']>) =>
    effectiveOf({ ...minimal, postgres: { ...minimal.postgres, ...postgres } }).find(`postgres.parameters.${name}`);

  it('PostgreSQL before 18 prefetches, and knows no io_method', () => {
    expect(parameterOf({ image: 'postgres:17' }, 'effectiveIoConcurrency')).toBe(200);
    expect(parameterOf({ image: 'postgres:17' }, 'ioMethod')).toBeUndefined();
  });

  it('rotating disks are another matter', () => {
    const disk = { storage: { size: '20Gi', medium: 'HDD' as const } };
    expect(parameterOf(disk, 'effectiveIoConcurrency')).toBe(2);
    expect(parameterOf(disk, 'randomPageCost')).toBe('4');
  });

  it('parallel queries need cores', () => {
    const cores = (cpu: number) => parameterOf({ resources: { limits: { cpu } } }, 'maxParallelWorkersPerGather');
    expect([1, 2, 4, 16].map(cores)).toEqual([0, 1, 2, 4]);
  });

  it('workers fill the cores and never the memory', () => {
    const workers = (cpu: number, memory: string, expectedWorkerMiB: number) =>
      effectiveOf({
        ...minimal,
        backend: { ...minimal.backend, expectedWorkerMiB, resources: { limits: { cpu, memory } } },
      }).value('backend.workers');
    expect(workers(4, '4Gi', 160)).toBe(4);
    expect(workers(4, '1Gi', 400)).toBe(2);
    expect(workers(4, '128Mi', 400)).toBe(1);
  });
});
