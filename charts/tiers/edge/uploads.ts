import { block, directive, mapBlock, pattern, type Statement, template } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { answerHeaders, header } from './headers.ts';
import { UPLOADS_DIRECTORY } from './paths.ts';

/** Files that users have uploaded, from the volume that the backend writes. Strangers' files: none of them may run. */

/** Types that cannot run in the site's origin, and SVG, which can only where it is opened by itself. The rest is a download. */
const TYPES: readonly (readonly [string, ...string[]])[] = [
  ['image/jpeg', 'jpg', 'jpeg'],
  ['image/png', 'png'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
  ['image/avif', 'avif'],
  ['image/svg+xml', 'svg'],
  ['image/x-icon', 'ico'],
  ['audio/mpeg', 'mp3'],
  ['audio/ogg', 'ogg', 'oga'],
  ['video/mp4', 'mp4', 'm4v'],
  ['video/webm', 'webm'],
  ['application/pdf', 'pdf'],
  ['font/woff2', 'woff2'],
  ['text/plain', 'txt'],
];

/** Pages and drawings, whatever the case of their suffix. */
const ACTIVE = pattern`~*\.(?:html?|xhtml|xht|shtml|svgz?|xml|xslt?|m?js)$`;

/** How long a file is kept, and what keeps a page or a drawing from running where somebody opens it by its address. */
export function uploadMaps(stack: Stack): Statement[] {
  const keep = `public, max-age=${stack.value('uploads.ttlSeconds')}`;
  return [
    mapBlock(template`$status`, template`$upload_cache_control`, [
      ['default', ''],
      [200, keep],
      [206, keep],
      [304, keep],
    ]),
    mapBlock(template`$uri`, template`$upload_disposition`, [
      ['default', ''],
      [ACTIVE, 'attachment'],
    ]),
    mapBlock(template`$uri`, template`$upload_policy`, [
      ['default', ''],
      [ACTIVE, "default-src 'none'; style-src 'unsafe-inline'; sandbox"],
    ]),
  ];
}

/** Served from the volume without limits: a page shows many of them, and nothing behind the edge is asked. */
export function uploadsBody(): Statement[] {
  return [
    directive('alias', `${UPLOADS_DIRECTORY}/`),
    // The backend could be made to write a link, for example to the key of the certificate.
    directive('disable_symlinks', 'on', `from=${UPLOADS_DIRECTORY}/`),
    directive('default_type', 'application/octet-stream'),
    block(
      ['types'],
      TYPES.map((words) => directive(...words)),
    ),
    directive('log_not_found', 'off'),
    ...answerHeaders(
      header('Cache-Control', template`$upload_cache_control`),
      header('Content-Disposition', template`$upload_disposition`),
      header('Content-Security-Policy', template`$upload_policy`),
    ),
  ];
}
