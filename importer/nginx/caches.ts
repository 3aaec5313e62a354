import { parseQuantity } from '../../crds/units.ts';
import type { Draft } from '../draft.ts';
import { inForce, type Location, placeOf, type Site } from './locations.ts';
import { type Directive, named } from './read.ts';
import { parameterOf, sizeQuantity, timeSeconds } from './units.ts';

/** Caches: how large, and how long what is kept. What of the API may be kept is the user's to say, path by path. */

export function placeCaches(draft: Draft, site: Site): void {
  placePaths(draft, named(site.http, 'proxy_cache_path'));
  for (const location of site.locations) {
    const [zone] = inForce(site, location, 'proxy_cache');
    const isCached = zone !== undefined && zone.args[0] !== 'off';
    if (location.purpose === 'api' && isCached) placeApi(draft, site, location);
    if (location.purpose === 'static') placeTtl(draft, site, location, 'static');
    if (location.purpose === 'image') placeTtl(draft, site, location, 'image');
    if (isCached) placeBehaviour(draft, site, location);
  }
}

/** The space of all caches is one number in a profile; the zones of keys have one size. */
function placePaths(draft: Draft, paths: readonly Directive[]): void {
  const sizes = paths.flatMap((path) => {
    const size = sizeQuantity(parameterOf(path.args, 'max_size') ?? '');
    return size === undefined ? [] : [{ path, size }];
  });
  const [first] = sizes;
  if (first === undefined) return;
  const total = sizes.reduce((sum, { size }) => sum + parseQuantity(size), 0);
  const places = sizes.map(({ path }) => path.at).join(', ');
  const from = `${places} proxy_cache_path max_size`;
  draft.place(
    'edge.cache.maxSize',
    sizes.length === 1 ? first.size : sizeQuantity(String(total)),
    from,
    `from ${from}${sizes.length > 1 ? ', together' : ''}`,
  );
  for (const { args, at } of paths) {
    const keys = /:([0-9]+)m$/i.exec(parameterOf(args, 'keys_zone') ?? '')?.[1];
    if (keys !== undefined && draft.at('edge.cache.keysZoneMiB') === undefined) {
      draft.place('edge.cache.keysZoneMiB', Number(keys), `${at} proxy_cache_path keys_zone`);
    }
  }
}

function placeApi(draft: Draft, site: Site, location: Location): void {
  const own = named(location.directive.children, 'proxy_cache_valid');
  const valid = own.length > 0 ? own : inForce(site, location, 'proxy_cache_valid');
  for (const { args, at } of valid) placeValid(draft, args, `${at} proxy_cache_valid`);
  placeInactive(draft, site, location, 'api');
  if (inForce(site, location, 'proxy_ignore_headers').some(({ args }) => args.includes('Cache-Control'))) {
    draft.place('edge.cache.api.lifetime', 'Fixed', `${placeOf(location)} proxy_ignore_headers Cache-Control`);
  }
  placeCookies(draft, site, location);
  placeCachedPath(draft, location);
}

/** `200 302 5m`, `404 1m`, or `5m` alone for the usual ones. */
function placeValid(draft: Draft, args: readonly string[], from: string): void {
  const statuses = args.slice(0, -1);
  const text = args.at(-1) ?? '';
  const ttl = timeSeconds(text);
  if (ttl === undefined) return;
  if (statuses.length === 0 || statuses.includes('200'))
    draft.place('edge.cache.api.ttlSeconds', ttl, from, `from ${from} ${text}`);
  if (statuses.includes('404')) draft.place('edge.cache.api.notFoundTtlSeconds', ttl, from, `from ${from} ${text}`);
  if (statuses.includes('any')) draft.note('unmapped', from, 'any would keep errors too: only 200 and 404 are kept');
}

/** Whole parts of an API are the same for everybody only if somebody says so. */
function placeCachedPath(draft: Draft, { directive, modifier, path }: Location): void {
  const from = `${directive.at} location`;
  if (modifier.startsWith('~')) {
    draft.note('unmapped', from, 'a pattern is cached: name its paths one by one in edge.cache.api.paths');
    return;
  }
  if (/^\/(api\/?(v[0-9]+\/?)?)?$/.test(path)) {
    draft.note(
      'unmapped',
      from,
      'the whole API is cached, and nginx would give the answer for one user to another: list in edge.cache.api.paths what is the same for everybody, for example /api/products',
    );
    return;
  }
  draft.place(['edge', 'cache', 'api', 'paths', `[${path}]`], path, from, `from ${from} with proxy_cache`);
}

