import type { Clock } from './clock.ts';
import { createHeap } from './heap.ts';

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
  /** Ready keys by priority. */
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

/** An empty queue on the given clock. */
export function createQueue(clock: Clock, observer: QueueObserver = {}): Queue {
  // Heaps cannot change an item in place: a changed key gets a new item, and `current` says which one counts.
  const current = new Map<string, Item>();
  const delayed = createHeap<Item>(byTime);
  const ready = createHeap<Item>(byPriority);
  const processing = new Set<string>();
  const takers: ((taken: Taken | undefined) => void)[] = [];
  let order = 0;
  let stopped = false;
  let timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  const counts = (item: Item) => current.get(item.key) === item;

  const promote = () => {
    for (let next = delayed.peek(); next !== undefined; next = delayed.peek()) {
      if (counts(next) && next.readyAtMs > clock.nowMs()) break;
      delayed.pop();
      if (counts(next) && !processing.has(next.key)) ready.push(next);
    }
    setTimer(delayed.peek()?.readyAtMs);
  };

  const setTimer = (atMs: number | undefined) => {
    if (timer?.atMs === atMs) return;
    timer?.cancel();
    timer = atMs === undefined ? undefined : { atMs, cancel: clock.after(atMs - clock.nowMs(), onTimer) };
  };

  const onTimer = () => {
    timer = undefined;
    pump();
  };

  const popReady = (): Taken | undefined => {
    for (let item = ready.pop(); item !== undefined; item = ready.pop()) {
      if (!counts(item) || processing.has(item.key)) continue;
      current.delete(item.key);
      processing.add(item.key);
      const taken = { key: item.key, priority: item.priority, queuedMs: clock.nowMs() - item.readyAtMs };
      observer.taken?.(taken);
      return taken;
    }
    return undefined;
  };

  function pump(): void {
    promote();
    while (takers.length > 0) {
      const taken = popReady();
      if (taken === undefined) return;
      takers.shift()?.(taken);
    }
  }

  return {
    add: (key, options = {}) => {
      if (stopped) return;
      const before = current.get(key);
      const readyAtMs = clock.nowMs() + Math.max(0, options.afterMs ?? 0);
      const priority = options.priority ?? NORMAL_PRIORITY;
      order += 1;
      const item = {
        key,
        order: before?.order ?? order,
        priority: Math.max(priority, before?.priority ?? priority),
        readyAtMs: Math.min(readyAtMs, before?.readyAtMs ?? readyAtMs),
      };
      observer.added?.(key, priority);
      if (before !== undefined && before.priority === item.priority && before.readyAtMs === item.readyAtMs) return;
      current.set(key, item);
      delayed.push(item);
      pump();
    },
    take: () => {
      if (stopped) return Promise.resolve(undefined);
      promote();
      const taken = popReady();
      return taken === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(taken);
    },
    done: (key) => {
      processing.delete(key);
      const again = current.get(key);
      if (again !== undefined) delayed.push(again);
      pump();
    },
    stop: () => {
      stopped = true;
      setTimer(undefined);
      current.clear();
      for (const taker of takers.splice(0)) taker(undefined);
    },
    stats: () => statsOf(current, processing, clock.nowMs()),
  };
}

function statsOf(current: ReadonlyMap<string, Item>, processing: ReadonlySet<string>, nowMs: number): QueueStats {
  const readyByPriority = new Map<number, number>();
  let delayed = 0;
  for (const item of current.values()) {
    if (item.readyAtMs > nowMs) delayed += 1;
    else readyByPriority.set(item.priority, (readyByPriority.get(item.priority) ?? 0) + 1);
  }
  return { readyByPriority, delayed, processing: processing.size };
}
