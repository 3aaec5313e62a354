import type { Kind } from '../../../controller/cluster/resources.ts';
import type { Refusal } from './refusal.ts';
import type { Selector } from './selector.ts';
import { asRemoved, type Change, type Storage } from './storage.ts';

/** Where the lines of a watch go. */
export interface WatchSink {
  readonly line: (text: string) => void;
  readonly end: () => void;
}

/** A watch on the server's side. */
export interface ServedWatch {
  readonly close: () => void;
}

/** What is watched. */
export interface WatchAsked {
  readonly kind: Kind;
  readonly selector: Selector;
  readonly from: number;
}

/** All open watches. */
export interface Watches {
  /** Throws Refusal 410 when the history does not go back so far. */
  readonly open: (asked: WatchAsked, sink: WatchSink) => ServedWatch;
  /** Tells each how far it is. */
  readonly bookmark: () => void;
  /** Ends all with an error in the stream, as a server does whose cache is made anew. */
  readonly expire: (why: Refusal) => void;
}

interface Open extends WatchAsked {
  readonly sink: WatchSink;
}

/** None yet. */
export function createWatches(storage: Storage): Watches {
  const byKind = new Map<Kind, Set<Open>>();
  const all = () => [...byKind.values()].flatMap((watches) => [...watches]);
  storage.onChange((change) => {
    for (const watch of byKind.get(change.kind) ?? []) tell(watch, change);
  });
  return {
    open: (asked, sink) => {
      const missed = storage.since(asked.kind, asked.from);
      const watch = { ...asked, sink };
      const watches = byKind.get(asked.kind) ?? new Set();
      byKind.set(asked.kind, watches.add(watch));
      for (const change of missed) tell(watch, change);
      return { close: () => watches.delete(watch) };
    },
    bookmark: () => {
      const metadata = { resourceVersion: String(storage.version()) };
      for (const { sink } of all()) sink.line(lineOf('BOOKMARK', JSON.stringify({ metadata })));
    },
    expire: (why) => {
      for (const { sink } of all()) {
        sink.line(lineOf('ERROR', JSON.stringify({ kind: 'Status', ...why.body })));
        sink.end();
      }
    },
  };
}

const lineOf = (type: string, object: string): string => `{"type":"${type}","object":${object}}\n`;

/** To a watch with a selector, an object comes and goes with its labels. */
function tell({ selector, sink }: Open, { before, after, version }: Change): void {
  const was = before !== undefined && selector(before.object);
  const is = after !== undefined && selector(after.object);
  if (is) sink.line(lineOf(was ? 'MODIFIED' : 'ADDED', after.text()));
  else if (was) sink.line(lineOf('DELETED', asRemoved(before, version).text()));
}
