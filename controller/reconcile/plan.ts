import { KIND } from '../../crds/group.ts';
import type { Status } from '../../crds/status.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import { DATA_KINDS, type Owner, type Stamped, stamp } from './desired.ts';
import { type Child, isOwnedBy } from './digest.ts';
import { APPLIED_KINDS } from './kinds.ts';
import type { AppliedRecord } from './memory.ts';
import { hasStarted, isMigrationJob, isMigrationStamp, migrationStatusOf, obsoleteRunning } from './migration.ts';
import type { PodDigest } from './pod-digest.ts';

/** Why an object is sent. */
export type Why =
  /** It is not there. */
  | 'missing'
  /** It was sent with another content. */
  | 'changed'
  /** Somebody took fields of ours. */
  | 'drifted'
  /** It looks right, but nothing is recorded of what was sent. */
  | 'unproven';

/** Whether to send an object undoes what somebody else did to it. `applied`: what the status before says was sent. */
export function isRepair({ why, ref }: { why?: Why | undefined; ref: string }, applied: Status['applied']): boolean {
  return why === 'drifted' || (why === 'missing' && (applied ?? []).some(({ object }) => object === ref));
}

/** An object to be sent. */
export interface Apply {
  readonly stamped: Stamped;
  readonly why: Why;
}

/** An object of the name that is not ours to touch. */
export interface Clash {
  readonly ref: string;
  readonly message: string;
}

/** All that a pass would do, decided before anything is done. */
export interface Plan {
  /** Everything that is desired, in the order in which it is applied. */
  readonly desired: readonly Stamped[];
  readonly applies: readonly Apply[];
  readonly clashes: readonly Clash[];
  /** Objects of a profile that is gone, or being deleted: their names are free in a moment. */
  readonly leaving: readonly Child[];
  /** Jobs in the way of the wanted migration: made from another template, and failed or never started. */
  readonly discards: readonly Child[];
  /** Ours and no longer desired. Removed when the new revision serves, since the old one may need them until then. */
  readonly prunes: readonly Child[];
  readonly migration: Stamped | undefined;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly owner: Owner;
  readonly synthesis: Pick<Synthesis, 'objects'>;
  readonly children: ReadonlyMap<string, Child>;
  readonly pods: readonly PodDigest[];
  readonly applied: ReadonlyMap<string, AppliedRecord>;
  readonly recorded: Status['migration'];
  /** Version of the application's Secret. */
  readonly credentials?: string | undefined;
}

type Fate =
  | { readonly kind: 'skip' }
  | { readonly kind: 'apply'; readonly why: Why }
  | { readonly kind: 'leaving'; readonly child: Child }
  | { readonly kind: 'clash'; readonly message: string };

/** Compares what should be with what is. Pure. */
export function planChanges(input: PlanInput): Plan {
  const desired = input.synthesis.objects.map((placed) => stamp(placed, input.owner, input.credentials));
  const migration = desired.find(isMigrationStamp);
  const fates = desired.map((stamped) => ({ stamped, fate: fateOf(stamped, input) }));
  return {
    desired,
    migration,
    applies: fates.flatMap(({ stamped, fate }) => (fate.kind === 'apply' ? [{ stamped, why: fate.why }] : [])),
    clashes: fates.flatMap(({ stamped, fate }) =>
      fate.kind === 'clash' ? [{ ref: stamped.ref, message: fate.message }] : [],
    ),
    leaving: fates.flatMap(({ fate }) => (fate.kind === 'leaving' ? [fate.child] : [])),
    discards: discardsOf(input, migration),
    prunes: prunesOf(input, desired),
  };
}

function fateOf(stamped: Stamped, input: PlanInput): Fate {
  const child = input.children.get(stamped.ref);
  if (isMigrationStamp(stamped) && migrationIsThere(stamped, child, input)) return { kind: 'skip' };
  if (child === undefined) return { kind: 'apply', why: 'missing' };
  const stranger = strangerOf(child, input.owner);
  if (stranger !== undefined) return { kind: 'clash', message: stranger };
  if (child.deleting || isOfPredecessor(child, input.owner)) return { kind: 'leaving', child };
  if (child.desiredHash !== stamped.desired) return { kind: 'apply', why: 'changed' };
  const record = input.applied.get(stamped.ref);
  if (record?.desired !== stamped.desired) return { kind: 'apply', why: 'unproven' };
  return record.owned === child.ownedHash ? { kind: 'skip' } : { kind: 'apply', why: 'drifted' };
}

/** A migration is run once: what has run, runs, or has failed with this very template is never sent again. */
function migrationIsThere(stamped: Stamped, child: Child | undefined, input: PlanInput): boolean {
  if (child !== undefined && isMigrationJob(child) && isOwnedBy(child, input.owner.uid)) return !child.deleting;
  const status = migrationStatusOf(input.owner.name, stamped, input.children, input.recorded);
  return status?.state === 'Succeeded';
}

/** Why an object is not ours to touch; undefined: it is. */
export function strangerOf(child: Child, owner: Owner): string | undefined {
  // By its owner, even if somebody took its labels away: applying puts them back.
  if (isOwnedBy(child, owner.uid) || isUnlabelledData(child, owner)) return undefined;
  if (!child.managed) return 'it exists and is not managed by pitcrew';
  if (child.owner === undefined) {
    return child.profile === owner.name ? undefined : `it belongs to the profile ${child.profile ?? '(unnamed)'}`;
  }
  const isProfile = child.owner.kind === KIND;
  if (isProfile && child.owner.name === owner.name) return undefined;
  return `it is controlled by ${child.owner.kind} ${child.owner.name}`;
}

/** What holds data has no owner: that we have applied it, and that it names us, says whose it is without the label. */
const isUnlabelledData = (child: Child, owner: Owner): boolean =>
  DATA_KINDS.has(child.kind) &&
  child.owner === undefined &&
  child.profile === owner.name &&
  child.ownedHash !== undefined;

/** Of a deleted profile of the same name: garbage collection is about to take it. */
const isOfPredecessor = (child: Child, owner: Owner): boolean =>
  child.owner?.kind === KIND && child.owner.name === owner.name && child.owner.uid !== owner.uid;

function discardsOf(input: PlanInput, migration: Stamped | undefined): Child[] {
  const current = migration === undefined ? undefined : input.children.get(migration.ref);
  const isOutdated =
    current !== undefined &&
    isMigrationJob(current) &&
    current.desiredHash !== migration?.desired &&
    (current.state.outcome === 'failed' || (current.state.outcome === 'open' && !hasStarted(current, input.pods)));
  const neverStarted = obsoleteRunning(input.children, migration).filter((job) => !hasStarted(job, input.pods));
  return [...(isOutdated ? [current] : []), ...neverStarted].filter(
    (child) => isOwnedBy(child, input.owner.uid) && !child.deleting,
  );
}

/** Kinds that the applier makes. Anything else with our label was made by somebody else, or has a life of its own. */
const PRUNED_KINDS: ReadonlySet<string> = new Set(APPLIED_KINDS);

function prunesOf({ children, owner }: PlanInput, desired: readonly Stamped[]): Child[] {
  const wanted = new Set(desired.map(({ ref }) => ref));
  return [...children.values()].filter(
    (child) =>
      !wanted.has(child.ref) &&
      PRUNED_KINDS.has(child.kind) &&
      !DATA_KINDS.has(child.kind) &&
      child.managed &&
      child.profile === owner.name &&
      isOwnedBy(child, owner.uid) &&
      !child.deleting,
  );
}