/** `$cookie_session` in what keeps a request out of the cache. */
function placeCookies(draft: Draft, site: Site, location: Location): void {
  for (const name of ['proxy_cache_bypass', 'proxy_no_cache']) {
    for (const { args, at } of inForce(site, location, name)) {
      for (const [, cookie = ''] of args.flatMap((arg) => [...arg.matchAll(/\$cookie_(\w+)/g)])) {
        const path = ['edge', 'cache', 'api', 'privateCookies', `[${cookie}]`];
        if (draft.at(path) === undefined) draft.place(path, cookie, `${at} ${name}`);
      }
    }
  }
}

/** How long browsers or nginx keep chunks and pictures: `expires`, max-age or proxy_cache_valid. */
function placeTtl(draft: Draft, site: Site, location: Location, kind: 'static' | 'image'): void {
  const { children } = location.directive;
  const valid = named(children, 'proxy_cache_valid').find(({ args }) => args.length === 1 || args.includes('200'));
  const [found, text] = valid === undefined ? browserTime(children) : [valid, valid.args.at(-1)];
  const ttl = timeSeconds(text ?? '');
  if (found !== undefined && ttl !== undefined)
    draft.place(
      `edge.cache.${kind}.ttlSeconds`,
      ttl,
      `${found.at} ${found.name}`,
      `from ${found.at} ${found.name} ${text}`,
    );
  placeInactive(draft, site, location, kind);
}

/** The time that browsers are told, as nginx writes times. */
export function browserTime(children: readonly Directive[]): [Directive | undefined, string | undefined] {
  const [expires] = named(children, 'expires');
  if (expires !== undefined) return [expires, expires.args[0] === 'max' ? '10y' : expires.args[0]];
  const header = named(children, 'add_header').find(({ args }) => /^cache-control$/i.test(args[0] ?? ''));
  return [header, /max-age=([0-9]+)/.exec(header?.args[1] ?? '')?.[1]];
}

function placeInactive(draft: Draft, site: Site, location: Location, kind: 'api' | 'static' | 'image'): void {
  const [zone] = inForce(site, location, 'proxy_cache');
  const path = named(site.http, 'proxy_cache_path').find(
    ({ args }) => parameterOf(args, 'keys_zone')?.split(':')[0] === zone?.args[0],
  );
  const inactive = parameterOf(path?.args ?? [], 'inactive');
  const time = inactive === undefined ? undefined : timeSeconds(inactive);
  if (path === undefined || time === undefined) return;
  draft.place(
    `edge.cache.${kind}.inactiveSeconds`,
    time,
    `${path.at} proxy_cache_path inactive`,
    `from ${path.at} proxy_cache_path inactive=${inactive}`,
  );
}

/** What is the same for all caches of a profile. */
function placeBehaviour(draft: Draft, site: Site, location: Location): void {
  const [uses] = inForce(site, location, 'proxy_cache_min_uses');
  if (uses !== undefined) draft.place('edge.cache.minUses', Number(uses.args[0]), `${uses.at} proxy_cache_min_uses`);
  const [lock] = inForce(site, location, 'proxy_cache_lock_timeout');
  const seconds = timeSeconds(lock?.args[0] ?? '');
  if (lock !== undefined && seconds !== undefined)
    draft.place('edge.cache.lockTimeoutSeconds', seconds, `${lock.at} proxy_cache_lock_timeout`);
  const [stale] = inForce(site, location, 'proxy_cache_use_stale');
  if (stale !== undefined)
    draft.place('edge.cache.serveStale', staleness(stale.args), `${stale.at} proxy_cache_use_stale`);
}

function staleness(words: readonly string[]): 'OnError' | 'WhileUpdating' | 'Never' {
  if (words.some((word) => /^(error|timeout|http_5)/.test(word))) return 'OnError';
  return words.includes('updating') ? 'WhileUpdating' : 'Never';
}
