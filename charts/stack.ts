import type { Profile, Spec } from '../crds/performance-profile.ts';
import type { Effective, KnobPath, KnobValue } from './effective.ts';
import type { Facts } from './facts.ts';

/** What every tier's chart is built from. Pure data. */
export interface Stack {
  readonly name: string;
  readonly namespace: string;
  readonly spec: Spec;
  readonly facts: Facts;
  readonly effective: Effective;
  /** Shorthand for `effective.value`. */
  readonly value: <P extends KnobPath>(path: P) => KnobValue<P>;
}

export function stackOf(profile: Profile, facts: Facts, effective: Effective): Stack {
  return {
    name: profile.metadata.name,
    namespace: profile.metadata.namespace,
    spec: profile.spec,
    facts,
    effective,
    value: (path) => effective.value(path),
  };
}

/** Values that have no knob of their own, with their defaults, so that no default is written twice. */
export const backendApp = (spec: Spec): string => spec.backend.app ?? 'main:app';
export const backendPort = (spec: Spec): number => spec.backend.port ?? 8000;
export const backendPaths = (spec: Spec): readonly string[] => spec.backend.paths ?? ['/api/'];
export const backendHealthPath = (spec: Spec): string => spec.backend.healthPath ?? '/health';
export const backendUser = (spec: Spec): number => spec.backend.runAsUser ?? 1000;
export const frontendPort = (spec: Spec): number => spec.frontend?.port ?? 3000;
export const frontendHealthPath = (spec: Spec): string => spec.frontend?.healthPath ?? '/';
export const MANAGED = 'Managed';
export const postgresManaged = (spec: Spec): boolean => (spec.postgres.mode ?? MANAGED) === MANAGED;
