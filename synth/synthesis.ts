import type { ConnectionBudget } from '../charts/connections.ts';
import type { EffectiveValue } from '../charts/effective.ts';
import type { Facts } from '../charts/facts.ts';
import type { Finding } from '../charts/findings.ts';
import type { Tier } from '../charts/kit/labels.ts';
import type { DesiredObject } from '../charts/object.ts';
import type { Requirement } from '../charts/requirement.ts';

/**
 * When an object may be applied. `foundation`: at once. `database`: at once, after the foundation.
 * `migration`: when the database answers. `serving`: when the migration has succeeded.
 */
export const STAGES = ['foundation', 'database', 'migration', 'serving'] as const;
export type Stage = (typeof STAGES)[number];

/** A desired object and its place in the order. */
export interface Placed {
  readonly stage: Stage;
  readonly object: DesiredObject;
}

/** All that follows from a profile and the facts. The same bytes offline and in the operator. */
export interface Synthesis {
  /** In the order in which they are applied. */
  readonly objects: readonly Placed[];
  readonly findings: readonly Finding[];
  readonly effective: readonly EffectiveValue[];
  readonly facts: Facts;
  readonly connections: ConnectionBudget | undefined;
  /** Hash of the configuration of each tier that is there (D11). */
  readonly configHashes: Partial<Readonly<Record<Tier, string>>>;
  /** Objects that other people must provide: their absence is reported before anything waits for it. */
  readonly requires: readonly Requirement[];
}
