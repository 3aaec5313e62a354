import { type Kind, RESOURCES } from '../../../controller/cluster/resources.ts';
import { keyOf } from '../../../controller/cluster/store.ts';
import { type Address, addressOf } from './address.ts';
import { notFound, Refusal } from './refusal.ts';
import { selectorOf } from './selector.ts';
import { createStorage, type Storage, type Stored } from './storage.ts';
import { createWatches, type ServedWatch, type Watches, type WatchSink } from './watches.ts';
import { apply, create, patch, remove, replace, type WriteAsked, type WriteContext } from './writing.ts';

/** A request as it came over the wire. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly contentType?: string | undefined;
  readonly body?: string | undefined;
}

/** An answer as it goes over the wire. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfterSeconds?: number;
}

/**
 * An API server in memory: versions, lists in pages, watches with a window, preconditions, finalizers, server-side
 * apply with ownership, strict validation of one unknown field. A contract test plays the operator's calls to it and
 * to a real one, and wants the same answers.
 */
export interface SimServer {
  readonly storage: Storage;
  readonly watches: Watches;
  readonly answer: (asked: Asked) => Answer;
  /** Throws Refusal. */
  readonly watch: (path: string, sink: WatchSink) => ServedWatch;
  /** How many versions behind lists out of the cache are. */
  staleBy: number;
}

/** How to build one. */
export interface SimServerOptions {
  /** Wall clock. */
  readonly now: () => Date;
}

/** An empty one. */
export function createSimServer({ now }: SimServerOptions): SimServer {
  const storage = createStorage();
  const watches = createWatches(storage);
  let uids = 0;
  const context: WriteContext = {
    storage,
    newUid: () => {
      uids += 1;
      return `00000000-0000-4000-8000-${String(uids).padStart(12, '0')}`;
    },
    timestamp: () =>
      now()
        .toISOString()
        .replace(/\.\d{3}Z$/, 'Z'),
  };
  const server: SimServer = {
    storage,
    watches,
    staleBy: 0,
    answer: (asked) => {
      try {
        return route(server, context, asked);
      } catch (error) {
        return refusalAnswer(error);
      }
    },
    watch: (path, sink) => {
      const url = new URL(path, 'http://server');
      const at = addressOf(url.pathname);
      if (at === undefined) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
      const selector = selectorOf(selectionOf(at, url));
      return watches.open({ kind: at.kind, selector, from: Number(url.searchParams.get('resourceVersion')) }, sink);
    },
  };
  return server;
}

function refusalAnswer(error: unknown): Answer {
  if (!(error instanceof Refusal)) throw error;
  return { status: error.status, body: JSON.stringify({ kind: 'Status', status: 'Failure', ...error.body }) };
}

const ok = (body: string, status = 200): Answer => ({ status, body });

const selectionOf = ({ namespace }: Address, { searchParams }: URL) => ({
  namespace,
  labelSelector: searchParams.get('labelSelector'),
  fieldSelector: searchParams.get('fieldSelector'),
});

function route(server: SimServer, context: WriteContext, asked: Asked): Answer {
  const url = new URL(asked.path, 'http://server');
  if (url.pathname === '/version') return ok('{"major":"1","minor":"35","gitVersion":"v1.35.4"}');
  if (url.pathname.endsWith('/selfsubjectaccessreviews')) return ok('{"status":{"allowed":true}}', 201);
  const at = addressOf(url.pathname);
  if (at === undefined) throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
  if (asked.method !== 'GET') return written(context, asked, url, at);
  return at.name === undefined ? list(server, at, url) : get(server, at);
}

function get({ storage }: SimServer, { kind, plural, namespace, name = '' }: Address): Answer {
  const found = storage.get(kind, keyOf({ namespace, name }));
  if (found === undefined) throw notFound({ plural, name });
  return ok(found.text());
}

function list(server: SimServer, at: Address, url: URL): Answer {
  const { storage } = server;
  const { searchParams } = url;
  const [version, start] = placeOf(server, searchParams);
  const matches = selectorOf(selectionOf(at, url));
  const all = versionsAt(storage, at.kind, version).filter(({ object }) => matches(object));
  all.sort((a, b) => (a.key < b.key ? -1 : 1));
  const limit = Number(searchParams.get('limit') ?? all.length);
  const page = all.slice(start, start + limit);
  const next = start + limit < all.length ? `,"continue":"${version}:${start + limit}"` : '';
  const items = page.map((stored) => stored.text()).join(',');
  const { apiVersion } = RESOURCES[at.kind];
  return ok(
    `{"apiVersion":"${apiVersion}","kind":"${at.kind}List","metadata":{"resourceVersion":"${version}"${next}},"items":[${items}]}`,
  );
}

/** Which version is listed, and from which item on. */
function placeOf({ storage, staleBy }: SimServer, query: URLSearchParams): [number, number] {
  const [listed, start] = (query.get('continue') ?? '').split(':');
  if (start !== undefined) return [Number(listed), Number(start)];
  if (query.get('resourceVersionMatch') === 'Exact') return [Number(query.get('resourceVersion')), 0];
  // Only who asks for any version may be given an old one.
  const version = storage.version();
  return [query.get('resourceVersion') === '0' ? Math.max(storage.oldest(), version - staleBy) : version, 0];
}

const versionsAt = (storage: Storage, kind: Kind, version: number): Stored[] =>
  version === storage.version() ? storage.list(kind) : storage.listAt(kind, version);

function written(context: WriteContext, asked: Asked, { searchParams }: URL, at: Address): Answer {
  const body = asked.body === undefined ? {} : (JSON.parse(asked.body) as { [key: string]: unknown });
  const write: WriteAsked = {
    at,
    body,
    manager: searchParams.get('fieldManager') ?? 'unknown',
    force: searchParams.get('force') === 'true',
  };
  // Events are for people: nobody here reads them.
  if (at.kind === 'Event') return ok(asked.body ?? '{}', 201);
  switch (asked.method) {
    case 'POST':
      return ok(create(context, write).text(), 201);
    case 'PUT':
      return ok(replace(context, write).text());
    case 'PATCH':
      return ok((asked.contentType?.includes('apply') ? apply(context, write) : patch(context, write)).text());
    case 'DELETE':
      return ok(remove(context, write).text());
    default:
      throw new Refusal(405, 'MethodNotAllowed', 'the server does not allow this method');
  }
}
