import { bytes, formatNginxSize } from '../../../crds/units.ts';
import { block, comment, directive, renderNginx, type Statement } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';
import { accessLog } from './access-log.ts';
import { cacheSettings } from './cache.ts';
import { clientIdentity } from './client-identity.ts';
import { answerHeaders, headerMaps } from './headers.ts';
import { limitZones } from './limits.ts';
import { locationMaps } from './locations.ts';
import { PID_FILE } from './paths.ts';
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
        ...compression(stack),
        ...clientSettings(stack),
        ...clientIdentity(stack),
        ...limitZones(stack),
        ...cacheSettings(stack),
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
  const connections = stack.value('edge.workerConnections');
  return [
    directive('daemon', 'off'),
    directive('pid', PID_FILE),
    directive('error_log', 'stderr', 'error'),
    directive('worker_processes', stack.value('edge.workerProcesses')),
    // INV-16: a proxied request holds two descriptors, one for each side.
    directive('worker_rlimit_nofile', 2 * connections + 1024),
    directive('worker_shutdown_timeout', `${stack.value('requestDeadlineSeconds') + DRAIN_MARGIN}s`),
  ];
}

function events(stack: Stack): Statement[] {
  return [
    directive('worker_connections', stack.value('edge.workerConnections')),
    directive('multi_accept', stack.value('edge.multiAccept') ? 'on' : 'off'),
    directive('use', 'epoll'),
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

function compression(stack: Stack): Statement[] {
  return [
    directive('gzip', 'on'),
    directive('gzip_comp_level', stack.value('edge.gzip.level')),
    directive('gzip_min_length', stack.value('edge.gzip.minLength')),
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
  // Longer than the proxy in front keeps an idle connection (Traefik: 90 s), so that it never uses one that we close.
  const keepAlive = stack.value('edge.clientIdentity.source') === 'Direct' ? 75 : 120;
  return [
    directive('keepalive_timeout', `${keepAlive}s`),
    directive('client_header_timeout', '15s'),
    directive('client_body_timeout', '30s'),
    directive('send_timeout', '30s'),
    directive('client_max_body_size', size(stack.value('edge.maxBodySize'), 1)),
    directive('client_body_buffer_size', size(stack.value('edge.buffers.clientBody'), 1024)),
    directive('output_buffers', 1, size(stack.value('edge.buffers.output'), 4096)),
  ];
}

/** A size for nginx. Zero would mean "no limit" or no buffer at all, so there is a least. */
const size = (quantity: string | number, least: number): string => formatNginxSize(Math.max(bytes(quantity), least));
