/** How long pods have to end (INV-08). */

/** Seconds between the moment a pod is taken out of its Service and the signal to stop (BE-04). */
export const PRE_STOP_SECONDS = 8;
/** A deadline within the same full minute needs no pods with more time to end, so it can be taken over by a reload. */
const STEP_SECONDS = 60;
/** What a server may take beyond its last request. */
const MARGIN_SECONDS = 12;

/**
 * Time to end for the longest request, in steps. Not simply the largest deadline that a profile may set: while a
 * namespace is deleted, Kubernetes waits for half of this before it looks again.
 */
export function graceSeconds(longestRequestSeconds: number): number {
  return PRE_STOP_SECONDS + Math.ceil(longestRequestSeconds / STEP_SECONDS) * STEP_SECONDS + MARGIN_SECONDS;
}
