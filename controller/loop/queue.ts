import type { Clock } from './clock.ts';
import { createHeap, type Heap } from './heap.ts';

/** Something happened to this very key. */
export const NORMAL_PRIORITY = 0;
/** The first list and resyncs: behind everything that somebody waits for. */
export const LOW_PRIORITY = -100;

/** How to add. */
export interface AddOptions {
  /** Higher goes first; default `NORMAL_PRIORITY`. */
  readonly priority?: number | undefined;
  /** Not before this many milliseconds from now; default 0. */
  readonly afterMs?: number | undefined;
}

/** A key handed to a worker. */
export interface Taken {
  readonly key: string;
  readonly priority: number;
  /** How long it was ready and not taken. */
  readonly queuedMs: number;
}

/** What a metrics collector may want to know as it happens. */
export interface QueueObserver {
  readonly added?: (key: string, priority: number) => void;
  readonly taken?: (taken: Taken) => void;
}

/** A moment's look at the queue, for gauges. */
export interface QueueStats {
  /** Keys that a worker could take now, by priority. */
  readonly readyByPriority: ReadonlyMap<number, number>;
  /** Keys that wait for their time. */
  readonly delayed: number;
  readonly processing: number;
}

/**
 * Keys, never events: a key waits once however often it was added, at the earliest time and the highest priority asked for.
 * A key that is being worked on is never handed out a second time; added meanwhile, it comes again after `done`.
 */
export interface Queue {
  /** Ignored after `stop`. */
  readonly add: (key: string, options?: AddOptions) => void;
  /** The next key, as soon as there is one; undefined once the queue is stopped. Every taken key must be given to `done`. */
  readonly take: () => Promise<Taken | undefined>;
  readonly done: (key: string) => void;
  /** Wakes all takers with undefined and drops what waits. */
  readonly stop: () => void;
  readonly stats: () => QueueStats;
}

interface Item {
  readonly key: string;
  readonly order: number;
  readonly priority: number;
  readonly readyAtMs: number;
}

const byTime = (a: Item, b: Item) => a.readyAtMs < b.readyAtMs;
const byPriority = (a: Item, b: Item) => (a.priority === b.priority ? a.order < b.order : a.priority > b.priority);

interface State {
  readonly clock: Clock;
  readonly observer: QueueObserver;
  /** Heaps cannot change an item in place: a changed key gets a new item, and this says which one counts. */
  readonly current: Map<string, Item>;
  /** Also what is due at once: it passes through, so that there is one way in. */
  readonly delayed: Heap<Item>;
  readonly ready: Heap<Item>;
  readonly processing: Set<string>;
  readonly takers: ((taken: Taken | undefined) => void)[];
  timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  order: number;
  stopped: boolean;
}

/** An empty queue on the given clock. */
export function createQueue(clock: Clock, observer: QueueObserver = {}): Queue {
  const state: State = {
    clock,
    observer,
    current: new Map(),
    delayed: createHeap(byTime),
    ready: createHeap(byPriority),
    processing: new Set(),
    takers: [],
    timer: undefined,
    order: 0,
    stopped: false,
  };
  return {
    add: (key, options = {}) => add(state, key, options),
    take: () => take(state),
    done: (key) => {
      state.processing.delete(key);
      const again = state.current.get(key);
      if (again !== undefined) state.delayed.push(again);
      pump(state);
    },
    stop: () => {
      state.stopped = true;
      setTimer(state, undefined);
      state.current.clear();
      for (const taker of state.takers.splice(0)) taker(undefined);
    },
    stats: () => statsOf(state),
  };
}

function add(state: State, key: string, options: AddOptions): void {
  if (state.stopped) return;
  const before = state.current.get(key);
  const readyAtMs = state.clock.nowMs() + Math.max(0, options.afterMs ?? 0);
  const priority = options.priority ?? NORMAL_PRIORITY;
  state.order += 1;
  const item = {
    key,
    order: before?.order ?? state.order,
    priority: Math.max(priority, before?.priority ?? priority),
    readyAtMs: Math.min(readyAtMs, before?.readyAtMs ?? readyAtMs),
  };
  state.observer.added?.(key, priority);
  if (before !== undefined && before.priority === item.priority && before.readyAtMs === item.readyAtMs) return;
  state.current.set(key, item);
  state.delayed.push(item);
  pump(state);
}

function take(state: State): Promise<Taken | undefined> {
  if (state.stopped) return Promise.resolve(undefined);
  promote(state);
  const taken = popReady(state);
  return taken === undefined ? new Promise((resolve) => state.takers.push(resolve)) : Promise.resolve(taken);
}

/** Hands out what is due to whoever waits. */
function pump(state: State): void {
  promote(state);
  while (state.takers.length > 0) {
    const taken = popReady(state);
    if (taken === undefined) return;
    state.takers.shift()?.(taken);
  }
}

const counts = (state: State, item: Item): boolean => state.current.get(item.key) === item;

/** Moves what is due to the ready heap and sets the timer for what is not. */
function promote(state: State): void {
  const { delayed, clock, processing, ready } = state;
  for (let next = delayed.peek(); next !== undefined; next = delayed.peek()) {
    if (counts(state, next) && next.readyAtMs > clock.nowMs()) break;
    delayed.pop();
    // A key in work comes back through `done`.
    if (counts(state, next) && !processing.has(next.key)) ready.push(next);
  }
  setTimer(state, delayed.peek()?.readyAtMs);
}

function setTimer(state: State, atMs: number | undefined): void {
  if (state.timer?.atMs === atMs) return;
  state.timer?.cancel();
  state.timer = undefined;
  if (atMs === undefined) return;
  // It may have become due since it was looked at.
  const cancel = state.clock.after(Math.max(0, atMs - state.clock.nowMs()), () => {
    state.timer = undefined;
    pump(state);
  });
  state.timer = { atMs, cancel };
}

function popReady(state: State): Taken | undefined {
  for (let item = state.ready.pop(); item !== undefined; item = state.ready.pop()) {
    if (!counts(state, item) || state.processing.has(item.key)) continue;
    state.current.delete(item.key);
    state.processing.add(item.key);
    const taken = { key: item.key, priority: item.priority, queuedMs: state.clock.nowMs() - item.readyAtMs };
    state.observer.taken?.(taken);
    return taken;
  }
  return undefined;
}

function statsOf({ current, processing, clock }: State): QueueStats {
  const nowMs = clock.nowMs();
  const readyByPriority = new Map<number, number>();
  let delayed = 0;
  for (const item of current.values()) {
    if (item.readyAtMs > nowMs) delayed += 1;
    else if (!processing.has(item.key))
      readyByPriority.set(item.priority, (readyByPriority.get(item.priority) ?? 0) + 1);
  }
  return { readyByPriority, delayed, processing: processing.size };
}
