import type { Stamped } from './desired.ts';
import { growingPauseMs } from './pause.ts';
import type { Rival } from './rival.ts';

/**
 * Two that set one field by turns would do so for ever, at the speed of the API server. What is undone again and again
 * is therefore repaired at growing distance, and the other one is named.
 */

/** The repairs of one object that did not last. */
export interface Fight {
  /** Hash of what is sent: another content is a new beginning. */
  readonly desired: string;
  /** The latest repairs, oldest first, in milliseconds since 1970. Never empty. */
  readonly repairedAtMs: readonly number[];
  /** How often it was undone since it counts as contended; 0: it does not. */
  readonly level: number;
  /** Who was seen to undo it. */
  readonly rival: Rival | undefined;
}

/** Repairs within the window that make a fight of it: a person who tries something out needs fewer. */
const REPAIRS = 5;
const WINDOW_MS = 60_000;
const FIRST_PAUSE_MS = 10_000;
/** What has stood for so long was left alone. */
const SETTLED_MS = 10_000;

/** One more repair. Pure. */
export function repaired(held: Fight | undefined, { desired }: Stamped, nowMs: number, rival?: Rival): Fight {
  if (held?.desired !== desired || nowMs - lastOf(held) >= memoryMs(held)) {
    return { desired, repairedAtMs: [nowMs], level: 0, rival };
  }
  const repairedAtMs = [...held.repairedAtMs, nowMs].slice(-REPAIRS);
  const often = repairedAtMs.length === REPAIRS && nowMs - (repairedAtMs[0] ?? nowMs) <= WINDOW_MS;
  const level = held.level > 0 || often ? held.level + 1 : 0;
  return { desired, repairedAtMs, level, rival: rival ?? held.rival };
}

/** Whether the next repair of this content has to wait. Pure. */
export const mustWait = (held: Fight | undefined, { desired }: Stamped, nowMs: number): held is Fight =>
  held?.desired === desired && nowMs - lastOf(held) < pauseMs(held);

/** Whether somebody is to be told: a repair waits, or has yet to show that it lasts. Pure. */
export const isContended = (held: Fight | undefined, nowMs: number): held is Fight =>
  held !== undefined && held.level > 0 && nowMs - lastOf(held) < SETTLED_MS;

/** Whether the next repair would be one too many, or is: then it is worth a request to learn who it is. Pure. */
export const isSuspicious = (held: Fight | undefined, { desired }: Stamped): boolean =>
  held?.desired === desired && held.repairedAtMs.length >= REPAIRS - 1;

const lastOf = ({ repairedAtMs }: Fight): number => repairedAtMs.at(-1) ?? 0;

const pauseMs = ({ level }: Fight): number => (level === 0 ? 0 : growingPauseMs(FIRST_PAUSE_MS, level));

/** A repair that lasted longer than this ends the fight; until then a slow rival meets the pauses that it has earned. */
const memoryMs = (held: Fight): number => Math.max(WINDOW_MS, 2 * pauseMs(held));

/** What is said of it: nothing in it changes while the fight goes on. Pure. */
export function contentionMessage({ rival }: Fight): string {
  const who = rival === undefined ? 'somebody deletes it' : rivalText(rival);
  return (
    `${who}, as often as it is put back; it is tried again at growing distance, at the latest every 5 minutes. ` +
    'Let one of the two own it: take it from the other, say it in the profile, or set spec.suspend'
  );
}

function rivalText({ manager, field, more }: Rival): string {
  if (field === undefined) return `manager ${JSON.stringify(manager)} changes it`;
  const others = more === 0 ? '' : ` and ${more} more`;
  return `manager ${JSON.stringify(manager)} sets ${field}${others}`;
}
