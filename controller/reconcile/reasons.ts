/**
 * The closed set of reasons: every `reason` in a condition or an event of ours stands here.
 * They are part of the public contract, since people match on them.
 */

/** A profile that cannot be accepted as it is written. */
export const REFUSALS = ['InvalidSpec', 'FindingsUnacknowledged', 'InternalError'] as const;

/** Nothing wrong, only not there yet. */
export const ADVANCES = [
  'Applying',
  'AwaitingRemoval',
  'AwaitingDatabase',
  'AwaitingMigration',
  'Migrating',
  'RollingOut',
  'LoadingConfig',
] as const;

/** Something or somebody has to change before it goes on. */
export const TROUBLES = [
  'NameClash',
  'ApplyRejected',
  'ApplyFailed',
  'Contended',
  'RequirementMissing',
  'CertificateUnusable',
  'VolumePending',
  'MountFailing',
  'PodsRefused',
  'Unschedulable',
  'ImagePullFailing',
  'ContainerConfigFailing',
  'OutOfMemory',
  'CrashLooping',
  'ProbeFailing',
  'Evicted',
  'MigrationFailed',
  'ConfigRefused',
] as const;

/** What conditions say when all is well or when there is nothing to say. */
export const STATES = [
  'Ready',
  'Settled',
  'Progressing',
  'Stalled',
  'Suspended',
  'Accepted',
  'Loaded',
  'NotLoaded',
  'Unproven',
  'NothingPending',
  'ParametersPending',
] as const;

/** Reasons of events that are not conditions. */
export const HAPPENINGS = [
  'Applied',
  'Removed',
  'Restored',
  'MigrationStarted',
  'MigrationSucceeded',
  'Resumed',
] as const;

export type Refusal = (typeof REFUSALS)[number];
export type Advance = (typeof ADVANCES)[number];
export type Trouble = (typeof TROUBLES)[number];
export type Reason = Refusal | Advance | Trouble | (typeof STATES)[number];
export type Happening = Reason | (typeof HAPPENINGS)[number];

const TROUBLE_SET: ReadonlySet<string> = new Set([...REFUSALS, ...TROUBLES]);

/** Whether a reason is worth a Warning event. */
export const isTrouble = (reason: string): boolean => TROUBLE_SET.has(reason);
