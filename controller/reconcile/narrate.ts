import { knobsOf } from '../../crds/knob.ts';
import { specSchema } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import type { EventNote } from '../cluster/events.ts';
import { conditionOf } from './conditions.ts';
import { isRepair } from './plan.ts';
import { type Happening, isTrouble } from './reasons.ts';
import type { Result } from './result.ts';

/** The story of a pass, for `kubectl describe`: one event for each transition, none at rest. */

const CHANGE_CLASSES = new Map(knobsOf(specSchema).map(({ path, knob }) => [path, knob.change]));
/** More would not fit and would not be read. */
const TOLD_AT_MOST = 6;

/** What changed between two statuses, and what was done for it. Pure. */
export function narrate(before: Status, after: Status, results: readonly Result[]): EventNote[] {
  return [
    ...appliedNotes(before, after, results),
    ...removedNotes(results),
    ...migrationNotes(before, after),
    ...resumedNotes(before, after),
    ...readinessNotes(before, after),
    ...stalledNotes(before, after),
  ];
}

const note = (type: EventNote['type'], reason: Happening, action: string, text: string): EventNote => ({
  type,
  reason,
  action,
  note: text,
});

function appliedNotes(before: Status, after: Status, results: readonly Result[]): EventNote[] {
  const applied = results.filter(({ outcome, why }) => outcome === 'applied' && why !== 'unproven');
  const repaired = applied.filter((result) => isRepair(result, before.applied)).map(({ ref }) => ref);
  const sent = applied.filter((result) => !isRepair(result, before.applied)).map(({ ref }) => ref);
  const changes = changedValues(before, after);
  const what = changes.length === 0 || before.effective === undefined ? '' : `${few(changes)}; `;
  return [
    ...(sent.length === 0
      ? []
      : [note('Normal', 'Applied', 'Apply', `revision ${after.revision ?? 0}: ${what}sent ${few(sent)}`)]),
    ...(repaired.length === 0
      ? []
      : [note('Normal', 'Restored', 'Apply', `deleted or changed by somebody else: ${few(repaired)}`)]),
  ];
}

/** `backend.workers 4 → 2 (rolling)` for each value in force that changed. */
function changedValues(before: Status, after: Status): string[] {
  const old = new Map((before.effective ?? []).map(({ path, value }) => [path, value]));
  return (after.effective ?? []).flatMap(({ path, value }) => {
    const was = old.get(path);
    if (was === value) return [];
    const change = CHANGE_CLASSES.get(path);
    return [`${path} ${was ?? 'unset'} → ${value}${change === undefined ? '' : ` (${change})`}`];
  });
}

function removedNotes(results: readonly Result[]): EventNote[] {
  const removed = results.filter(({ outcome }) => outcome === 'removed').map(({ ref }) => ref);
  return removed.length === 0 ? [] : [note('Normal', 'Removed', 'Prune', `no longer needed: ${few(removed)}`)];
}

function migrationNotes(before: Status, after: Status): EventNote[] {
  const { migration } = after;
  const same = before.migration?.hash === migration?.hash;
  if (migration === undefined || (same && before.migration?.state === migration.state)) return [];
  const what = `migration ${migration.hash}`;
  if (migration.state === 'Succeeded') return [note('Normal', 'MigrationSucceeded', 'Migrate', `${what} is done`)];
  if (migration.state === 'Running') return [note('Normal', 'MigrationStarted', 'Migrate', `${what} is running`)];
  return [];
}

function resumedNotes(before: Status, after: Status): EventNote[] {
  const [was, is] = [before, after].map(({ conditions }) => conditionOf(conditions, 'Ready')?.reason);
  if (was !== 'Suspended' || is === undefined || is === 'Suspended') return [];
  return [note('Normal', 'Resumed', 'Resume', 'suspended no longer: edits and repairs take effect again')];
}

function readinessNotes(before: Status, after: Status): EventNote[] {
  const was = conditionOf(before.conditions, 'Ready');
  const is = conditionOf(after.conditions, 'Ready');
  if (is === undefined || (was?.status === is.status && was.reason === is.reason)) return [];
  if (is.reason === 'Suspended') return [note('Normal', 'Suspended', 'Suspend', is.message)];
  if (is.status === 'True') return [note('Normal', 'Ready', 'Reconcile', is.message)];
  return isTrouble(is.reason) ? [note('Warning', is.reason as Happening, 'Reconcile', is.message)] : [];
}

function stalledNotes(before: Status, after: Status): EventNote[] {
  const was = conditionOf(before.conditions, 'Stalled');
  const is = conditionOf(after.conditions, 'Stalled');
  const ready = conditionOf(after.conditions, 'Ready');
  if (is?.status !== 'True' || was?.status === 'True') return [];
  // A stall that comes together with its trouble was told already.
  const told = conditionOf(before.conditions, 'Ready')?.reason !== ready?.reason;
  return told ? [] : [note('Warning', 'Stalled', 'Reconcile', is.message)];
}

function few(items: readonly string[]): string {
  const shown = items.slice(0, TOLD_AT_MOST).join(', ');
  return items.length > TOLD_AT_MOST ? `${shown} and ${items.length - TOLD_AT_MOST} more` : shown;
}
