import type { Draft } from '../draft.ts';
import type { Site } from './locations.ts';
import { all, type Directive, named } from './read.ts';

/** Directives that no field stands for: which, where, and what to do. Those that pitcrew sets itself are passed over. */

const REASONS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^auth_(basic|request)/, 'nobody logs in at the edge: let the application ask, or put the site behind a VPN'],
  [/^(allow|deny)$/, 'addresses are not told apart by path: edge.clientIdentity.otherPeers locks the site to its CDN'],
  [/^(rewrite|rewrite_log)$/, 'paths are not rewritten: let the application redirect'],
  [
    /^(map|geo|split_clients)$/,
    'what your own variables decide is not taken over: say it by fields, where there is one',
  ],
  [/^if$/, 'conditions are not taken over'],
  [/^proxy_cache_key$/, 'the key is scheme, method, host and the whole URI'],
  [/^proxy_cache_methods$/, 'only GET and HEAD are kept'],
  [/^(sub_filter|addition|xslt|image_filter)/, 'answers are not changed at the edge'],
  [/(_lua|^lua_|^js_|^perl)/, 'there are no scripts in nginx of pitcrew'],
  [/^(stream|mail)$/, 'only HTTP is served'],
  [/^(fastcgi|uwsgi|scgi|grpc|memcached)_pass$/, 'backends are reached by HTTP only'],
  [/^mirror/, 'requests are not mirrored'],
  [/^error_page$/, 'pages for errors come from the application'],
  [/^brotli/, 'answers are compressed by gzip'],
];

const NAMES =
  /^(x-(cache|content-type|frame|xss|forwarded|real)[\w-]*|referrer-policy|strict-transport-security|cache-control|pragma|expires|host|upgrade|connection|accept-encoding|cf-[\w-]+)$/i;

export function noteRemainder(draft: Draft, { main, http }: Site): void {
  const around = [...main.filter(({ name }) => name !== 'http'), ...http];
  for (const [pattern, reason] of REASONS) {
    const found = walk(around).filter(({ name }) => pattern.test(name) && !isOfCache(name, around));
    if (found.length > 0) draft.note('unmapped', placesOf(found), reason);
  }
  noteHeaders(draft, around, 'add_header', 'the application has to send this header of answers itself');
  noteHeaders(draft, around, 'proxy_set_header', 'the application does not get this header of requests from nginx');
}

/** Maps that only tell WebSockets apart are what pitcrew has too. */
const isOfCache = (name: string, around: readonly Directive[]): boolean =>
  name === 'map' && named(around, 'map').every(({ args }) => /http_upgrade/.test(args[0] ?? ''));

const walk = (block: readonly Directive[]): Directive[] =>
  block.flatMap((directive) => [
    directive,
    ...(['map', 'geo', 'types'].includes(directive.name) ? [] : walk(directive.children)),
  ]);

function placesOf(found: readonly Directive[]): string {
  const places = [...new Set(found.map(({ at, name }) => `${at} ${/^\w{1,40}$/.test(name) ? name : ''}`.trim()))];
  return places.length > 4 ? `${places.slice(0, 4).join(', ')} and ${places.length - 4} more` : places.join(', ');
}

/** Headers by name; what is not made of words could be a value in the wrong place. */
function noteHeaders(draft: Draft, around: readonly Directive[], directive: string, reason: string): void {
  const found = new Map<string, Directive>();
  for (const each of all(around, directive)) {
    const [name = ''] = each.args;
    const shown = /^[A-Za-z]{1,20}(-[A-Za-z]{1,20}){0,5}$/.test(name) ? name : '';
    if (!NAMES.test(name) && !found.has(shown)) found.set(shown, each);
  }
  for (const [name, { at }] of found) draft.note('unmapped', `${at} ${directive} ${name}`.trimEnd(), reason);
}
