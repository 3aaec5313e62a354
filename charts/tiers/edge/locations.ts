import { block, directive, mapBlock, type Statement, template } from '../../kit/nginx.ts';
import { backendHealthPath, backendPaths, type Stack } from '../../stack.ts';
import { cached, cachesOf, UNCACHED } from './cache.ts';
import { cdnHeaders } from './cdn.ts';
import { answerHeaders, header } from './headers.ts';
import { limitsOf, rateLimit } from './limits.ts';
import { uploadsBody } from './uploads.ts';
import { siteUpstream, type Upstream } from './upstreams.ts';

/** Who answers which path. nginx takes the exact location, else the longest prefix; there are no patterns. */

/** Where certificates are proven; always by plain http, for any host, without limits. */
const ACME_PATH = '/.well-known/acme-challenge/';

type Place = readonly [match: '=' | '', path: string, body: readonly Statement[]];

/** All locations of a site. Of two claims to one path the first wins, since nginx would refuse both. */
export function siteLocations(stack: Stack): Statement[] {
  const claims: readonly Place[] = [
    ['=', backendHealthPath(stack.spec), healthBody()],
    ['', ACME_PATH, acmeBody(stack)],
    ...(stack.spec.uploads === undefined ? [] : ([['', withSlash(stack.spec.uploads.path), uploadsBody()]] as const)),
    ...cachedPaths(stack).flatMap((path) => below(path, apiBody(stack, true))),
    ...backendPaths(stack.spec).flatMap((path) => below(path, apiBody(stack, false))),
    ...frontendPlaces(stack),
    ['', '/', pageBody(stack)],
  ];
  const places = new Map<string, Statement>();
  for (const [match, path, body] of claims) {
    const key = match + path;
    if (!places.has(key)) places.set(key, block(match === '=' ? ['location', '=', path] : ['location', path], body));
  }
  return [...places.values()];
}

/** The location for proofs of certificates, for servers that answer nothing else. */
export function acmeLocation(stack: Stack): Statement {
  return block(['location', ACME_PATH], acmeBody(stack));
}

/** Paths of the cache that the backend serves. Others are pages of the frontend, which are never cached. */
export function cachedPaths({ spec, value }: Pick<Stack, 'spec' | 'value'>): readonly string[] {
  const owned = backendPaths(spec).map(withSlash);
  return value('edge.cache.api.paths').filter(
    (path) => spec.frontend === undefined || owned.some((prefix) => withSlash(path).startsWith(prefix)),
  );
}

/** Maps that the bodies below use. */
export function locationMaps(stack: Stack): Statement[] {
  if (stack.spec.frontend === undefined) return [];
  const forever = `public, max-age=${stack.value('edge.cache.static.ttlSeconds')}, immutable`;
  return [
    // A chunk that is missing in the middle of a rollout must not stay missing in browsers for a year.
    mapBlock(template`$status`, template`$chunk_cache_control`, [
      ['default', 'no-store'],
      [200, forever],
      [304, forever],
    ]),
  ];
}

/** The path itself and what lies below it, but not its namesakes: `/api/products` is not `/api/products-internal`. */
function below(path: string, body: readonly Statement[]): Place[] {
  const prefix = withSlash(path);
  if (prefix === '/') return [['', '/', body]];
  return [
    ['=', prefix.slice(0, -1), body],
    ['', prefix, body],
  ];
}

/** `/api` and `/api/` are the same place. */
export const withSlash = (path: string): string => (path.endsWith('/') ? path : `${path}/`);

const passTo = (upstream: Upstream): Statement => directive('proxy_pass', `http://${upstream}`);

/** Monitors must see the backend as it is (S4): never cached, never limited, not logged. */
function healthBody(): Statement[] {
  return [passTo('backend'), ...UNCACHED, directive('access_log', 'off')];
}

function acmeBody(stack: Stack): Statement[] {
  return [passTo(siteUpstream(stack)), ...UNCACHED];
}

function apiBody(stack: Stack, isPublic: boolean): Statement[] {
  const forCdn = cdnHeaders(stack, isPublic && cachesOf(stack).has('api'));
  return [
    passTo('backend'),
    ...limitsOf(stack, 'api'),
    ...(isPublic ? cached(stack, 'api') : UNCACHED),
    ...(forCdn.length === 0 ? [] : answerHeaders(...forCdn)),
  ];
}

/** Pages are personal or may become so: passed on, never kept. */
function pageBody(stack: Stack): Statement[] {
  return [passTo(siteUpstream(stack)), ...limitsOf(stack, 'web'), ...UNCACHED];
}

function frontendPlaces(stack: Stack): Place[] {
  if (stack.spec.frontend === undefined) return [];
  return [
    ['', '/_next/static/', chunkBody(stack)],
    ['=', '/_next/image', pictureBody(stack)],
  ];
}

/** Chunks carry a hash in their names. No limits: a page fetches dozens of them at once (S11). */
function chunkBody(stack: Stack): Statement[] {
  return [
    passTo('frontend'),
    ...cached(stack, 'static'),
    directive('proxy_ignore_headers', 'Cache-Control', 'Expires', 'X-Accel-Expires'),
    directive('proxy_hide_header', 'Cache-Control'),
    directive('proxy_hide_header', 'X-Powered-By'), // Not inherited where another is hidden.
    ...answerHeaders(header('Cache-Control', template`$chunk_cache_control`)),
  ];
}

/** The picture depends on what the browser accepts, by whole headers; its class is in the key instead of Vary (S24). */
function pictureBody(stack: Stack): Statement[] {
  return [
    passTo('frontend'),
    ...rateLimit(stack, 'web'),
    ...cached(stack, 'image'),
    directive('proxy_ignore_headers', 'Vary'),
  ];
}
