import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Clock, systemClock } from '../loop/clock.ts';
import { contained } from '../loop/contained.ts';
import type { KubeObject } from './port.ts';
import { pathOf, RESOURCES } from './resources.ts';
import type { Transport } from './transport.ts';

/** Who reports, as it stands in every event. */
export const REPORTING_CONTROLLER = 'performance.bahamm.ir/pitcrew';

/** Something worth telling a person who looks at the object. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** One CamelCase word. */
  readonly reason: string;
  /** What was being done, one CamelCase word. */
  readonly action: string;
  /** A sentence; cut at 1,024 bytes. Never holds a secret. */
  readonly note: string;
}

/** Writes events. Nothing here throws or waits: an event that cannot be written is dropped and counted. */
export interface EventRecorder {
  readonly record: (regarding: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>, event: EventNote) => void;
  /** Writes counts not yet written and waits for what is on its way; for the end of the process. */
  readonly flush: () => Promise<void>;
}

/** What a metrics collector or a logger may want to know as it happens. Must not throw. */
export interface EventObserver {
  readonly dropped?: (why: 'rate' | 'failed', error?: unknown) => void;
}

/** How to build a recorder. */
export interface EventRecorderOptions {
  readonly transport: Transport;
  readonly clock?: Clock | undefined;
  /** Wall clock, for people. */
  readonly now?: (() => Date) | undefined;
  /** Which of the operator's processes; default: the host's name, which in a cluster is the pod's. */
  readonly instance?: string | undefined;
  readonly newSuffix?: (() => string) | undefined;
  readonly observer?: EventObserver | undefined;
  /** As `guard` of a request. */
  readonly guardWrite?: (() => void) | undefined;
}

/** Equal events within this time are one event with a count. */
const WINDOW_MS = 600_000;
/** A count is written at most this often. */
const SERIES_INTERVAL_MS = 60_000;
/** Writes in a row, and after that per second: events must never crowd out work. */
const BURST = 50;
const PER_SECOND = 1;
const NOTE_BYTES = 1024;

interface Series {
  readonly namespace: string;
  readonly name: string;
  readonly startedMs: number;
  count: number;
  writtenCount: number;
  writtenMs: number;
  /** Writes of one event follow one another: a count must not overtake its creation. */
  last: Promise<void>;
}

interface State {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly now: () => Date;
  readonly instance: string;
  readonly newSuffix: () => string;
  readonly observer: EventObserver;
  readonly guard: (() => void) | undefined;
  readonly series: Map<string, Series>;
  tokens: number;
  refilledMs: number;
}

/** A recorder without memory. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { transport, clock = systemClock } = options;
  const state: State = {
    transport,
    clock,
    now: options.now ?? (() => new Date()),
    instance: options.instance ?? `pitcrew-${hostname()}`,
    newSuffix: options.newSuffix ?? (() => randomBytes(8).toString('hex')),
    observer: contained(options.observer ?? {}),
    guard: options.guardWrite,
    series: new Map(),
    tokens: BURST,
    refilledMs: clock.nowMs(),
  };
  return {
    record: (regarding, event) => {
      const key = [regarding.metadata.uid, event.type, event.reason, event.note].join('\0');
      forgetOld(state);
      const known = state.series.get(key);
      if (known === undefined) begin(state, key, regarding, event);
      else repeat(state, known);
    },
    flush: async () => {
      const all = [...state.series.values()];
      for (const series of all) if (series.count > series.writtenCount) writeCount(state, series);
      await Promise.all(all.map((series) => series.last));
    },
  };
}

function begin(
  state: State,
  key: string,
  regarding: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>,
  event: EventNote,
): void {
  if (!mayWrite(state)) return;
  const { namespace = 'default', name: regardingName } = regarding.metadata;
  // Object names may be 253 long; the suffix makes it unique.
  const name = `${regardingName.slice(0, 200)}.${state.newSuffix()}`;
  const nowMs = state.clock.nowMs();
  const series: Series = {
    namespace,
    name,
    startedMs: nowMs,
    count: 1,
    writtenCount: 1,
    writtenMs: Number.NEGATIVE_INFINITY,
    last: Promise.resolve(),
  };
  state.series.set(key, series);
  const body = eventOf(state, { namespace, name }, regarding, event);
  const path = pathOf(RESOURCES.Event, { namespace });
  series.last = guarded(state, () => state.transport.request({ method: 'POST', path, body, guard: state.guard })).then(
    (written) => {
      // The next equal one tries anew instead of counting up what does not exist.
      if (!written) state.series.delete(key);
    },
  );
}

function repeat(state: State, series: Series): void {
  series.count += 1;
  if (state.clock.nowMs() - series.writtenMs >= SERIES_INTERVAL_MS && mayWrite(state)) writeCount(state, series);
}

function writeCount(state: State, series: Series): void {
  series.writtenCount = series.count;
  series.writtenMs = state.clock.nowMs();
  const { namespace, name, count } = series;
  const body = { series: { count, lastObservedTime: microTime(state.now()) } };
  const request = {
    method: 'PATCH' as const,
    path: pathOf(RESOURCES.Event, { namespace, name }),
    body,
    contentType: 'application/merge-patch+json',
    repeatable: true,
    guard: state.guard,
  };
  series.last = series.last.then(async () => {
    await guarded(state, () => state.transport.request(request));
  });
}

/** Whether it was written. */
async function guarded(state: State, write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    state.observer.dropped?.('failed', error);
    return false;
  }
}

function forgetOld(state: State): void {
  const nowMs = state.clock.nowMs();
  for (const [key, series] of state.series) {
    // Insertion order is time order: the first young one ends the search.
    if (nowMs - series.startedMs < WINDOW_MS) return;
    state.series.delete(key);
  }
}

/** A token bucket. */
function mayWrite(state: State): boolean {
  const nowMs = state.clock.nowMs();
  state.tokens = Math.min(BURST, state.tokens + ((nowMs - state.refilledMs) / 1000) * PER_SECOND);
  state.refilledMs = nowMs;
  if (state.tokens < 1) {
    state.observer.dropped?.('rate');
    return false;
  }
  state.tokens -= 1;
  return true;
}

function eventOf(
  state: State,
  metadata: { readonly namespace: string; readonly name: string },
  regarding: Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>,
  event: EventNote,
) {
  const { name, namespace, uid, resourceVersion } = regarding.metadata;
  return {
    apiVersion: RESOURCES.Event.apiVersion,
    kind: RESOURCES.Event.kind,
    metadata,
    eventTime: microTime(state.now()),
    reportingController: REPORTING_CONTROLLER,
    reportingInstance: state.instance.slice(0, 128),
    type: event.type,
    reason: event.reason,
    action: event.action,
    note: cutToBytes(event.note, NOTE_BYTES),
    regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, name, namespace, uid, resourceVersion },
  };
}

/** The server wants microseconds; we have milliseconds. */
export const microTime = (date: Date): string => date.toISOString().replace(/Z$/, '000Z');

/** At most so many bytes of UTF-8, never half a character. */
export function cutToBytes(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}
