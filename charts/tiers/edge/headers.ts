import { directive, join, mapBlock, type Statement, type Template, template } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { clientScheme } from './client-identity.ts';

/**
 * Headers of answers. They stand at the top, for redirects and refusals too. nginx inherits `add_header` all or
 * nothing, so a location that adds one of its own repeats the whole set.
 */

/** What the headers are made of. A security header that the application sends itself stays as it is. */
export function headerMaps(stack: Stack): Statement[] {
  return [
    unlessSent(template`$upstream_http_x_content_type_options`, template`$add_nosniff`, 'nosniff'),
    unlessSent(template`$upstream_http_referrer_policy`, template`$add_referrer`, 'strict-origin-when-cross-origin'),
    unlessSent(template`$upstream_http_x_frame_options`, template`$add_frames`, 'SAMEORIGIN'),
    // Browsers take it over TLS only. No subdomains: they are not ours to promise.
    mapBlock(join(clientScheme(stack), template`:$upstream_http_strict_transport_security`), template`$add_hsts`, [
      ['default', ''],
      ['https:', 'max-age=31536000'],
    ]),
    // A refusal of our own, not one of the application. The buckets are refilled many times a second.
    mapBlock(template`$status:$upstream_status`, template`$add_retry_after`, [
      ['default', ''],
      ['429:', 1],
    ]),
    mapBlock(template`$upstream_cache_status`, template`$cache_status`, [
      ['default', template`$upstream_cache_status`],
      ['', 'OFF'],
    ]),
  ];
}

/** The headers of every answer, after those that a location adds. A header with an empty value is not sent. */
export function answerHeaders(...more: readonly Statement[]): Statement[] {
  return [
    ...more,
    header('X-Cache-Status', template`$cache_status`),
    header('X-Content-Type-Options', template`$add_nosniff`),
    header('Referrer-Policy', template`$add_referrer`),
    header('X-Frame-Options', template`$add_frames`),
    header('Strict-Transport-Security', template`$add_hsts`),
    header('Retry-After', template`$add_retry_after`),
  ];
}

/** A header of answers of any status. */
export function header(name: string, value: Template | string): Statement {
  return directive('add_header', name, value, 'always');
}

function unlessSent(sent: Template, target: Template, value: string): Statement {
  return mapBlock(sent, target, [
    ['default', ''],
    ['', value],
  ]);
}
