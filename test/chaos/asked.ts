/** What a request is to the API server, by its method and path alone. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly kind: 'list' | 'watch' | 'read' | 'write' | 'aside';
  /** Plural, as it stands in the path. */
  readonly resource: string;
  readonly name: string | undefined;
  /** On a clock that only goes forward. */
  readonly atMs: number;
  /** What was answered, by the API server or in its place; undefined: nothing yet, or never. */
  status: number | undefined;
}

/** Written beside the work: questions about rights, Events, the Lease. */
const ASIDE = new Set(['selfsubjectaccessreviews', 'events', 'leases']);

/** Reads a request line. */
export function askedOf(method: string, url: string): Asked {
  const { pathname, searchParams } = new URL(url, 'https://api');
  const parts = pathname.split('/').filter((part) => part !== '');
  const place = parts.slice(parts[0] === 'api' ? 2 : 3);
  const [resource = '', name] = place[0] === 'namespaces' && place.length > 2 ? place.slice(2) : place;
  const collection = name === undefined && resource !== '';
  const watch = searchParams.get('watch') === 'true';
  const got = watch ? 'watch' : collection ? 'list' : 'read';
  const kind = ASIDE.has(resource) ? 'aside' : method === 'GET' ? got : 'write';
  return { method, url, kind, resource, name, atMs: performance.now(), status: undefined };
}

/** Most of these requests that fell into any stretch of time of this length. */
export function busiest(asked: readonly Asked[], windowMs: number): number {
  let first = 0;
  let most = 0;
  for (const [last, { atMs }] of asked.entries()) {
    while (atMs - (asked[first]?.atMs ?? atMs) > windowMs) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
