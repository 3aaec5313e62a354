import { bytes, formatNginxSize } from '../../../crds/units.ts';
import { block, comment, directive, renderNginx, type Statement } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { accessLog } from './access-log.ts';
import { cacheSettings } from './cache.ts';
import { cdnMaps } from './cdn.ts';
import { clientIdentity } from './client-identity.ts';
import { answerHeaders, headerMaps } from './headers.ts';
import { limitZones } from './limits.ts';
import { locationMaps } from './locations.ts';
import { PID_FILE } from './paths.ts';
import { plainDirectives } from './plain.ts';
import { serverMaps, siteServers, statusServer, tlsSettings } from './servers.ts';
import { uploadMaps } from './uploads.ts';
import { proxySettings, upstreams } from './upstreams.ts';

/** The whole configuration of nginx in one file. */
export function nginxConf(stack: Stack, configHash: string): string {
  return renderNginx([
    comment(`Written by pitcrew for the profile ${stack.namespace}/${stack.name}. Changes made here are overwritten.`),
    ...processSettings(stack),
    block(['events'], events(stack)),
    block(
      ['http'],
      [
        ...basics(stack),
        ...accessLog(),
        ...plainDirectives(stack, 'http'),
        ...compression(),
        ...clientSettings(stack),
        ...clientIdentity(stack),
        ...limitZones(stack),
        ...cacheSettings(stack),
        ...cdnMaps(stack),
        ...upstreams(stack),
        ...proxySettings(stack),
        ...headerMaps(stack),
        ...answerHeaders(),
        ...(stack.spec.uploads === undefined ? [] : uploadMaps(stack)),
        ...locationMaps(stack),
        ...serverMaps(stack),
        ...tlsSettings(stack),
        ...siteServers(stack),
        statusServer(configHash),
      ],
    ),
  ]);
}

/** Seconds above the deadline of a request after which an old worker, or a stopping one, is ended. */
const DRAIN_MARGIN = 5;

function processSettings(stack: Stack): Statement[] {
  return [
    directive('daemon', 'off'),
    directive('pid', PID_FILE),
    directive('error_log', 'stderr', 'error'),
    ...plainDirectives(stack, 'main'),
    directive('worker_shutdown_timeout', `${stack.value('requestDeadlineSeconds') + DRAIN_MARGIN}s`),
  ];
}

function events(stack: Stack): Statement[] {
  return [
    ...plainDirectives(stack, 'events'),
    ...(stack.value('edge.eventMethod') === 'Epoll' ? [directive('use', 'epoll')] : []),
  ];
}

function basics(stack: Stack): Statement[] {
  const longestHost = Math.max(...stack.spec.edge.hosts.map((host) => host.length));
  return [
    directive('include', '/etc/nginx/mime.types'),
    directive('default_type', 'application/octet-stream'),
    directive('server_tokens', 'off'),
    directive('sendfile', 'on'),
    directive('tcp_nopush', 'on'),
    directive('reset_timedout_connection', 'on'),
    directive('absolute_redirect', 'off'), // nginx knows its own port only, not the one that the client used.
    directive('types_hash_max_size', 2048),
    directive('server_names_hash_bucket_size', longestHost > 90 ? 512 : 128), // The default of 64 holds 40 characters.
    // The root file system is read-only.
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((module) =>
      directive(`${module}_temp_path`, `/tmp/${module}`),
    ),
  ];
}

function compression(): Statement[] {
  return [
    directive('gzip', 'on'),
    directive('gzip_vary', 'on'),
    directive('gzip_proxied', 'any'), // Else nothing is compressed for requests that came through a proxy.
    directive('gzip_types', ...COMPRESSED),
  ];
}

/** Text, less text/html, which nginx always compresses, and less what is compressed by itself. */
const COMPRESSED = [
  'text/plain',
  'text/css',
  'text/xml',
  'text/javascript',
  'text/x-component',
  'application/json',
  'application/ld+json',
  'application/manifest+json',
  'application/javascript',
  'application/xml',
  'application/rss+xml',
  'application/atom+xml',
  'application/wasm',
  'image/svg+xml',
  'image/x-icon',
  'font/ttf',
  'font/otf',
];

function clientSettings(stack: Stack): Statement[] {
  return [
    directive('client_header_timeout', '15s'),
    directive('client_body_timeout', '30s'),
    directive('send_timeout', '30s'),
    directive(
      'output_buffers',
      stack.value('edge.buffers.outputCount'),
      formatNginxSize(bytes(stack.value('edge.buffers.output'))),
    ),
  ];
}
