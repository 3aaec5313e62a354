import type { KubeObject } from './port.ts';
import type { ApiRequest, Transport, WatchRequest } from './transport.ts';

/** A watch whose bytes a test writes by hand. */
export interface OpenWatch {
  readonly query: WatchRequest['query'];
  readonly path: string;
  readonly send: (text: string) => void;
  readonly event: (type: string, object: unknown) => void;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

/** What the next calls fail with. */
export interface Fault {
  list: (() => Error) | undefined;
  watch: (() => Error) | undefined;
}

/** A transport that a test plays by hand: lists answer from `served`, watches stay open until told. */
export interface ScriptedTransport {
  readonly transport: Transport;
  readonly lists: ApiRequest[];
  readonly watches: OpenWatch[];
  readonly fault: Fault;
  readonly served: { objects: KubeObject[]; resourceVersion: string; pageSize: number };
}

/** Serves nothing yet. */
export function scriptedTransport(): ScriptedTransport {
  const lists: ApiRequest[] = [];
  const watches: OpenWatch[] = [];
  const fault: Fault = { list: undefined, watch: undefined };
  const served = { objects: [] as KubeObject[], resourceVersion: '100', pageSize: 500 };

  const request: Transport['request'] = async (one) => {
    lists.push(one);
    if (fault.list !== undefined) throw fault.list();
    const from = Number(one.query?.continue ?? 0);
    const to = from + served.pageSize;
    const next = to < served.objects.length ? { continue: String(to) } : {};
    const items = served.objects.slice(from, to).map(({ metadata }) => ({ metadata }));
    return { body: { metadata: { resourceVersion: served.resourceVersion, ...next }, items }, warnings: [] };
  };

  const watch: Transport['watch'] = async ({ query, path, signal }) => {
    if (fault.watch !== undefined) throw fault.watch();
    const queue: (string | Error | undefined)[] = [];
    let wake = Promise.withResolvers<void>();
    const push = (item: string | Error | undefined) => {
      queue.push(item);
      wake.resolve();
    };
    signal.addEventListener('abort', () => push(signal.reason as Error));
    watches.push({
      query,
      path,
      send: push,
      event: (type, object) => push(`${JSON.stringify({ type, object })}\n`),
      end: () => push(undefined),
      fail: push,
    });
    return (async function* () {
      for (;;) {
        while (queue.length === 0) {
          await wake.promise;
          wake = Promise.withResolvers();
        }
        const item = queue.shift();
        if (item === undefined) return;
        if (item instanceof Error) throw item;
        yield Buffer.from(item);
      }
    })();
  };
  return {
    lists,
    watches,
    fault,
    served,
    transport: { request, watch, close: async () => undefined } satisfies Transport,
  };
}
