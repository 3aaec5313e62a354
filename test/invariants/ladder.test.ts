import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import type { DesiredObject } from '../../charts/object.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import { bytes, milliCores } from '../../crds/units.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { validProfile } from '../support/arbitrary.ts';

/** What pods owe to the values in force, whatever a profile says: times to end, probes, requests and limits. */
const PROFILES = fc.sample(validProfile, { numRuns: 80, seed: 20_261_126 });
const PRE_STOP_SECONDS = 8;

interface Resources {
  readonly requests: Readonly<Record<string, string | undefined>>;
  readonly limits: Readonly<Record<string, string | undefined>>;
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: ReadonlyArray<{
    readonly resources: Resources;
    readonly livenessProbe?: { readonly periodSeconds: number; readonly failureThreshold: number };
  }>;
}

const podsOf = (objects: readonly DesiredObject[]): Map<string, Pod> =>
  new Map(
    objects.flatMap(({ kind, metadata, spec }) => {
      const pod = (spec as { template?: { spec: Pod } } | undefined)?.template?.spec;
      return pod === undefined ? [] : [[`${kind}/${metadata.name}`, pod] as const];
    }),
  );

function stackOf(profile: Profile) {
  const { objects, effective } = synthesize(profile, DEFAULT_FACTS);
  const values = new Map(effective.map(({ path, value }) => [path, value]));
  return {
    pods: podsOf(objects.map(({ object }) => object)),
    seconds: (path: string) => Number(values.get(path)),
    policy: values.get('cpuLimitPolicy'),
  };
}

describe('for every valid profile', () => {
  it('INV-08: a pod has time to end for the longest request that nginx waits for', () => {
    for (const profile of PROFILES) {
      const { pods, seconds } = stackOf(profile);
      const longest = Math.max(seconds('backend.gracefulTimeoutSeconds'), seconds('requestDeadlineSeconds'));
      const grace = pods.get('Deployment/shop-backend')?.terminationGracePeriodSeconds;
      expect(grace).toBeGreaterThanOrEqual(PRE_STOP_SECONDS + longest + 5);
    }
  });

  it('BE-06: gunicorn replaces a worker that hangs before the kubelet restarts all of them', () => {
    for (const profile of PROFILES) {
      const { pods, seconds } = stackOf(profile);
      const probe = pods.get('Deployment/shop-backend')?.containers[0]?.livenessProbe;
      const patience = (probe?.periodSeconds ?? 0) * (probe?.failureThreshold ?? 0);
      expect(patience).toBeGreaterThan(seconds('backend.timeoutSeconds'));
    }
  });

  it('RES-01: no request is above its limit, and a CPU limit is there where the policy has one', () => {
    for (const profile of PROFILES) {
      const { pods, policy } = stackOf(profile);
      for (const [name, pod] of pods) {
        const isLimited = name.startsWith('StatefulSet') || policy === 'Limit';
        for (const container of pod.containers) expectResources(container.resources, isLimited, name);
      }
    }
  });
});

function expectResources({ requests, limits }: Resources, isLimited: boolean, name: string): void {
  expect(bytes(requests.memory ?? ''), name).toBeLessThanOrEqual(bytes(limits.memory ?? ''));
  expect(limits.cpu !== undefined, name).toBe(isLimited);
  if (limits.cpu !== undefined)
    expect(milliCores(requests.cpu ?? ''), name).toBeLessThanOrEqual(milliCores(limits.cpu));
}
