import { isDeepStrictEqual } from 'node:util';
import { classify, isForbidden } from '../cluster/classify.ts';
import { WriteRefused } from '../cluster/errors.ts';
import { microTime } from '../cluster/events.ts';
import { type Clock, pause, type Random, systemClock } from '../loop/clock.ts';
import { contained } from '../loop/contained.ts';
import type { Lease, LeaseCall, LeaseSpec, LeaseStore } from './lease.ts';

/**
 * One of many processes leads, by a Lease. A Lease alone does not keep two from writing: who was paused wakes up and still
 * believes to lead. So each leader also fences itself: without a renewal it writes nothing from RENEW_DEADLINE_MS on, and
 * others take over no sooner than LEASE_MS after the renewal that they saw last. Both count on monotonic clocks of their
 * own, so neither a wrong wall clock nor a jump of it matters; a clock may even run 1.5 times as fast as the other.
 */

/** Durations as in controller-runtime (pkg/leaderelection). */
export const LEASE_MS = 15_000;
export const RENEW_DEADLINE_MS = 10_000;
export const RENEW_MS = 2_000;
/** How often those who stand by look. More often than a leader renews: what they see late, they take over late. */
export const LOOK_MS = 500;
/** So that many that were started at once do not stay in step: each wait is up to this much longer. */
export const JITTER = 1.2;

/** Two calls fit into the deadline of a renewal. */
const CALL_MS = RENEW_DEADLINE_MS / 2;
const RELEASE_CALL_MS = 1_000;
/** A record says how long it holds; a wrong number in it must not keep everybody waiting. */
const LONGEST_LEASE_MS = 60_000;
/** What a holder that goes leaves behind; as client-go does. Only with it does an empty holder mean that nobody writes. */
const RELEASED_SECONDS = 1;
const RIGHTS_FIX = 'install the Role for it, or run one process only with PITCREW_LEADER_ELECTION=false';

/** What a log or metrics may want to know as it happens. */
export interface ElectionObserver {
  readonly standsBy?: (holder: string) => void;
  readonly leads?: (transitions: number) => void;
  /** A call failed; it is made again. */
  readonly failed?: (error: unknown) => void;
}

/** How to stand for election. */
export interface ElectionOptions {
  readonly store: LeaseStore;
  /** No other living process may have it. One that comes back under it takes its own Lease up again at once. */
  readonly identity: string;
  /** Leadership is gone for good, and somebody else may have it: end the process. Called at most once, never after `release`. */
  readonly onLost: (why: LeadershipLost) => void;
  readonly observer?: ElectionObserver | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Wall clock, for people. */
  readonly now?: (() => Date) | undefined;
}

/** One process's part in an election. */
export interface Election {
  /** Stands for election, and resolves when elected; never, when released before. Rejects where rights are missing. */
  readonly lead: () => Promise<void>;
  /** Whether a write is allowed at this moment. */
  readonly leads: () => boolean;
  /** The fence: throws WriteRefused when a write is not allowed. To be asked right before the bytes are sent. */
  readonly guard: () => void;
  /** No write from here on; whoever stands by may lead at once. Never rejects: what cannot be released expires. */
  readonly release: () => Promise<void>;
}

/** Why a process that led does no longer. */
export class LeadershipLost extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`leadership is lost: ${why}`, options);
    this.name = 'LeadershipLost';
  }
}

interface State extends Required<Pick<ElectionOptions, 'store' | 'identity' | 'onLost'>> {
  readonly observer: ElectionObserver;
  readonly clock: Clock;
  readonly random: Random;
  readonly now: () => Date;
  readonly ended: AbortController;
  readonly elected: PromiseWithResolvers<void>;
  phase: 'idle' | 'standing by' | 'leading' | 'over';
  /** The last record that was another one than before, and when that was seen. */
  seen: { readonly spec: LeaseSpec; readonly atMs: number } | undefined;
  /** What the next renewal is written in the place of. */
  held: Lease | undefined;
  /** When the last renewal that came to pass was sent: the server has stored it later than that. */
  renewedAtMs: number;
  cancelDeadline: () => void;
}

/** A process that does not stand for election until `lead`. */
export function createElection(options: ElectionOptions): Election {
  const state: State = {
    store: options.store,
    identity: options.identity,
    onLost: options.onLost,
    observer: contained(options.observer ?? {}),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    now: options.now ?? (() => new Date()),
    ended: new AbortController(),
    elected: Promise.withResolvers(),
    phase: 'idle',
    seen: undefined,
    held: undefined,
    renewedAtMs: Number.NEGATIVE_INFINITY,
    cancelDeadline: () => undefined,
  };
  let running: Promise<void> | undefined;
  return {
    lead: () => {
      running ??= run(state);
      return state.elected.promise;
    },
    leads: () => mayWrite(state),
    guard: () => {
      if (!mayWrite(state)) throw new WriteRefused(`${state.identity} does not lead (any more)`);
    },
    release: async () => {
      // Who stood by may have been elected by a call whose answer is not here yet.
      const stood = state.phase === 'leading' || state.phase === 'standing by';
      end(state);
      await running;
      if (stood) await release(state);
    },
  };
}

const mayWrite = ({ phase, clock, renewedAtMs }: State): boolean =>
  phase === 'leading' && clock.nowMs() - renewedAtMs <= RENEW_DEADLINE_MS;

async function run(state: State): Promise<void> {
  const { clock, ended } = state;
  try {
    state.phase = 'standing by';
    for (let waitMs = await tryToLead(state); waitMs !== undefined; waitMs = await tryToLead(state)) {
      await pause(clock, waitMs, ended.signal);
    }
    for (;;) {
      await pause(clock, jittered(state, RENEW_MS), ended.signal);
      await renew(state);
    }
  } catch (error) {
    if (ended.signal.aborted) return;
    if (state.phase !== 'leading') state.elected.reject(error);
    else lose(state, error instanceof LeadershipLost ? error : new LeadershipLost('internal error', { cause: error }));
  }
}

