import { mapBlock, pattern, type Statement, template } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { cachesOf } from './cache.ts';
import { header } from './headers.ts';

/**
 * What a CDN in front may keep (FUT-1): of the API, what nginx itself would keep, and nothing else. In the header
 * that Cloudflare alone reads and does not hand on, so that browsers and the cache of nginx do not see it.
 */

/** Maps for the headers below. */
export function cdnMaps(stack: Stack): Statement[] {
  if (!hasCdn(stack) || !cachesOf(stack).has('api')) return [];
  const stale = stack.value('edge.cdn.staleWhileRevalidateSeconds');
  const directives = [
    'public',
    `max-age=${stack.value('edge.cdn.sMaxAgeSeconds')}`,
    ...(stale === 0 ? [] : [`stale-while-revalidate=${stale}`]),
  ];
  return [
    // A public request, a good answer, no cookie set, and no word of the backend against it.
    mapBlock(
      template`$no_shared:$status:$upstream_http_set_cookie:$upstream_http_cache_control`,
      template`$cdn_cache_control`,
      [
        ['default', 'no-store'],
        ['0:200::', directives.join(', ')],
        // What the backend says of the lifetime itself goes for the CDN, too: an empty header is not sent.
        [
          pattern`~*^0:200::(?!.*(?:private|no-store|no-cache))`,
          stack.value('edge.cache.api.lifetime') === 'Fixed' ? directives.join(', ') : '',
        ],
      ],
    ),
  ];
}

/** The header for answers of the API, by whether nginx may keep them. */
export function cdnHeaders(stack: Stack, keeps: boolean): Statement[] {
  if (!hasCdn(stack)) return [];
  return [header('Cloudflare-CDN-Cache-Control', keeps ? template`$cdn_cache_control` : 'no-store')];
}

const hasCdn = (stack: Stack): boolean => stack.value('edge.cdn.provider') === 'Cloudflare';
