import type { Profile } from '../../crds/performance-profile.ts';
import type { Condition, Status } from '../../crds/status.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { Outcome } from '../loop/outcome.ts';
import { type Claim, settleConditions, timestamp } from './conditions.ts';
import { syncOf, type TierSync } from './config-sync.ts';
import type { Child } from './digest.ts';
import type { Gate } from './gate.ts';
import { outcomeOf } from './outcome.ts';
import { isRepair } from './plan.ts';
import { processKey } from './pod-digest.ts';
import type { Result } from './result.ts';
import { type Situation, situationOf } from './situation.ts';
import {
  configStatus,
  factsStatus,
  findingStatus,
  type InForce,
  inForceOf,
  tiersOf,
  withoutUndefined,
} from './status-parts.ts';
import { migrationOf, type View } from './view.ts';

/** What a pass knows at its end. */
export interface Judged {
  readonly gate: Gate;
  readonly generation: number;
  readonly now: Date;
  readonly stallAfterMs: number;
  readonly before: Status;
  /** The request that this pass answers. */
  readonly request?: string | undefined;
  readonly children: ReadonlyMap<string, Child>;
  /** Undefined when the profile did not pass its schema. */
  readonly made:
    | {
        readonly profile: Profile;
        readonly synthesis: Synthesis;
        readonly view: View;
        readonly results: readonly Result[];
        readonly inForce: InForce;
      }
    | undefined;
}

/** What a pass says, and when the profile comes again. */
export interface Judgement {
  readonly status: Status;
  readonly outcome: Outcome;
}

type Made = NonNullable<Judged['made']>;

const MIGRATION_TIMEOUT_SECONDS = 600;

/** Conditions, summaries and the outcome, from what was observed and done. Pure. */
export function judge(judged: Judged): Judgement {
  const { gate, made } = judged;
  if (gate.kind === 'open') {
    if (made === undefined) throw new Error('a profile that cannot be read has passed the gate');
    return judgeOpen(judged, made);
  }
  const claims = gate.kind === 'refused' ? refusedClaims(gate, judged) : suspendedClaims(gate, judged);
  const { progress: _, ...kept } = judged.before;
  const facts = gate.kind === 'suspended' && made !== undefined ? { facts: factsStatus(made.synthesis.facts) } : {};
  const status = { ...kept, ...facts, ...findingsPart(made), ...observedPart(judged, claims) };
  return { status: withoutUndefined(status), outcome: outcomeOf({ gate, results: [] }) };
}

function judgeOpen(judged: Judged, made: Made): Judgement {
  const { view, results } = made;
  const timeoutSeconds = made.profile.spec.backend.migrate?.timeoutSeconds ?? MIGRATION_TIMEOUT_SECONDS;
  const situation = situationOf({ view, results, migrationTimeoutMs: timeoutSeconds * 1000 });
  const progress = situation === undefined || situation.terminal ? undefined : progressOf(situation, judged);
  const waitedMs = progress === undefined ? 0 : judged.now.getTime() - Date.parse(progress.since);
  const stalled = situation !== undefined && isStalled(situation, waitedMs, judged.stallAfterMs);
  const syncs = syncOf(view);
  const claims = [
    ...readinessClaims(situation, stalled, judged, made),
    { type: 'Valid', status: 'True', reason: 'Accepted', message: validMessage(made) } as const,
    syncClaim(syncs),
    restartClaim(view),
  ];
  const status: Status = {
    ...inForceOf(made.synthesis, made.inForce, judged.generation),
    config: configStatus(syncs),
    migration: migrationOf(view),
    progress,
    ...findingsPart(made),
    ...observedPart(judged, claims),
  };
  const outcome = outcomeOf({ gate: judged.gate, results, situation, stalled, waitedMs });
  return { status: withoutUndefined(status), outcome };
}

function observedPart(
  judged: Judged,
  claims: readonly Claim[],
): Pick<Status, 'observedGeneration' | 'lastHandledRequest' | 'conditions' | 'tiers'> {
  const { generation, now, before, request } = judged;
  return {
    observedGeneration: generation,
    lastHandledRequest: request ?? before.lastHandledRequest,
    conditions: settleConditions(claims, before.conditions ?? [], { generation, now }),
    tiers: tiersOf(judged.children),
  };
}

