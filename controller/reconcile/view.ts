import { TIER_LABEL, type Tier } from '../../charts/kit/labels.ts';
import type { Status } from '../../crds/status.ts';
import type { Stage } from '../../synth/synthesis.ts';
import type { Proof } from '../probe/proof.ts';
import type { Stamped } from './desired.ts';
import { type Child, refOf } from './digest.ts';
import { hasStarted, isMigrationJob, migrationStatusOf, obsoleteRunning } from './migration.ts';
import type { Needs, Warning } from './observed.ts';
import type { Plan } from './plan.ts';
import type { PodDigest } from './pod-digest.ts';
import type { Advance } from './reasons.ts';
import { isRolledOut, isWorkload } from './rollout.ts';

/** The stack at one moment of a pass: what was observed, with what was written since laid over it. */
export interface View {
  readonly profile: string;
  readonly plan: Plan;
  readonly needs: Needs;
  readonly children: ReadonlyMap<string, Child>;
  readonly pods: readonly PodDigest[];
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly warnings: readonly Warning[];
  readonly configHashes: Partial<Readonly<Record<Tier, string>>>;
  readonly recorded: Status;
  readonly now: Date;
}

/** Why a stage has to wait. */
export interface Wait {
  readonly reason: Advance | 'RequirementMissing';
  /** What it waits for, without anything that changes while it waits. */
  readonly waitingFor: string;
}

/** Whether a stage may be applied; undefined: it may. */
export function stageWait(stage: Stage, view: View): Wait | undefined {
  if (stage === 'foundation') return undefined;
  const held = heldDatabaseWait(view);
  if (held !== undefined || stage === 'database') return held;
  const wait = databaseWait(view) ?? requirementWait(view) ?? credentialsWait(view) ?? obsoleteWait(view);
  return stage === 'migration' ? wait : (wait ?? migrationWait(view));
}

/** What makes pods that could not start: a tier whose certificate will not do. What runs of it keeps running. */
export function isHeldBack({ kind, object }: Stamped, { needs }: Pick<View, 'needs'>): boolean {
  const tier = object.metadata.labels?.[TIER_LABEL];
  return kind === 'Deployment' && needs.unusable.some(({ requirement }) => requirement.path.split('.')[0] === tier);
}

/** A database that goes down under a migration ends it half way. */
export function heldDatabaseWait({ plan, children, pods }: View): Wait | undefined {
  const changes = plan.applies.some(
    ({ stamped, why }) => stamped.kind === 'StatefulSet' && why !== 'unproven' && children.has(stamped.ref),
  );
  if (!changes) return undefined;
  const running = [...children.values()].find(
    (child) => isMigrationJob(child) && child.state.outcome === 'open' && hasStarted(child, pods),
  );
  return running === undefined ? undefined : { reason: 'AwaitingMigration', waitingFor: running.ref };
}

/** Of a Secret that was made in this pass only the next one knows the version, which the backend's pods must carry. */
export function credentialsWait({ needs }: View): Wait | undefined {
  const [first] = needs.absentSecrets;
  return first === undefined ? undefined : { reason: 'Applying', waitingFor: refOf('Secret', first) };
}

/** The database of this very template serves. One that is not ours is taken for granted: its users will tell. */
function databaseWait({ plan, children }: View): Wait | undefined {
  const waiting = plan.desired.find(({ stage, ref }) => {
    if (stage !== 'database') return false;
    const child = children.get(ref);
    return child === undefined || (isWorkload(child) && !isRolledOut(child));
  });
  return waiting === undefined ? undefined : { reason: 'AwaitingDatabase', waitingFor: waiting.ref };
}

function requirementWait({ needs }: View): Wait | undefined {
  const [first] = needs.missing;
  if (first === undefined) return undefined;
  const { kind, name } = first.requirement;
  return { reason: 'RequirementMissing', waitingFor: `${kind}/${name}` };
}

/** Two migrations at once would be one too many. */
function obsoleteWait({ plan, children }: View): Wait | undefined {
  const [running] = obsoleteRunning(children, plan.migration);
  return running === undefined ? undefined : { reason: 'AwaitingMigration', waitingFor: running.ref };
}

function migrationWait(view: View): Wait | undefined {
  const { plan } = view;
  if (plan.migration === undefined || migrationOf(view)?.state === 'Succeeded') return undefined;
  return { reason: 'Migrating', waitingFor: plan.migration.ref };
}

/** How far the wanted migration is, after what this pass has done. */
export const migrationOf = (view: View): Status['migration'] =>
  migrationStatusOf(view.profile, view.plan.migration, view.children, view.recorded.migration);
