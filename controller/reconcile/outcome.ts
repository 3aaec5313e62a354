import type { Outcome, PassFailure } from '../loop/outcome.ts';
import type { Gate } from './gate.ts';
import type { Result } from './result.ts';
import type { Situation } from './situation.ts';

/** What decides when a profile comes again. */
export interface OutcomeInput {
  readonly gate: Gate;
  readonly results: readonly Result[];
  readonly situation?: Situation | undefined;
  readonly stalled?: boolean | undefined;
  readonly waitedMs?: number | undefined;
}

/** Proofs are renewed, and what nobody watches is looked at, this often at rest. */
export const RESYNC_MS = 600_000;

/** Other people's pods are not watched: what waits for room looks for it this often. */
export const ROOM_MS = 30_000;

/** How a pass ended, for the loop. Events come sooner; these are for what sends none. Pure. */
export function outcomeOf(input: OutcomeInput): Outcome {
  const { gate, situation, results } = input;
  if (gate.kind === 'refused') {
    return gate.waitsForRoom === true ? { kind: 'settled', resyncAfterMs: ROOM_MS } : { kind: 'invalid' };
  }
  const failure = firstFailure(results);
  if (failure !== undefined) return { kind: 'failed', failure };
  const standing = results.flatMap(({ standsForMs }) => standsForMs ?? []);
  // An event is no try: counted as one, it would put off the next.
  if (standing.length > 0) return { kind: 'waiting', afterMs: Math.min(...standing), reason: 'ApplyRejected' };
  if (situation === undefined) return { kind: 'settled', resyncAfterMs: RESYNC_MS };
  return { kind: 'waiting', afterMs: delayOf(situation, input), reason: situation.reason };
}

const EAGERNESS: Record<PassFailure['pace'], number> = { immediate: 0, backoff: 1, slow: 2 };

/** The one that comes again soonest, of what was tried. */
function firstFailure(results: readonly Result[]): PassFailure | undefined {
  return results
    .flatMap(({ failure, standsForMs }) => (standsForMs === undefined ? (failure ?? []) : []))
    .sort((a, b) => EAGERNESS[a.pace] - EAGERNESS[b.pace])[0];
}

function delayOf({ reason }: Situation, { stalled, waitedMs = 0 }: OutcomeInput): number {
  if (stalled === true) return 10_000;
  // A reload takes about a second, and nothing tells of it but the process itself.
  if (reason === 'LoadingConfig') return waitedMs < 15_000 ? 300 : 5_000;
  if (reason === 'AwaitingRemoval' || reason === 'Applying') return 1_000;
  return waitedMs < 30_000 ? 2_000 : 5_000;
}
