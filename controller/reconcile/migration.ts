import { ROLE_LABEL } from '../../charts/kit/labels.ts';
import { migrateName } from '../../charts/kit/names.ts';
import type { Status } from '../../crds/status.ts';
import type { Stamped } from './desired.ts';
import type { Child, JobState } from './digest.ts';
import type { PodDigest } from './pod-digest.ts';

/** The migration of a profile: which one is wanted and how far it is. */

type MigrationStatus = NonNullable<Status['migration']>;
export type MigrationState = MigrationStatus['state'];

/** A migration Job of the profile as it stands in the cluster. */
export type MigrationJob = Child & { readonly state: JobState };

export const isMigrationStamp = (stamped: Stamped): boolean =>
  stamped.kind === 'Job' && stamped.object.metadata.labels?.[ROLE_LABEL] === 'migrate';

export const isMigrationJob = (child: Child): child is MigrationJob =>
  child.state?.type === 'job' && child.role === 'migrate';

/** Hash of image and command: the end of the Job's name. */
export const migrationHashOf = (profile: string, jobName: string): string =>
  jobName.slice(migrateName(profile, '').length);

/** How far the wanted migration is. A Job that somebody deleted after its success has still succeeded. */
export function migrationStatusOf(
  profile: string,
  wanted: Stamped | undefined,
  children: ReadonlyMap<string, Child>,
  recorded: MigrationStatus | undefined,
): MigrationStatus | undefined {
  if (wanted === undefined) return undefined;
  const hash = migrationHashOf(profile, wanted.object.metadata.name);
  const job = children.get(wanted.ref);
  if (recorded?.hash === hash && recorded.state === 'Succeeded') return { hash, state: 'Succeeded' };
  if (job === undefined || !isMigrationJob(job)) return { hash, state: 'Pending' };
  return { hash, state: stateOf(job) };
}

function stateOf({ state }: MigrationJob): MigrationState {
  if (state.outcome === 'complete') return 'Succeeded';
  if (state.outcome === 'failed') return 'Failed';
  return state.active > 0 ? 'Running' : 'Pending';
}

/** Whether a process of the Job has ever run: from then on, ending it may leave a schema half changed. */
export function hasStarted(job: MigrationJob, pods: readonly PodDigest[]): boolean {
  return pods
    .filter((pod) => pod.job === job.name)
    .some(({ containers }) =>
      containers.some(
        ({ init, startedAt, terminated, last }) =>
          !init && (startedAt !== undefined || terminated !== undefined || last !== undefined),
      ),
    );
}

/** Migrations of earlier revisions that have not ended. */
export function obsoleteRunning(children: ReadonlyMap<string, Child>, wanted: Stamped | undefined): MigrationJob[] {
  return [...children.values()].filter(
    (child): child is MigrationJob =>
      isMigrationJob(child) && child.ref !== wanted?.ref && child.state.outcome === 'open',
  );
}