/** Undefined: elected. Else how long to wait before the next look. */
async function tryToLead(state: State): Promise<number | undefined> {
  const lookMs = jittered(state, LOOK_MS);
  try {
    const lease = await state.store.read(callOf(state));
    const leftMs = heldForMs(state, lease);
    if (leftMs > 0) return Math.min(leftMs, lookMs);
    await acquire(state, lease);
    return undefined;
  } catch (error) {
    heard(state, error);
    if (isForbidden(error)) throw new Error(`${(error as Error).message}; ${RIGHTS_FIX}`, { cause: error });
    return isElsewhere(error) ? lookMs : jittered(state, RENEW_MS);
  }
}

/** How long somebody else may still write. One that was deleted holds as long as it would have: its holder writes on. */
function heldForMs(state: State, lease: Lease | undefined): number {
  const nowMs = state.clock.nowMs();
  const before = state.seen?.spec;
  if (lease !== undefined && !isDeepStrictEqual(lease.spec ?? {}, before)) {
    state.seen = { spec: lease.spec ?? {}, atMs: nowMs };
  }
  if (state.seen === undefined) return 0;
  const { spec, atMs } = state.seen;
  const { holderIdentity = '', leaseDurationSeconds = 0 } = spec;
  const isReleased = holderIdentity === '' && leaseDurationSeconds === RELEASED_SECONDS;
  if (isReleased || holderIdentity === state.identity) return 0;
  if (holderIdentity !== before?.holderIdentity) state.observer.standsBy?.(holderIdentity);
  return atMs + Math.min(Math.max(leaseDurationSeconds * 1000, LEASE_MS), LONGEST_LEASE_MS) - nowMs;
}

async function acquire(state: State, lease: Lease | undefined): Promise<void> {
  const { identity } = state;
  const { holderIdentity, leaseTransitions = 0 } = lease?.spec ?? {};
  const transitions = lease === undefined || holderIdentity === identity ? leaseTransitions : leaseTransitions + 1;
  const acquireTime = microTime(state.now());
  await write(state, lease, { holderIdentity: identity, acquireTime, leaseTransitions: transitions });
  state.phase = 'leading';
  state.observer.leads?.(transitions);
  state.elected.resolve();
}

/** Returns when it is renewed, or could not be this time. Throws LeadershipLost when another one has it. */
async function renew(state: State): Promise<void> {
  try {
    await write(state, state.held, state.held?.spec ?? {});
  } catch (error) {
    if (!isElsewhere(error)) return heard(state, error);
    await renewWhatIsThere(state);
  }
}

/** Somebody has touched or deleted the Lease. As long as it names nobody else, it is still ours. */
async function renewWhatIsThere(state: State): Promise<void> {
  const spec = state.held?.spec ?? {};
  try {
    const lease = await state.store.read(callOf(state));
    const holder = lease?.spec?.holderIdentity;
    if (lease !== undefined && holder !== state.identity) {
      throw new LeadershipLost(`the Lease names ${holder === undefined || holder === '' ? 'nobody' : holder}`);
    }
    await write(state, lease, spec);
  } catch (error) {
    if (error instanceof LeadershipLost) throw error;
    heard(state, error);
  }
}

async function write(state: State, before: Lease | undefined, spec: LeaseSpec): Promise<void> {
  const { store, clock, identity } = state;
  const sentAtMs = clock.nowMs();
  const mine = { holderIdentity: identity, leaseDurationSeconds: LEASE_MS / 1000, renewTime: microTime(state.now()) };
  const lease = await store.write(before, { ...spec, ...mine }, callOf(state));
  state.ended.signal.throwIfAborted();
  state.held = lease;
  state.renewedAtMs = sentAtMs;
  state.cancelDeadline();
  const late = () => lose(state, new LeadershipLost(`it was not renewed within ${RENEW_DEADLINE_MS / 1000} s`));
  state.cancelDeadline = clock.after(sentAtMs + RENEW_DEADLINE_MS - clock.nowMs(), late);
}

/** Gives up only what is still ours. */
async function release(state: State): Promise<void> {
  const { store, identity, observer } = state;
  const call: LeaseCall = { deadlineMs: RELEASE_CALL_MS };
  try {
    const lease = await store.read(call);
    if (lease?.spec?.holderIdentity !== identity) return;
    const renewTime = microTime(state.now());
    const nobody = { holderIdentity: '', leaseDurationSeconds: RELEASED_SECONDS, renewTime };
    await store.write(lease, { ...lease.spec, ...nobody }, call);
  } catch (error) {
    observer.failed?.(error);
  }
}

function lose(state: State, why: LeadershipLost): void {
  if (state.phase === 'over') return;
  end(state);
  state.onLost(why);
}

function end(state: State): void {
  state.phase = 'over';
  state.cancelDeadline();
  state.ended.abort();
}

/** A failed call is told, unless it failed since we are at the end, or since another one was quicker. */
function heard(state: State, error: unknown): void {
  state.ended.signal.throwIfAborted();
  if (!isElsewhere(error)) state.observer.failed?.(error);
}

const isElsewhere = (error: unknown): boolean => ['Stale', 'Gone'].includes(classify(error).kind);

const callOf = ({ ended }: State): LeaseCall => ({ signal: ended.signal, deadlineMs: CALL_MS });

const jittered = ({ random }: State, ms: number): number => ms * (1 + (JITTER - 1) * random());
