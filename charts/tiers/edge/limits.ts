import { shortHashOf } from '../../kit/hash.ts';
import { directive, type Statement } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { LIMIT_KEY } from './client-identity.ts';

/** How much one client may ask (NG-20, NG-21). Cache hits count too; what exceeds is refused at once unless the mode is Delay. */

/** Two kinds of traffic, each with limits of its own. */
export type Traffic = 'api' | 'web';

/** The zones, and the status of a refusal. */
export function limitZones(stack: Stack): Statement[] {
  return [
    ...(['api', 'web'] as const).flatMap((traffic) => [
      directive(
        'limit_req_zone',
        LIMIT_KEY,
        `zone=${zoneName(stack, traffic, 'req')}:${stack.value('edge.rateLimit.zoneMiB')}m`,
        `rate=${stack.value(`edge.rateLimit.${traffic}.requestsPerSecond`)}r/s`,
      ),
      directive(
        'limit_conn_zone',
        LIMIT_KEY,
        `zone=${zoneName(stack, traffic, 'conn')}:${stack.value('edge.connectionLimit.zoneMiB')}m`,
      ),
    ]),
    directive('limit_req_status', 429),
    directive('limit_conn_status', 429),
    ...(stack.value('edge.rateLimit.enforcement') === 'DryRun' ? [directive('limit_req_dry_run', 'on')] : []),
    ...(stack.value('edge.connectionLimit.enforcement') === 'DryRun' ? [directive('limit_conn_dry_run', 'on')] : []),
    // Below the level of the error log: the access log has them all, and a flood must not be written twice.
    directive('limit_req_log_level', 'info'),
    directive('limit_conn_log_level', 'info'),
  ];
}

/** Limits in a location. */
export function limitsOf(stack: Stack, traffic: Traffic): Statement[] {
  return [
    ...rateLimit(stack, traffic),
    directive('limit_conn', zoneName(stack, traffic, 'conn'), connections(stack, traffic)),
  ];
}

/** The limit of requests alone, for files of which a page fetches many at the same time. */
export function rateLimit(stack: Stack, traffic: Traffic): Statement[] {
  const burst = stack.value(`edge.rateLimit.${traffic}.burst`);
  return [
    directive(
      'limit_req',
      `zone=${zoneName(stack, traffic, 'req')}`,
      ...(burst > 0 ? [`burst=${burst}`] : []), // nginx refuses burst=0; none is the same.
      ...waiting(stack, traffic),
    ),
  ];
}

/** Without a word, nginx lets requests of the burst wait (S9). */
function waiting(stack: Stack, traffic: Traffic): string[] {
  if (stack.value(`edge.rateLimit.${traffic}.mode`) === 'Reject') return ['nodelay'];
  const after = stack.value(`edge.rateLimit.${traffic}.delayAfter`);
  return after > 0 ? [`delay=${after}`] : [];
}

const connections = (stack: Stack, traffic: Traffic): number => stack.value(`edge.connectionLimit.${traffic}`);

/**
 * The name carries a hash of what the clients are counted by: when that changes under the same name,
 * nginx passes its test, refuses the reload, and keeps the old configuration (NG-35).
 */
function zoneName(stack: Stack, traffic: Traffic, kind: 'req' | 'conn'): string {
  const key = [
    LIMIT_KEY.text,
    stack.value('edge.clientIdentity.source'),
    String(stack.value('edge.clientIdentity.ipv6PrefixLength')),
  ];
  return `${traffic}_${kind}_${shortHashOf(...key)}`;
}
