import * as z from 'zod';
import { quantityBetween } from '../../fields.ts';
import { knob } from '../../knob.ts';
import { directiveIn, reload } from './nginx.ts';

/** nginx itself: processes, descriptors, connections, buffers, compression (NG-30 to NG-34). */

export const processKnobs = {
  workerProcesses: knob(z.int().min(1).max(64), {
    ...directiveIn('main', 'worker_processes'),
    description: 'nginx worker processes. Derived from the CPU limit, since nginx itself counts the CPUs of the node.',
    unit: 'processes',
    source: 'NG-32',
  }),
  rlimitNofile: knob(z.int().min(1024).max(524_288), {
    ...directiveIn('main', 'worker_rlimit_nofile'),
    description:
      'Descriptors that one worker may have open: two for each proxied connection, and files. Derived from workerConnections. The most is what systemd leaves to containers.',
    unit: 'descriptors per worker',
    source: 'INV-16, NG-32',
  }),
  workerConnections: knob(z.int().min(256).max(65_536), {
    ...directiveIn('events', 'worker_connections'),
    description: 'Connections that one worker may hold open; a proxied request takes two.',
    unit: 'connections per worker',
    default: 2048,
    source: 'guide, events; NG-32',
  }),
  multiAccept: knob(z.boolean(), {
    ...directiveIn('events', 'multi_accept'),
    description: 'Whether a worker takes all waiting connections at once.',
    default: true,
    source: 'guide, events',
  }),
  eventMethod: knob(z.enum(['Epoll', 'Auto']), {
    ...reload('use'),
    description: 'How nginx waits for events: Epoll, or Auto (nginx chooses, which is epoll on Linux).',
    default: 'Epoll',
    source: 'guide, events; S17: it changes nothing on Linux',
  }),
  keepAliveSeconds: knob(z.int().min(1).max(3600), {
    ...directiveIn('http', 'keepalive_timeout'),
    description:
      'How long nginx keeps an idle connection of a client, or of the proxy in front, which must not keep it longer. Derived: 75, behind a proxy 120, behind Cloudflare 915.',
    unit: 'seconds',
    source: 'NG-30, INV-06',
  }),
};

export const upstreamKeepalive = z
  .strictObject({
    connections: knob(z.int().min(0).max(1024), {
      ...reload('keepalive'),
      description: 'Idle connections that one worker keeps to each upstream; 0 switches reuse off.',
      unit: 'connections per worker and upstream',
      default: 32,
      source: 'guide, keepalive; NG-30',
    }),
    timeoutSeconds: knob(z.int().min(1).max(300), {
      ...reload('keepalive_timeout'),
      description:
        'How long an idle connection to an upstream is kept. Must be shorter than the upstream keeps it (INV-06).',
      unit: 'seconds',
      default: 60,
      source: 'guide, keepalive; NG-30',
    }),
    requests: knob(z.int().min(10).max(100_000), {
      ...reload('keepalive_requests'),
      description: 'Requests after which a connection to an upstream is closed.',
      unit: 'requests',
      default: 1000,
      source: 'nginx default since 1.19.10; the guide says 100',
    }),
  })
  .optional()
  .describe('Reuse of connections from nginx to backend and frontend.');

export const gzip = z
  .strictObject({
    level: knob(z.int().min(1).max(9), {
      ...directiveIn('http', 'gzip_comp_level'),
      description: 'Compression level; above 6 costs twice the CPU for about one percent of size.',
      default: 5,
      source: 'NG-34; the guide says 6',
    }),
    minLength: knob(z.int().min(0).max(1_048_576), {
      ...directiveIn('http', 'gzip_min_length'),
      description: 'Answers shorter than this are not compressed.',
      unit: 'bytes',
      default: 1000,
      source: 'guide, gzip',
    }),
  })
  .optional()
  .describe('Compression of answers.');

export const buffers = z
  .strictObject({
    clientBody: knob(quantityBetween('1Ki', '8Mi'), {
      ...directiveIn('http', 'client_body_buffer_size'),
      description: 'Request bodies up to this size stay in memory.',
      unit: 'bytes (128Ki), from 1Ki to 8Mi',
      default: '128Ki',
      source: 'guide, buffers; NG-33',
    }),
    output: knob(quantityBetween('4Ki', '1Mi'), {
      ...reload('output_buffers'),
      description: 'Size of a buffer for answers that are read from disk and cannot be sent by the kernel.',
      unit: 'bytes (32Ki), from 4Ki to 1Mi',
      default: '32Ki',
      source: 'guide, buffers; NG-33',
    }),
    outputCount: knob(z.int().min(1).max(8), {
      ...reload('output_buffers'),
      description: 'Number of such buffers of one answer.',
      unit: 'buffers',
      default: 1,
      source: 'guide, buffers; NG-33',
    }),
    proxyHeader: knob(quantityBetween('4Ki', '32Ki'), {
      ...directiveIn('http', 'proxy_buffer_size'),
      description: 'Buffer for the headers of an answer. Large cookies and tokens overflow the usual 4Ki: 502.',
      unit: 'bytes (8Ki), from 4Ki to 32Ki',
      default: '8Ki',
      source: 'NG-33',
    }),
    proxyCount: knob(z.int().min(8).max(64), {
      ...reload('proxy_buffers'),
      description: 'Number of buffers for the body of one answer.',
      unit: 'buffers',
      default: 8,
      source: 'NG-33',
    }),
    proxySize: knob(quantityBetween('8Ki', '256Ki'), {
      ...reload('proxy_buffers'),
      description: 'Size of each of these buffers.',
      unit: 'bytes (16Ki), from 8Ki to 256Ki',
      default: '16Ki',
      source: 'NG-33',
    }),
  })
  .optional()
  .describe('Buffers of nginx, of each request that is in progress.');

export const maxBodySize = knob(quantityBetween('1Ki', '10Gi'), {
  ...directiveIn('http', 'client_max_body_size'),
  description: 'Largest request body that is accepted; larger ones are answered 413.',
  unit: 'bytes (10Mi), from 1Ki to 10Gi',
  default: '10Mi',
  source: 'NG-33: the nginx default of 1 MiB refuses most photographs',
});
