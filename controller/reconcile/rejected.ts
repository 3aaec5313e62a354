import type { Failure } from '../cluster/classify.ts';
import { claimSizeOf, claimTemplateOf } from './claim-template.ts';
import type { Stamped } from './desired.ts';
import type { Child } from './digest.ts';
import { growingPauseMs } from './pause.ts';

/** Objects that the API server would not have: told in the words of the profile, and not sent again and again. */

/** A refusal, and what it was an answer to. */
export interface Rejection {
  readonly desired: string;
  /** The object as it was, without what its controller writes. */
  readonly met: string;
  readonly failure: Failure;
  readonly message: string;
  readonly times: number;
  readonly atMs: number;
}

const FIRST_PAUSE_MS = 30_000;

const fingerprintOf = (child: Child | undefined): string =>
  child === undefined ? 'absent' : `${child.uid} ${child.generation} ${child.ownedHash ?? ''}`;

/** The refusal that the same apply would meet again, as far as one can tell; undefined: it is worth a try. Pure. */
export function standingRejection(
  held: Rejection | undefined,
  { desired }: Stamped,
  child: Child | undefined,
  nowMs: number,
): Rejection | undefined {
  if (held?.desired !== desired || held.met !== fingerprintOf(child)) return undefined;
  return pauseLeftMs(held, nowMs) > 0 ? held : undefined;
}

/** Until it is sent again. Pure. */
export const pauseLeftMs = ({ times, atMs }: Rejection, nowMs: number): number =>
  atMs + growingPauseMs(FIRST_PAUSE_MS, times) - nowMs;

/** One more refusal. Pure. */
export function rejectionOf(
  held: Rejection | undefined,
  stamped: Stamped,
  child: Child | undefined,
  { failure, atMs }: { readonly failure: Failure; readonly atMs: number },
): Rejection {
  const met = fingerprintOf(child);
  const again = held?.desired === stamped.desired && held.met === met;
  const message = fixedSizeMessage(stamped, child) ?? failure.message;
  return { desired: stamped.desired, met, failure, message, times: again ? held.times + 1 : 1, atMs };
}

/** The server only says that "updates to statefulset spec for fields other than … are forbidden". */
function fixedSizeMessage({ kind, object }: Stamped, child: Child | undefined): string | undefined {
  if (kind !== 'StatefulSet' || child?.state?.type !== 'workload') return undefined;
  const wanted = claimSizeOf(object);
  const made = child.state.claimSize;
  if (wanted === undefined || made === undefined || wanted === made) return undefined;
  const claim = `${claimTemplateOf(object)?.metadata?.name ?? 'data'}-${child.name}-0`;
  return (
    `spec.postgres.storage.size is ${wanted}, but the database was made with ${made}, ` +
    `which Kubernetes does not let a StatefulSet change. Set it back to ${made}; for more room, grow the claim by hand: ` +
    `kubectl patch pvc ${claim} --type merge -p '{"spec":{"resources":{"requests":{"storage":"${wanted}"}}}}'`
  );
}
