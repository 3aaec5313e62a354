import { bytes, formatNginxSize } from '../../../crds/units.ts';
import { shortHashOf } from '../../kit/hash.ts';
import {
  alternatives,
  directive,
  join,
  mapBlock,
  pattern,
  type Statement,
  type Template,
  template,
} from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { clientScheme } from './client-identity.ts';
import { UNCACHEABLE } from './delicate-paths.ts';
import { CACHE_DIRECTORY } from './paths.ts';

/**
 * What nginx may keep (NG-01 to NG-06). nginx ignores Authorization and Cookie by itself and would serve one
 * user's answer to another, so nothing is cached but what is listed, and never for a request that names a user.
 */

/** The caches: public API answers, fingerprinted chunks, optimised pictures. */
export type CacheName = 'api' | 'static' | 'image';

/** Their shares of edge.cache.maxSize. */
export const WEIGHTS: Readonly<Record<CacheName, number>> = { api: 3, static: 3, image: 4 };
/** A cache below this holds nothing worth the name and is left out. */
export const SMALLEST_CACHE = 2 ** 20;
const LEVELS = '1:2';

/** What cache sizes follow from: a profile and its values, without the rest of a stack. */
type Caching = Pick<Stack, 'spec' | 'value'>;

/** The caches that the profile has a use for, with their share of edge.cache.maxSize in bytes. */
export function cacheShares({ spec, value }: Caching): ReadonlyMap<CacheName, number> {
  const wanted: CacheName[] = [
    ...(value('edge.cache.api.paths').length > 0 ? (['api'] as const) : []),
    ...(spec.frontend === undefined ? [] : (['static', 'image'] as const)),
  ];
  const total = bytes(value('edge.cache.maxSize'));
  const weight = wanted.reduce((sum, name) => sum + WEIGHTS[name], 0);
  const share = (name: CacheName) => Math.floor((total * WEIGHTS[name]) / weight / 1024) * 1024;
  return new Map(wanted.map((name) => [name, share(name)] as const));
}

/** Those of them that are large enough. Together never above edge.cache.maxSize. */
export function cachesOf(stack: Caching): ReadonlyMap<CacheName, number> {
  return new Map([...cacheShares(stack)].filter(([, size]) => size >= SMALLEST_CACHE));
}

/** Cache zones, what is private, and how a stampede is avoided. */
export function cacheSettings(stack: Stack): Statement[] {
  const caches = cachesOf(stack);
  if (caches.size === 0) return [];
  const patience = `${stack.value('edge.cache.lockTimeoutSeconds')}s`;
  return [
    ...[...caches].map(([name, size]) => cachePath(stack, name, size)),
    ...privacy(stack),
    directive('proxy_cache_convert_head', 'off'), // The method is in the key instead.
    // One request fills the cache; the others wait as long as it may take, and get the old answer where there is one.
    directive('proxy_cache_lock', 'on'),
    directive('proxy_cache_lock_timeout', patience),
    directive('proxy_cache_lock_age', patience),
    ...staleAnswers(stack),
    directive('proxy_cache_revalidate', 'on'),
  ];
}

/** Caching in a location: by which cache, for how long, and for whom not. Without such a cache: none. */
export function cached(stack: Stack, name: CacheName): Statement[] {
  if (!cachesOf(stack).has(name)) return UNCACHED;
  const isPrivate = name === 'api' ? template`$no_shared` : template`$no_shared_file`;
  const unstorable = name === 'api' ? template`$no_store_api` : template`$no_store_file`;
  const isFixed = name === 'api' && stack.value('edge.cache.api.lifetime') === 'Fixed';
  return [
    directive('proxy_cache', zoneName(stack, name)),
    directive('proxy_cache_key', cacheKey(stack, name)),
    directive('proxy_cache_bypass', isPrivate),
    directive('proxy_no_cache', isPrivate, unstorable, ...(isFixed ? [template`$no_store_said`] : [])),
    ...(isFixed ? [directive('proxy_ignore_headers', 'Cache-Control', 'Expires')] : []),
    directive('proxy_cache_valid', 200, `${lifetime(stack, name)}s`),
    ...(name === 'api'
      ? [directive('proxy_cache_valid', 404, `${stack.value('edge.cache.api.notFoundTtlSeconds')}s`)]
      : []),
  ];
}

/** No caching in a location, said aloud. */
export const UNCACHED: Statement[] = [directive('proxy_cache', 'off')];

/** An update in the background needs an old answer to serve meanwhile, so the two go together (INV-04). */
function staleAnswers(stack: Stack): Statement[] {
  const when = stack.value('edge.cache.serveStale');
  if (when === 'Never') return [directive('proxy_cache_use_stale', 'off')];
  const failures = when === 'OnError' ? ['http_500', 'http_502', 'http_503', 'http_504'] : [];
  return [
    directive('proxy_cache_use_stale', ...(when === 'OnError' ? ['error', 'timeout'] : []), 'updating', ...failures),
    directive('proxy_cache_background_update', 'on'),
  ];
}

