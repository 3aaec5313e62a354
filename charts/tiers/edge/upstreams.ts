import { bytes, formatNginxSize } from '../../../crds/units.ts';
import { tierName } from '../../kit/names.ts';
import { block, directive, mapBlock, pattern, type Statement, template } from '../../kit/nginx.ts';
import { backendPort, frontendPort, type Stack } from '../../stack.ts';
import { clientScheme } from './client-identity.ts';

/** The servers behind the edge: how they are found, kept connected, and spoken to (NG-30, NG-31). */

export type Upstream = 'backend' | 'frontend';

/** Who answers for paths that nobody else claims. */
export function siteUpstream(stack: Stack): Upstream {
  return stack.spec.frontend === undefined ? 'backend' : 'frontend';
}

export function upstreams(stack: Stack): Statement[] {
  return [
    upstream(stack, 'backend', backendPort(stack.spec)),
    ...(stack.spec.frontend === undefined ? [] : [upstream(stack, 'frontend', frontendPort(stack.spec))]),
  ];
}

/**
 * The bare name of the Service: the pod's search list begins with its own namespace, so it is found at the first
 * try whatever the domain of the cluster is, which we do not know. nginx asks once, when it starts or reloads;
 * the address of a Service does not change. With one server, counting failures could only refuse everybody.
 */
function upstream(stack: Stack, name: Upstream, port: number): Statement {
  const connections = stack.value('edge.upstreamKeepalive.connections');
  return block(
    ['upstream', name],
    [
      directive('server', `${tierName(stack.name, name)}:${port}`, 'max_fails=0'),
      directive('keepalive', connections), // Explicit: since 1.29.7 nginx has a default that locations do not share.
      ...(connections === 0
        ? []
        : [
            directive('keepalive_timeout', `${stack.value('edge.upstreamKeepalive.timeoutSeconds')}s`),
            directive('keepalive_requests', stack.value('edge.upstreamKeepalive.requests')),
          ]),
    ],
  );
}

/** How requests are passed on. No location sets a request header of its own, since that would drop all of these. */
export function proxySettings(stack: Stack): Statement[] {
  const deadline = stack.value('requestDeadlineSeconds');
  return [
    ...upgradeMaps(),
    directive('proxy_http_version', '1.1'),
    ...requestHeaders(stack),
    directive('proxy_hide_header', 'X-Powered-By'),
    directive('proxy_redirect', 'off'),
    directive('proxy_connect_timeout', `${Math.min(5, deadline)}s`),
    directive('proxy_read_timeout', `${deadline}s`),
    directive('proxy_send_timeout', `${deadline}s`),
    // A connection that broke is tried once more, but never a request that may have had an effect.
    directive('proxy_next_upstream', 'error', 'timeout'),
    directive('proxy_next_upstream_tries', 2),
    directive('proxy_next_upstream_timeout', `${Math.min(5, deadline)}s`),
    ...answerBuffers(stack),
    directive('proxy_max_temp_file_size', 0), // Long answers wait upstream; /tmp is not for them.
  ];
}

/** What is being sent must be at least the larger of the two sizes, and must leave one buffer free (NG-33). */
function answerBuffers(stack: Stack): Statement[] {
  const size = bytes(stack.value('edge.buffers.proxySize'));
  const busy = Math.max(bytes(stack.value('edge.buffers.proxyHeader')), 2 * size);
  return [
    directive('proxy_buffers', stack.value('edge.buffers.proxyCount'), formatNginxSize(size)),
    directive('proxy_busy_buffers_size', formatNginxSize(busy)),
  ];
}

/** WebSocket and nothing else may be upgraded to: with `h2c` a client could talk past the edge. */
function upgradeMaps(): Statement[] {
  const websocket = pattern`~*^websocket$`;
  return [
    mapBlock(template`$http_upgrade`, template`$upgrade`, [
      ['default', ''],
      [websocket, 'websocket'],
    ]),
    mapBlock(template`$http_upgrade`, template`$connection_upgrade`, [
      ['default', ''], // An empty Connection keeps the connection to the upstream open.
      [websocket, 'upgrade'],
    ]),
  ];
}

function requestHeaders(stack: Stack): Statement[] {
  const headers = [
    ['Host', template`$host`],
    ['Connection', template`$connection_upgrade`],
    ['Upgrade', template`$upgrade`],
    ['X-Real-IP', template`$remote_addr`],
    ['X-Forwarded-For', template`$remote_addr`], // One address, the client's: what clients claim here is not passed on.
    ['X-Forwarded-Proto', clientScheme(stack)],
    ['X-Forwarded-Host', template`$host`],
    ['X-Request-ID', template`$request_id`],
    ['Accept-Encoding', ''], // The edge compresses, once, and caches one form of each answer.
  ] as const;
  return headers.map(([name, value]) => directive('proxy_set_header', name, value));
}
