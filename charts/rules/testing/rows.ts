import { expect } from 'vitest';
import type { Spec } from '../../../crds/performance-profile.ts';
import { DERIVATIONS } from '../../derivations.ts';
import { resolveEffective } from '../../effective.ts';
import { DEFAULT_FACTS, type Facts } from '../../facts.ts';
import { checkRules, type Finding, type Severity } from '../../findings.ts';
import { withFix } from '../../fix.ts';
import { RULES } from '../../rule-book.ts';

/** Profiles that rules are tried on, and what the rule book says of them. */

/** The guide's numbers for backend, frontend and database. */
export const guide: Spec = {
  objective: { requestsPerSecond: 65, concurrentUsers: 100, p95Milliseconds: 120, cacheHitPercent: 85 },
  edge: { hosts: ['shop.example'], upstreamKeepalive: { timeoutSeconds: 60 } },
  backend: {
    image: 'shop:1',
    workers: 4,
    workerClass: 'uvicorn.workers.UvicornWorker',
    timeoutSeconds: 120,
    maxRequests: 1000,
    maxRequestsJitter: 50,
    keepAliveSeconds: 5,
    pool: { size: 10, maxOverflow: 20, recycleSeconds: 3600 },
    resources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '1500m', memory: '1Gi' } },
  },
  frontend: { image: 'front:1' },
  postgres: {
    image: 'postgres:18',
    storage: { size: '20Gi' },
    maxConnections: 100,
    statementTimeoutSeconds: 30,
    parameters: {
      sharedBuffers: '256MB',
      effectiveCacheSize: '1GB',
      maintenanceWorkMem: '64MB',
      checkpointCompletionTarget: '0.9',
      walBuffers: '16MB',
      defaultStatisticsTarget: 100,
      randomPageCost: '1.1',
      effectiveIoConcurrency: 200,
      workMem: '2621kB',
      minWalSize: '1GB',
      maxWalSize: '4GB',
    },
    resources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '1000m', memory: '1Gi' } },
  },
};
/** Ten lines: everything follows. */
export const minimal: Spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop:1' },
  frontend: { image: 'front:1' },
  postgres: { storage: { size: '20Gi' } },
};
export const SMALL_NODE: Facts = { ...DEFAULT_FACTS, allocatableCpuMillis: 2000, allocatableMemoryMiB: 24_576 };

export function findingsOf(spec: Spec, facts: Facts = DEFAULT_FACTS): Finding[] {
  return checkRules(RULES, { spec, effective: resolveEffective(spec, facts, DERIVATIONS), facts });
}
export const finding = (spec: Spec, id: string, facts?: Facts) =>
  findingsOf(spec, facts).find((found) => found.id === id);

export const backend = (changes: Partial<Spec['backend']>): Spec => ({
  ...minimal,
  backend: { ...minimal.backend, ...changes },
});
export const frontend = (changes: Partial<NonNullable<Spec['frontend']>>): Spec => ({
  ...minimal,
  frontend: { image: 'front:1', ...changes },
});
export const postgres = (changes: Partial<Spec['postgres']>): Spec => ({
  ...minimal,
  postgres: { ...minimal.postgres, ...changes },
});
export const parameters = (values: Spec['postgres']['parameters']): Spec => postgres({ parameters: values });

/**
 * What is wrong in words, profile, id, severity, what the message says, what is to be set, the cluster. Of several
 * findings of a rule, the one with the message is meant.
 */
export type Row = readonly [string, Spec, string, Severity, RegExp, string, Facts?];

/** Of one rule, no two findings have the same path. */
const keyOf = ({ id, path }: Finding): string => `${id} ${path}`;

const errorIds = (findings: readonly Finding[]): Set<string> =>
  new Set(findings.filter(({ severity }) => severity === 'Error').map(({ id }) => id));

/** The finding is there, with its numbers and its ways out, and each of these clears it and adds no other error. */
export function expectRow([, spec, id, severity, message, fix, facts = DEFAULT_FACTS]: Row): void {
  const all = findingsOf(spec, facts);
  const own = all.filter((candidate) => candidate.id === id);
  const found = own.find((candidate) => message.test(candidate.message)) ?? own[0];
  expect(found).toMatchObject({ severity, fix });
  expect(found?.message).toMatch(message);
  const before = errorIds(all);
  for (const way of found?.fixes ?? []) {
    const after = findingsOf(withFix(spec, way), facts);
    expect(after.map(keyOf), JSON.stringify(way)).not.toContain(`${id} ${found?.path}`);
    expect([...errorIds(after)].filter((other) => !before.has(other))).toEqual([]);
  }
}
