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
import { CACHE_DIRECTORY } from './paths.ts';

/**
 * What nginx may keep (NG-01 to NG-06). nginx ignores Authorization and Cookie by itself and would serve one
 * user's answer to another, so nothing is cached but what is listed, and never for a request that names a user.
 */

/** The caches: public API answers, fingerprinted chunks, optimised pictures. */
export type CacheName = 'api' | 'static' | 'image';

/** Their shares of edge.cache.maxSize. */
const WEIGHTS: Readonly<Record<CacheName, number>> = { api: 3, static: 3, image: 4 };
/** A cache below this holds nothing worth the name and is left out. */
const SMALLEST = 2 ** 20;
const LEVELS = '1:2';
/** NG-05: an answer takes 12 KiB on average, and a megabyte of the zone holds 8000 keys. */
const AVERAGE_OBJECT = 12 * 1024;
const KEYS_PER_MEBIBYTE = 8000;
const [SMALLEST_ZONE, LARGEST_ZONE] = [5, 64];

/** The caches that the profile has a use for, with the size of each in bytes. Together never above edge.cache.maxSize. */
export function cachesOf(stack: Stack): ReadonlyMap<CacheName, number> {
  const wanted: CacheName[] = [
    ...(stack.value('edge.cache.api.paths').length > 0 ? (['api'] as const) : []),
    ...(stack.spec.frontend === undefined ? [] : (['static', 'image'] as const)),
  ];
  const total = bytes(stack.value('edge.cache.maxSize'));
  const weight = wanted.reduce((sum, name) => sum + WEIGHTS[name], 0);
  const share = (name: CacheName) => Math.floor((total * WEIGHTS[name]) / weight / 1024) * 1024;
  return new Map(wanted.map((name) => [name, share(name)] as const).filter(([, size]) => size >= SMALLEST));
}

/** Cache zones, what is private, and how a stampede is avoided. */
export function cacheSettings(stack: Stack): Statement[] {
  const caches = cachesOf(stack);
  if (caches.size === 0) return [];
  const deadline = `${stack.value('requestDeadlineSeconds')}s`;
  return [
    ...[...caches].map(([name, size]) => cachePath(stack, name, size)),
    ...privacy(stack),
    directive('proxy_cache_convert_head', 'off'), // The method is in the key instead.
    // One request fills the cache; the others wait as long as it may take, and get the old answer where there is one.
    directive('proxy_cache_lock', 'on'),
    directive('proxy_cache_lock_timeout', deadline),
    directive('proxy_cache_lock_age', deadline),
    directive('proxy_cache_use_stale', 'error', 'timeout', 'updating', 'http_500', 'http_502', 'http_503', 'http_504'),
    directive('proxy_cache_background_update', 'on'),
    directive('proxy_cache_revalidate', 'on'),
  ];
}

/** Caching in a location: by which cache, for how long, and for whom not. Without such a cache: none. */
export function cached(stack: Stack, name: CacheName): Statement[] {
  if (!cachesOf(stack).has(name)) return UNCACHED;
  const isPrivate = name === 'api' ? template`$no_shared` : template`$no_shared_file`;
  const unstorable = name === 'api' ? template`$no_store_api` : template`$no_store_file`;
  return [
    directive('proxy_cache', zoneName(stack, name)),
    directive('proxy_cache_key', cacheKey(stack, name)),
    directive('proxy_cache_bypass', isPrivate),
    directive('proxy_no_cache', isPrivate, unstorable),
    directive('proxy_cache_valid', 200, `${lifetime(stack, name)}s`),
    ...(name === 'api'
      ? [directive('proxy_cache_valid', 404, `${stack.value('edge.cache.api.notFoundTtlSeconds')}s`)]
      : []),
  ];
}

/** No caching in a location, said aloud. */
export const UNCACHED: Statement[] = [directive('proxy_cache', 'off')];

function cachePath(stack: Stack, name: CacheName, size: number): Statement {
  const keys = Math.ceil(size / AVERAGE_OBJECT / KEYS_PER_MEBIBYTE);
  return directive(
    'proxy_cache_path',
    `${CACHE_DIRECTORY}/${name}`,
    `levels=${LEVELS}`,
    `keys_zone=${zoneName(stack, name)}:${Math.min(Math.max(keys, SMALLEST_ZONE), LARGEST_ZONE)}m`,
    `max_size=${formatNginxSize(size)}`,
    `inactive=${inactive(stack, name)}s`,
    'use_temp_path=off',
  );
}

function lifetime(stack: Stack, name: CacheName): number {
  return stack.value(`edge.cache.${name}.ttlSeconds`);
}

/** nginx drops what nobody asked for in this time, however long it is valid; and old answers bridge an outage for an hour. */
function inactive(stack: Stack, name: CacheName): number {
  const notFound = name === 'api' ? stack.value('edge.cache.api.notFoundTtlSeconds') : 0;
  return Math.max(lifetime(stack, name), notFound) + 3600;
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
    mapBlock(template`$http_authorization:$has_session:$is_write`, template`$no_shared`, [
      ['default', 1],
      [':0:0', 0],
    ]),
    // Chunks and pictures are the same for everybody; browsers send cookies with them all the same.
    mapBlock(template`$http_authorization:$is_write`, template`$no_shared_file`, [
      ['default', 1],
      [':0', 0],
    ]),
    // With a Cache-Control of the upstream, nginx would store any status, errors too. Retries read "502, 200".
    storable(template`$no_store_api`, pattern`~(?:^|[ ,])(?:200|404)$`),
    storable(template`$no_store_file`, pattern`~(?:^|[ ,])200$`),
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

/** Left out, every cookie may be a session. A list is the user's word that no other cookie identifies anybody. */
function sessionCookies(stack: Stack): readonly (readonly [string | Template, number])[] {
  const names = stack.effective.find('edge.cache.api.privateCookies');
  if (names === undefined)
    return [
      ['default', 1],
      ['', 0],
    ];
  if (names.length === 0) return [['default', 0]];
  return [
    ['default', 0],
    [join(pattern`~*(?:^|[;,])\s*(?:`, alternatives(names), pattern`)\s*(?:[=;,]|$)`), 1],
  ];
}
