import type { Random } from '../../controller/loop/clock.ts';
import { between } from './random.ts';

/** What may go wrong with a call. */
export const CALL_FAULTS = [
  'tooMany',
  'tooManyWithoutWait',
  'serverError',
  'unavailable',
  'resetBefore',
  'resetAfter',
  'silentBefore',
  'silentAfter',
  'slow',
] as const;
export type CallFault = (typeof CALL_FAULTS)[number];

/** What may go wrong with the lines of a watch. */
export const LINE_FAULTS = ['drop', 'duplicate', 'reorder', 'delay', 'truncate', 'stall', 'reset'] as const;
export type LineFault = (typeof LINE_FAULTS)[number];

/** A fault while it lasts: how often it strikes, and whom. */
export interface Active<F> {
  readonly fault: F;
  /** Share of the calls, or of the lines. */
  readonly share: number;
  readonly on: 'all' | 'reads' | 'writes';
  /** Index of a process; undefined: all of them. */
  readonly process: number | undefined;
}

/** All that is wrong at the moment. */
export interface Faults {
  readonly calls: Set<Active<CallFault>>;
  readonly lines: Set<Active<LineFault>>;
}

export const noFaults = (): Faults => ({ calls: new Set(), lines: new Set() });

/** What strikes a call; undefined: nothing. */
export function callFault(faults: Faults, random: Random, process: number, isWrite: boolean): CallFault | undefined {
  for (const active of faults.calls) {
    if (active.on !== 'all' && (active.on === 'writes') !== isWrite) continue;
    if (strikes(active, random, process)) return active.fault;
  }
  return undefined;
}

/** What strikes a line of a watch. */
export function lineFault(faults: Faults, random: Random, process: number): LineFault | undefined {
  for (const active of faults.lines) if (strikes(active, random, process)) return active.fault;
  return undefined;
}

const strikes = (active: Active<unknown>, random: Random, process: number): boolean =>
  (active.process === undefined || active.process === process) && random() < active.share;

/** A leader's write must not be on its way for as long as the others wait for the Lease (docs/architecture.md): 5 s. */
const LONGEST_WAY_MS = 3_000;

/** How long a message is on its way, one way. */
export function latency(random: Random, fault: CallFault | undefined): number {
  if (fault === 'slow') return between(random, 200, LONGEST_WAY_MS);
  return random() < 0.5 ? 0 : between(random, 0.5, 6);
}
