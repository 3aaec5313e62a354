import { syncOf } from './config-sync.ts';
import { isMigrationJob } from './migration.ts';
import type { Missing } from './observed.ts';
import type { TroubleReport } from './pod-trouble.ts';
import type { Advance, Trouble } from './reasons.ts';
import type { Result } from './result.ts';
import { isRolledOut, isWorkload, shortfall, type Workload } from './rollout.ts';
import { migrationTrouble, workloadTrouble } from './trouble.ts';
import { credentialsWait, heldDatabaseWait, migrationOf, stageWait, type View } from './view.ts';

/** Where a stack stands: the first thing in the order of the stages that is not as it should be. */
export interface Situation {
  readonly reason: Advance | Trouble;
  readonly message: string;
  /** Names the wait without anything that changes during it: the deadline is counted from its beginning. */
  readonly waitingFor: string;
  /** Will not mend itself however long one waits. */
  readonly terminal?: boolean | undefined;
  /** On top of the ordinary deadline: a migration has one of its own. */
  readonly extraMs?: number | undefined;
  /** Instead of the ordinary deadline where that is longer: the second refusal says as much as the hundredth. */
  readonly limitMs?: number | undefined;
}

/** The loop tries a rejected object again after about this time. */
const REJECTED_LIMIT_MS = 30_000;

/** All that a situation is judged by. */
export interface SituationInput {
  readonly view: View;
  readonly results: readonly Result[];
  /** How long a migration may run, by its own deadline. */
  readonly migrationTimeoutMs: number;
}

/** The first thing that is not as it should be; undefined: all is well. Pure. */
export function situationOf(input: SituationInput): Situation | undefined {
  return (
    refusedSituation(input) ??
    contendedSituation(input) ??
    leavingSituation(input.view) ??
    missingSituation(input.view) ??
    certificateSituation(input.view) ??
    databaseSituation(input.view) ??
    heldDatabaseSituation(input) ??
    migrationSituation(input) ??
    credentialsSituation(input.view) ??
    pendingSituation(input.view) ??
    rolloutSituation(input.view) ??
    configSituation(input.view)
  );
}

/** What the API server would not have, or what is somebody else's. */
function refusedSituation({ view, results }: SituationInput): Situation | undefined {
  const [clash] = view.plan.clashes;
  const met = results.find(({ outcome }) => outcome === 'clash');
  if (clash !== undefined) return clashSituation(clash.ref, clash.message);
  if (met !== undefined) return clashSituation(met.ref, met.message);
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const [first] = failed;
  if (first === undefined) return undefined;
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  // It moved while we looked: the next look will tell.
  const stale = failed.every(({ failure }) => failure?.kind === 'Stale');
  const rejected = first.failure?.kind === 'Rejected' || first.failure?.kind === 'FieldConflict';
  return {
    reason: stale ? 'Applying' : rejected ? 'ApplyRejected' : 'ApplyFailed',
    message: `${first.ref}: ${first.message}${more}`,
    waitingFor: `apply of ${first.ref}`,
    ...(rejected ? { limitMs: REJECTED_LIMIT_MS } : {}),
  };
}

const clashSituation = (ref: string, message: string): Situation => ({
  reason: 'NameClash',
  message: `${ref}: ${message}; rename or remove it, or rename the profile`,
  waitingFor: `name of ${ref}`,
});

/** Somebody else undoes what we do. All other objects are worked on as ever. */
function contendedSituation({ results }: SituationInput): Situation | undefined {
  const contended = results.filter(({ outcome }) => outcome === 'contended');
  const [first] = contended;
  if (first === undefined) return undefined;
  const more = contended.length > 1 ? ` (and ${contended.length - 1} more)` : '';
  return {
    reason: 'Contended',
    message: `${first.ref}: ${first.message}${more}`,
    waitingFor: `${first.ref} to be left alone`,
    limitMs: REJECTED_LIMIT_MS,
  };
}

function leavingSituation({ plan }: View): Situation | undefined {
  const [first] = plan.leaving;
  if (first === undefined) return undefined;
  return {
    reason: 'AwaitingRemoval',
    message: `${first.ref} is being deleted and will be made again`,
    waitingFor: `removal of ${first.ref}`,
  };
}

function missingSituation({ needs }: View): Situation | undefined {
  const [first] = needs.missing;
  if (first === undefined) return undefined;
  const message = needs.missing.map(describeMissing).join('; ');
  return {
    reason: 'RequirementMissing',
    message,
    waitingFor: `${first.requirement.kind}/${first.requirement.name}`,
  };
}

function describeMissing({ requirement, keys }: Missing): string {
  const { kind, name, path } = requirement;
  const wanted = requirement.keys.length === 0 ? '' : ` with ${listOf(requirement.keys)}`;
  if (keys === undefined) return `${kind} ${name} is missing: spec.${path} needs it${wanted}`;
  return `${kind} ${name} lacks ${listOf(keys)}, which spec.${path} needs`;
}

const listOf = (keys: readonly string[]): string => `the key${keys.length === 1 ? '' : 's'} ${keys.join(', ')}`;

function certificateSituation({ needs }: View): Situation | undefined {
  const [first] = needs.unusable;
  if (first === undefined) return undefined;
  const told = needs.unusable.map(
    ({ requirement: { kind, name, path }, problem }) => `${kind} ${name}, which spec.${path} names: ${problem}`,
  );
  return {
    reason: 'CertificateUnusable',
    message: `${told.join('; ')}. Put a valid pair into it; until then its pods are left as they are`,
    waitingFor: `pair of ${first.requirement.kind}/${first.requirement.name}`,
  };
}

