import { describe, expect, it } from 'vitest';
import {
  childrenLike,
  containerLike,
  MIGRATION,
  migrationPod,
  NOW,
  OWNER,
  podLike,
  secondsAgo,
  strayChild,
  UP,
  waitingContainer,
} from './fixtures.ts';
import type { MigrationJob } from './migration.ts';
import type { Warning } from './observed.ts';
import type { PodDigest } from './pod-digest.ts';
import type { Workload } from './rollout.ts';
import { migrationTrouble, workloadTrouble } from './trouble.ts';

const CLAIM = 'PersistentVolumeClaim/data-shop-postgres-0';
const POSTGRES = 'StatefulSet/shop-postgres';
const warning = (about: string, reason: string, note: string): Warning => ({ about, reason, note, at: secondsAgo(1) });
const claim = (phase: string) => ({ ...strayChild(CLAIM), tier: 'postgres', state: { type: 'claim', phase } as const });

function judge(
  ref: string,
  { children = childrenLike(), pods = [podLike('postgres', { ready: false })], warnings = [] as Warning[] },
) {
  const workload = children.get(ref) as Workload;
  return workloadTrouble(workload, { children, pods, warnings, now: NOW, profile: OWNER.name });
}

describe('why a workload does not come up', () => {
  it('is a claim whose provisioner says why, before the pod that waits for it', () => {
    const children = childrenLike({ [CLAIM]: claim('Pending') });
    const unschedulable = { message: 'unbound immediate PersistentVolumeClaims', since: secondsAgo(60) };
    const pods = [podLike('postgres', { ready: false, phase: 'Pending', containers: [], unschedulable })];
    const warnings = [warning(CLAIM, 'ProvisioningFailed', 'storageclass "nope" not found')];
    expect(judge(POSTGRES, { children, pods, warnings })).toEqual({
      reason: 'VolumePending',
      object: CLAIM,
      message: 'the claim is Pending: storageclass "nope" not found',
    });
    expect(judge(POSTGRES, { children, pods })?.object).toBe('Pod/shop-postgres');
  });

  it('is not a claim of another tier, nor one that is bound', () => {
    const warnings = [warning(CLAIM, 'ProvisioningFailed', 'old')];
    const children = childrenLike({ [CLAIM]: claim('Bound') });
    expect(judge(POSTGRES, { children, warnings, pods: [] })).toBeUndefined();
    const pending = childrenLike({ [CLAIM]: claim('Pending') });
    expect(judge('Deployment/shop-edge', { children: pending, warnings, pods: [] })).toBeUndefined();
  });

  it('is the refusal that the Deployment itself reports', () => {
    const state = { ...UP, ready: 0, refusal: 'pods "shop-edge-5d9-x7k2p" is forbidden: exceeded quota' };
    const children = childrenLike({ 'Deployment/shop-edge': { state } });
    expect(judge('Deployment/shop-edge', { children, pods: [] })).toEqual({
      reason: 'PodsRefused',
      object: 'Deployment/shop-edge',
      message: 'pods "shop-edge-5d9-…" is forbidden: exceeded quota',
    });
  });

  it('is the refusal that events tell of, as long as there is no pod', () => {
    const warnings = [warning(POSTGRES, 'FailedCreate', 'violates PodSecurity "restricted"')];
    expect(judge(POSTGRES, { warnings, pods: [] })?.reason).toBe('PodsRefused');
    expect(judge(POSTGRES, { warnings, pods: [podLike('postgres', { ready: false })] })?.reason).not.toBe(
      'PodsRefused',
    );
  });

  it('of a migration is what its last attempt suffers from, not what an earlier one did', () => {
    const ended = { exitCode: 1, reason: 'Error', message: 'connection refused' };
    const failed = containerLike({ ready: false, startedAt: undefined, terminated: ended });
    const first = migrationPod({ name: 'first', phase: 'Failed', containers: [failed], createdAt: secondsAgo(60) });
    const second = migrationPod({ name: 'second', createdAt: secondsAgo(10), containers: [containerLike()] });
    const told = (pods: PodDigest[]) => {
      const children = childrenLike();
      const job = children.get(MIGRATION.ref) as MigrationJob;
      return migrationTrouble(job, { children, pods, warnings: [], now: NOW, profile: OWNER.name });
    };
    expect(told([first])?.reason).toBe('CrashLooping');
    expect(told([first, second])).toBeUndefined();
  });

  it('is what the newest pod suffers from', () => {
    const pods = [
      podLike('postgres', { name: 'old', ready: false, containers: [waitingContainer('ErrImagePull', 'old image')] }),
      podLike('postgres', {
        name: 'new',
        ready: false,
        createdAt: secondsAgo(10),
        containers: [waitingContainer('CreateContainerConfigError', 'secret "x" not found')],
      }),
    ];
    expect(judge(POSTGRES, { pods })?.object).toBe('Pod/new');
  });
});