const findingsPart = (made: Made | undefined): Pick<Status, 'findings'> =>
  made === undefined ? {} : { findings: made.synthesis.findings.map(findingStatus) };

/** A wait goes on while the same thing is waited for on behalf of the same generation; it survives a restart. */
function progressOf(situation: Situation, { before, generation, now }: Judged): NonNullable<Status['progress']> {
  const same = before.progress?.waitingFor === situation.waitingFor && before.observedGeneration === generation;
  const since = same ? before.progress?.since : undefined;
  return { waitingFor: situation.waitingFor, since: since ?? timestamp(now) };
}

function isStalled(situation: Situation, waitedMs: number, stallAfterMs: number): boolean {
  if (situation.terminal === true) return true;
  const deadlineMs = Math.min(stallAfterMs, situation.limitMs ?? stallAfterMs) + (situation.extraMs ?? 0);
  return waitedMs >= deadlineMs;
}

function readinessClaims(situation: Situation | undefined, stalled: boolean, judged: Judged, made: Made): Claim[] {
  const tiers = tellTiers(judged.children);
  if (situation === undefined) {
    const message = `revision ${made.inForce.revision}: ${tiers}; configuration loaded everywhere`;
    return [
      { type: 'Ready', status: 'True', reason: 'Ready', message },
      { type: 'Reconciling', status: 'False', reason: 'Settled', message: 'nothing left to do' },
      { type: 'Stalled', status: 'False', reason: 'Settled', message: 'nothing is waited for' },
    ];
  }
  const { reason, message } = situation;
  const gaveUp = situation.terminal === true ? message : `no progress for too long: ${message}`;
  return [
    { type: 'Ready', status: 'False', reason, message: tiers === '' ? message : `${message} (${tiers})` },
    stalled
      ? { type: 'Reconciling', status: 'False', reason: 'Stalled', message: 'waiting for the cause to go away' }
      : { type: 'Reconciling', status: 'True', reason, message },
    stalled
      ? { type: 'Stalled', status: 'True', reason, message: gaveUp }
      : { type: 'Stalled', status: 'False', reason: 'Progressing', message: 'within its deadline' },
  ];
}

function validMessage({ synthesis }: Made): string {
  const { findings } = synthesis;
  if (findings.length === 0) return 'no findings';
  const counted = findings.map(({ id, acknowledged }) => (acknowledged ? `${id} (acknowledged)` : id));
  return `admitted with findings: ${[...new Set(counted)].join(', ')}`;
}

function refusedClaims(gate: Extract<Gate, { kind: 'refused' }>, judged: Judged): Claim[] {
  const { reason, message } = gate;
  const wayOut = gate.waitsForRoom === true ? 'there is room or the profile is edited' : 'the profile is edited';
  const tiers = tellTiers(judged.children);
  const running = tiers === '' ? '' : `. What ran before keeps running: ${tiers}`;
  return [
    { type: 'Ready', status: 'False', reason, message: `${message}${running}` },
    { type: 'Reconciling', status: 'False', reason, message: `nothing is changed until ${wayOut}` },
    { type: 'Stalled', status: 'True', reason, message },
    { type: 'Valid', status: 'False', reason, message },
    ...keptClaims(judged.before),
  ];
}

function suspendedClaims({ by }: Extract<Gate, { kind: 'suspended' }>, judged: Judged): Claim[] {
  const { made } = judged;
  const lacks = made === undefined ? 'nothing is known of what is wanted' : suspendedLack(made, judged);
  const tiers = tellTiers(judged.children) || 'nothing runs';
  const message = lacks === undefined ? tiers : `${lacks} (${tiers})`;
  return [
    {
      type: 'Ready',
      status: lacks === undefined ? 'True' : 'False',
      reason: 'Suspended',
      message: `suspended by ${by}, nothing is changed: ${message}`,
    },
    { type: 'Reconciling', status: 'False', reason: 'Suspended', message: `suspended by ${by}` },
    { type: 'Stalled', status: 'False', reason: 'Suspended', message: `suspended by ${by}` },
    { type: 'Valid', status: 'True', reason: 'Accepted', message: made === undefined ? '' : validMessage(made) },
    ...keptClaims(judged.before),
  ];
}

