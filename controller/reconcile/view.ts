import type { Tier } from '../../charts/kit/labels.ts';
import type { Status } from '../../crds/status.ts';
import type { Stage } from '../../synth/synthesis.ts';
import type { Proof } from '../probe/proof.ts';
import type { Child } from './digest.ts';
import { migrationStatusOf, obsoleteRunning } from './migration.ts';
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
  if (stage === 'foundation' || stage === 'database') return undefined;
  const wait = databaseWait(view) ?? requirementWait(view) ?? obsoleteWait(view);
  return stage === 'migration' ? wait : (wait ?? migrationWait(view));
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