function cachePath(stack: Stack, name: CacheName, size: number): Statement {
  const minFree = bytes(stack.value('edge.cache.minFree'));
  return directive(
    'proxy_cache_path',
    `${CACHE_DIRECTORY}/${name}`,
    `levels=${LEVELS}`,
    `keys_zone=${zoneName(stack, name)}:${stack.value('edge.cache.keysZoneMiB')}m`,
    `max_size=${formatNginxSize(size)}`,
    ...(minFree === 0 ? [] : [`min_free=${formatNginxSize(minFree)}`]),
    `inactive=${stack.value(`edge.cache.${name}.inactiveSeconds`)}s`, // However long an entry is valid (S23).
    'use_temp_path=off',
  );
}

function lifetime(stack: Stack, name: CacheName): number {
  return stack.value(`edge.cache.${name}.ttlSeconds`);
}

/** NG-02: by default nginx leaves the host out, and one site would get the answers of another. */
function cacheKey(stack: Stack, name: CacheName): Template {
  const key = join(clientScheme(stack), template`|$request_method|$host|$request_uri`);
  return name === 'image' ? join(key, template`|$image_format`) : key;
}

/** NG-35: a name that changes with the key, the path and the levels, since nginx cannot change those under one name. */
function zoneName(stack: Stack, name: CacheName): string {
  return `${name}_cache_${shortHashOf(cacheKey(stack, name).text, `${CACHE_DIRECTORY}/${name}`, LEVELS)}`;
}

function privacy(stack: Stack): Statement[] {
  return [
    mapBlock(template`$http_cookie`, template`$has_session`, sessionCookies(stack)),
    mapBlock(template`$request_method`, template`$is_write`, [
      ['default', 1],
      ['GET', 0],
      ['HEAD', 0],
    ]),
    // INV-03: streams never end, and what tells of health, login or administration is never kept, whatever is listed.
    mapBlock(template`$http_upgrade:$http_accept`, template`$is_stream`, [
      ['default', 1],
      [pattern`~*^:(?!.*text/event-stream)`, 0],
    ]),
    mapBlock(template`$uri`, template`$is_delicate`, [
      ['default', 0],
      [join(pattern`~*/(?:`, alternatives(UNCACHEABLE), pattern`)(?:/|$)`), 1],
    ]),
    mapBlock(template`$http_authorization:$has_session:$is_write:$is_stream:$is_delicate`, template`$no_shared`, [
      ['default', 1],
      [':0:0:0:0', 0],
    ]),
    // Chunks and pictures are the same for everybody; browsers send cookies with them all the same.
    mapBlock(template`$http_authorization:$is_write`, template`$no_shared_file`, [
      ['default', 1],
      [':0', 0],
    ]),
    // With a Cache-Control of the upstream, nginx would store any status, errors too. Retries read "502, 200".
    storable(template`$no_store_api`, pattern`~(?:^|[ ,])(?:200|404)$`),
    storable(template`$no_store_file`, pattern`~(?:^|[ ,])200$`),
    // Where the lifetime is ours, nginx is told to look away from Cache-Control, but not from what it says of privacy.
    ...(stack.value('edge.cache.api.lifetime') === 'Fixed' ? [saidPrivate()] : []),
    mapBlock(template`$http_accept`, template`$image_format`, [
      ['default', 'other'],
      [pattern`~*image/avif`, 'avif'],
      [pattern`~*image/webp`, 'webp'],
    ]),
  ];
}

/** Volatile: a background update shares its variables with the request that set it off and must look at its own status. */
function storable(target: Template, statuses: Template): Statement {
  return mapBlock(
    template`$upstream_status`,
    target,
    [
      ['default', 1],
      [statuses, 0],
    ],
    'volatile',
  );
}

function saidPrivate(): Statement {
  return mapBlock(
    template`$upstream_http_cache_control`,
    template`$no_store_said`,
    [
      ['default', 0],
      [pattern`~*(?:private|no-store|no-cache)`, 1],
    ],
    'volatile',
  );
}

/** Unless the user gives his word that other cookies identify nobody, every cookie may be a session. */
function sessionCookies(stack: Stack): readonly (readonly [string | Template, number])[] {
  if (stack.value('edge.cache.api.otherCookies') === 'Private')
    return [
      ['default', 1],
      ['', 0],
    ];
  const names = stack.effective.find('edge.cache.api.privateCookies') ?? [];
  if (names.length === 0) return [['default', 0]];
  return [
    ['default', 0],
    [join(pattern`~*(?:^|[;,])\s*(?:`, alternatives(names), pattern`)\s*(?:[=;,]|$)`), 1],
  ];
}