/** What is not as the profile wants it, and stays so until it is resumed; undefined: all is in place and serves. */
function suspendedLack({ view, results }: Made, { before, generation }: Judged): string | undefined {
  const { applies, prunes } = view.plan;
  // What only lacks a record is as it should be.
  const unsent = applies.flatMap(({ why, stamped: { ref } }) => (why === 'unproven' ? [] : [{ why, ref }]));
  const edited = unsent.filter((one) => !isRepair(one, before.applied)).map(({ ref }) => ref);
  const byHand = unsent.filter((one) => isRepair(one, before.applied)).map(({ ref }) => ref);
  const lacks = [
    ...(edited.length === 0 ? [] : [`the edit of generation ${generation} is not applied: ${listed(edited)}`]),
    ...(byHand.length === 0 ? [] : [`deleted or changed by somebody else: ${listed(byHand)}`]),
  ];
  if (lacks.length > 0) return lacks.join('; ');
  const situation = situationOf({ view, results, migrationTimeoutMs: 0 });
  if (situation !== undefined) return situation.message;
  return prunes.length === 0 ? undefined : `no longer wanted and still there: ${listed(prunes.map(({ ref }) => ref))}`;
}

const LISTED = 5;

const listed = (refs: readonly string[]): string =>
  refs.length <= LISTED ? refs.join(', ') : `${refs.slice(0, LISTED).join(', ')} and ${refs.length - LISTED} more`;

/** What was known of the running processes stays, since nothing about them is changed. */
function keptClaims(before: Status): Claim[] {
  return (['ConfigInSync', 'RestartPending'] as const).map((type) => {
    const kept = before.conditions?.find((condition: Condition) => condition.type === type);
    if (kept === undefined) return { type, status: 'Unknown', reason: 'Unproven', message: 'nothing was applied yet' };
    return { type, status: kept.status, reason: kept.reason as Claim['reason'], message: kept.message };
  });
}

function syncClaim(syncs: readonly TierSync[]): Claim {
  const type = 'ConfigInSync';
  const behind = syncs.filter(({ state }) => state !== 'loaded');
  const message = behind.map(({ tier, why }) => `${tier}: ${why}`).join('; ');
  if (behind.length === 0) {
    return { type, status: 'True', reason: 'Loaded', message: `loaded by ${syncs.map(({ tier }) => tier).join(', ')}` };
  }
  if (behind.some(({ state }) => state === 'refused'))
    return { type, status: 'False', reason: 'ConfigRefused', message };
  if (behind.some(({ state }) => state === 'stale')) return { type, status: 'False', reason: 'NotLoaded', message };
  return { type, status: 'Unknown', reason: 'Unproven', message };
}

function restartClaim({ pods, proofs }: View): Claim {
  const type = 'RestartPending';
  const asked = pods.flatMap((pod) => (pod.tier === 'postgres' ? (proofs.get(processKey(pod)) ?? []) : []));
  const pending = asked.flatMap(({ pendingRestart }) => pendingRestart);
  if (pending.length > 0) {
    return {
      type,
      status: 'True',
      reason: 'ParametersPending',
      message: `postgres restarts for: ${pending.join(', ')}`,
    };
  }
  const answered = asked.length > 0 && asked.every((proof) => proof.unreachable === undefined);
  if (answered) return { type, status: 'False', reason: 'NothingPending', message: 'all parameters are in force' };
  return { type, status: 'Unknown', reason: 'Unproven', message: 'no PostgreSQL of ours has been asked yet' };
}

function tellTiers(children: ReadonlyMap<string, Child>): string {
  return Object.entries(tiersOf(children) ?? {})
    .map(([tier, ready]) => `${tier} ${ready}`)
    .join(', ');
}