/** A change of the database that a running migration holds up. */
function heldDatabaseSituation({ view, migrationTimeoutMs }: SituationInput): Situation | undefined {
  const wait = heldDatabaseWait(view);
  if (wait === undefined) return undefined;
  const message = `${wait.waitingFor} is running; the database is changed when it has ended`;
  return { reason: 'AwaitingMigration', message, waitingFor: wait.waitingFor, extraMs: migrationTimeoutMs };
}

function credentialsSituation(view: View): Situation | undefined {
  const wait = credentialsWait(view);
  if (wait === undefined) return undefined;
  return { reason: 'Applying', message: `${wait.waitingFor} was not there`, waitingFor: `apply of ${wait.waitingFor}` };
}

function databaseSituation(view: View): Situation | undefined {
  const workload = workloadsIn(view, 'database').find(({ child }) => child === undefined || !isRolledOut(child));
  return workload === undefined ? undefined : workloadSituation(workload, view, 'AwaitingDatabase');
}

function migrationSituation({ view, migrationTimeoutMs }: SituationInput): Situation | undefined {
  const { migration } = view.plan;
  const status = migrationOf(view);
  if (migration === undefined || status === undefined || status.state === 'Succeeded') return undefined;
  const waitingFor = migration.ref;
  const wait = stageWait('migration', view);
  if (wait !== undefined && wait.reason === 'AwaitingMigration') {
    const message = `${wait.waitingFor} of an earlier revision is still running; the next one follows it`;
    return { reason: 'AwaitingMigration', message, waitingFor: wait.waitingFor, extraMs: migrationTimeoutMs };
  }
  const job = view.children.get(migration.ref);
  if (job === undefined || !isMigrationJob(job)) {
    return { reason: 'Migrating', message: `${migration.ref} is about to start`, waitingFor };
  }
  const trouble = migrationTrouble(job, view);
  if (status.state === 'Failed') {
    const message = `${migration.ref} failed: ${trouble?.message ?? job.state.failure ?? 'no reason was given'}. The backend was not changed. To run it again, mend the cause and delete the Job, or change backend.image or backend.migrate`;
    return { reason: 'MigrationFailed', message, waitingFor, terminal: true };
  }
  if (trouble !== undefined) return troubled(trouble, waitingFor);
  return { reason: 'Migrating', message: `${migration.ref} is running`, waitingFor, extraMs: migrationTimeoutMs };
}

/** Desired, sent to nobody yet, and no gate to blame: the next pass sends it. */
function pendingSituation(view: View): Situation | undefined {
  const absent = view.plan.desired.find(({ ref, kind }) => kind !== 'Job' && view.children.get(ref) === undefined);
  if (absent === undefined) return undefined;
  return { reason: 'Applying', message: `${absent.ref} is not there yet`, waitingFor: `apply of ${absent.ref}` };
}

function rolloutSituation(view: View): Situation | undefined {
  const behind = workloadsIn(view, 'serving').filter(({ child }) => child === undefined || !isRolledOut(child));
  const situations = behind.map((workload) => workloadSituation(workload, view, 'RollingOut'));
  // One that is stuck says more than one that is on its way.
  const [first] = [...situations.filter(({ reason }) => reason !== 'RollingOut'), ...situations];
  return first;
}

interface WantedWorkload {
  readonly ref: string;
  readonly child: Workload | undefined;
}

function workloadsIn({ plan, children }: View, stage: 'database' | 'serving'): WantedWorkload[] {
  return plan.desired
    .filter((stamped) => stamped.stage === stage && (stamped.kind === 'Deployment' || stamped.kind === 'StatefulSet'))
    .map(({ ref }) => {
      const child = children.get(ref);
      return { ref, child: child !== undefined && isWorkload(child) ? child : undefined };
    });
}

function workloadSituation({ ref, child }: WantedWorkload, view: View, reason: Advance): Situation {
  if (child === undefined) return { reason, message: `${ref} is about to be made`, waitingFor: ref };
  const trouble = workloadTrouble(child, view);
  if (trouble !== undefined) return troubled(trouble, ref);
  return { reason, message: `${child.tier ?? ref}: ${shortfall(child)}`, waitingFor: ref };
}

const troubled = ({ reason, object, message }: TroubleReport, waitingFor: string): Situation => ({
  reason,
  message: `${object}: ${message}`,
  waitingFor,
});

/** The process may still speak of a configuration before this one: younger than this, its refusal proves nothing. */
const REFUSAL_GRACE_MS = 4_000;

function configSituation(view: View): Situation | undefined {
  const behind = syncOf(view).filter(({ state }) => state !== 'loaded');
  const first = behind.find(({ state }) => state === 'refused') ?? behind[0];
  if (first === undefined) return undefined;
  const waitingFor = `configuration ${first.desired} in ${first.tier}`;
  const { progress } = view.recorded;
  const since = progress?.waitingFor === waitingFor ? Date.parse(progress.since) : view.now.getTime();
  const refused = first.state === 'refused' && view.now.getTime() - since >= REFUSAL_GRACE_MS;
  return {
    reason: refused ? 'ConfigRefused' : 'LoadingConfig',
    message:
      first.loaded === first.desired
        ? `${first.tier}: ${first.why}`
        : `${first.tier}: configuration ${first.desired} is not loaded: ${first.why}`,
    waitingFor,
  };
}
