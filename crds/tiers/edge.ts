import { z } from 'zod';
import { cidr, cookieName, hostName, image, objectName, quantity, urlPath, withCel } from '../fields.ts';
import { knob } from '../knob.ts';
import { resources } from './resources.ts';

/** The edge: nginx in front of everything. TTLs, limits, keepalive, buffers, gzip, TLS. */

const reload = (key: string) => ({ target: { file: 'nginx.conf' as const, key }, change: 'reload' as const });

const ttl = (minimum: number, maximum: number, preset: number, description: string) =>
  knob(z.int().min(minimum).max(maximum), {
    ...reload('proxy_cache_valid'),
    description,
    unit: 'seconds',
    default: preset,
    source: 'guide, caching rules; NG-03',
  });

const cache = z
  .strictObject({
    api: z
      .strictObject({
        ttlSeconds: ttl(1, 86_400, 300, 'How long a public API answer (GET, status 200) may be served from the cache.'),
        notFoundTtlSeconds: ttl(1, 86_400, 60, 'How long a public API 404 may be served from the cache.'),
        paths: knob(z.array(urlPath()).max(50), {
          ...reload('location'),
          description:
            'URL prefixes below the backend whose answers are the same for everybody. Only these are cached; an empty list caches nothing.',
          default: [],
          source: 'NG-01: default deny, since nginx ignores Authorization and Cookie',
        }),
        privateCookies: knob(z.array(cookieName()).max(20), {
          ...reload('map $http_cookie'),
          description:
            'Names of the cookies that identify a user. A request that carries one is neither answered from the cache nor stored in it. Left out, every cookie counts as one; an empty list says that none does.',
          source: 'NG-01, INV-01',
        }),
      })
      .optional()
      .describe('Cache of public API answers. Requests with Authorization are never cached, whatever stands here.'),
    static: z
      .strictObject({
        ttlSeconds: ttl(
          3600,
          31_536_000,
          31_536_000,
          'How long fingerprinted chunks below /_next/static/ are kept, here and in browsers (immutable).',
        ),
      })
      .optional()
      .describe('Cache of fingerprinted static chunks.'),
    image: z
      .strictObject({
        ttlSeconds: ttl(60, 2_592_000, 604_800, 'How long an optimised picture of /_next/image is kept.'),
      })
      .optional()
      .describe('Cache of optimised pictures.'),
    maxSize: knob(quantity(), {
      target: { file: 'nginx.conf', key: 'proxy_cache_path max_size' },
      change: 'rolling', // The volume of the cache grows with it.
      description: 'Disk space that all caches of one edge pod may take together.',
      unit: 'bytes (100Mi)',
      default: '100Mi',
      source: 'guide, troubleshooting; NG-05',
    }),
  })
  .optional()
  .describe(
    'What nginx may keep and for how long. Lost when the pod is replaced, kept when the configuration is reloaded.',
  );

const rateZone = (rate: number, burst: number, what: string) =>
  z
    .strictObject({
      requestsPerSecond: knob(z.int().min(1).max(100_000), {
        ...reload('limit_req_zone rate'),
        description: `Requests that one client may send to ${what}, sustained.`,
        unit: 'requests per second and client',
        default: rate,
        source: 'guide, rate limiting; NG-20',
      }),
      burst: knob(z.int().min(0).max(10_000), {
        ...reload('limit_req burst'),
        description: `Requests of one client to ${what} above the rate that are still let through at once.`,
        unit: 'requests',
        default: burst,
        source: 'guide, rate limiting; NG-20',
      }),
    })
    .optional()
    .describe(`Limit for ${what}. What exceeds it is answered 429 at once.`);

const connections = (preset: number, what: string) =>
  knob(z.int().min(1).max(10_000), {
    ...reload('limit_conn'),
    description: `Requests of one client to ${what} that may be in progress at the same time (under HTTP/2 each stream counts).`,
    unit: 'requests in progress per client',
    default: preset,
    source: 'guide, rate limiting; NG-21',
  });

const clientIdentity = withCel(
  z.strictObject({
    source: knob(z.enum(['Direct', 'XForwardedFor', 'ProxyProtocol', 'CFConnectingIP']), {
      ...reload('real_ip_header'),
      description:
        'Where the address of the client is found: Direct (the TCP peer), XForwardedFor (a proxy such as Traefik in front), ProxyProtocol, or CFConnectingIP (Cloudflare).',
      default: 'Direct',
      source: 'NG-23, INV-09',
    }),
    trustedCIDRs: knob(z.array(cidr()).max(100), {
      ...reload('set_real_ip_from'),
      description: 'Addresses of the proxies in front whose word about the client is believed.',
      default: [],
      source: 'NG-23, INV-09',
    }),
    ipv6PrefixLength: knob(z.union([z.literal(64), z.literal(128)]), {
      ...reload('map $binary_remote_addr'),
      description: 'IPv6 clients are counted by this prefix: 64 (one customer) or 128 (one address).',
      unit: 'bits',
      default: 64,
      source: 'NG-23: one customer holds a whole /64',
    }),
  }),
  {
    rule: "!has(self.source) || self.source == 'Direct' || (has(self.trustedCIDRs) && size(self.trustedCIDRs) > 0)",
    message: 'a source other than Direct needs trustedCIDRs: name the addresses of the proxy in front',
  },
  (identity) =>
    identity.source === undefined || identity.source === 'Direct' || (identity.trustedCIDRs?.length ?? 0) > 0,
)
  .optional()
  .describe('How nginx knows one client from another. Limits are only as good as this.');

export const edgeSchema = z
  .strictObject({
    image: knob(image(), {
      target: { file: 'manifest', key: 'image' },
      change: 'rolling',
      description: 'nginx image, 1.30 or newer.',
      default: 'nginx:1.30',
      source: 'NG-30, INV-23: keepalive semantics of 1.29.7 and later',
    }),
    replicas: knob(z.int().min(1).max(10), {
      target: { file: 'manifest', key: 'replicas' },
      change: 'rolling',
      description: 'Edge pods. Each has its own cache and its own limit counters.',
      unit: 'pods',
      default: 1,
      source: 'NG-20: limit state is per pod',
    }),
    hosts: z
      .array(hostName())
      .min(1)
      .max(50)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe(
        'Host names of the site. The first is the canonical one; its www. twin, if listed, is redirected to it. Other hosts are refused.',
      ),
    tls: z
      .strictObject({
        secretName: objectName().describe('Secret of type kubernetes.io/tls with the certificate of the hosts.'),
      })
      .optional()
      .describe('TLS at the edge. With it, http is redirected to https; without it, the site is served by http.'),
    service: withCel(
      z.strictObject({
        type: knob(z.enum(['LoadBalancer', 'NodePort', 'ClusterIP']), {
          target: { file: 'manifest', key: 'Service.spec.type' },
          change: 'reload',
          description: 'Type of the Service in front of nginx.',
          default: 'LoadBalancer',
          source: 'k3s ServiceLB binds ports 80 and 443 of the node',
        }),
        externalTrafficPolicy: z
          .enum(['Local', 'Cluster'])
          .optional()
          .describe('Local keeps the address of the client; only for LoadBalancer and NodePort.'),
      }),
      {
        rule: "!has(self.externalTrafficPolicy) || !has(self.type) || self.type != 'ClusterIP'",
        message: 'externalTrafficPolicy goes with LoadBalancer or NodePort: remove it, or change the type',
      },
      (service) => service.externalTrafficPolicy === undefined || service.type !== 'ClusterIP',
    )
      .optional()
      .describe('The Service by which clients reach nginx.'),
    ingress: z
      .strictObject({ className: objectName().describe('IngressClass, for example traefik.') })
      .optional()
      .describe('An Ingress that leads the hosts to nginx, for clusters in which another proxy owns ports 80 and 443.'),
    clientIdentity,
    workerProcesses: knob(z.int().min(1).max(64), {
      ...reload('worker_processes'),
      description:
        'nginx worker processes. Derived from the CPU limit, since nginx itself counts the CPUs of the node.',
      unit: 'processes',
      source: 'NG-32',
    }),
    workerConnections: knob(z.int().min(256).max(65_536), {
      ...reload('worker_connections'),
      description: 'Connections that one worker may hold open; a proxied request takes two.',
      unit: 'connections per worker',
      default: 2048,
      source: 'guide, events; NG-32',
    }),
    multiAccept: knob(z.boolean(), {
      ...reload('multi_accept'),
      description: 'Whether a worker takes all waiting connections at once.',
      default: true,
      source: 'guide, events',
    }),
    cache,
    rateLimit: z
      .strictObject({ api: rateZone(10, 20, 'the API'), web: rateZone(50, 100, 'pages') })
      .optional()
      .describe('How many requests one client may send. Static chunks and probes are exempt.'),
    connectionLimit: z
      .strictObject({ api: connections(10, 'the API'), web: connections(20, 'pages') })
      .optional()
      .describe('How many requests of one client may be in progress.'),
    upstreamKeepalive: z
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
      .describe('Reuse of connections from nginx to backend and frontend.'),
    gzip: z
      .strictObject({
        level: knob(z.int().min(1).max(9), {
          ...reload('gzip_comp_level'),
          description: 'Compression level; above 6 costs twice the CPU for about one percent of size.',
          default: 5,
          source: 'NG-34; the guide says 6',
        }),
        minLength: knob(z.int().min(0).max(1_048_576), {
          ...reload('gzip_min_length'),
          description: 'Answers shorter than this are not compressed.',
          unit: 'bytes',
          default: 1000,
          source: 'guide, gzip',
        }),
      })
      .optional()
      .describe('Compression of answers.'),
    buffers: z
      .strictObject({
        clientBody: knob(quantity(), {
          ...reload('client_body_buffer_size'),
          description: 'Request bodies up to this size stay in memory.',
          unit: 'bytes (128Ki)',
          default: '128Ki',
          source: 'guide, buffers; NG-33',
        }),
        output: knob(quantity(), {
          ...reload('output_buffers'),
          description: 'Size of the one buffer for answers that are read from disk.',
          unit: 'bytes (32Ki)',
          default: '32Ki',
          source: 'guide, buffers; NG-33',
        }),
      })
      .optional()
      .describe('Buffers of nginx.'),
    maxBodySize: knob(quantity(), {
      ...reload('client_max_body_size'),
      description: 'Largest request body that is accepted; larger ones are answered 413.',
      unit: 'bytes (10Mi)',
      default: '10Mi',
      source: 'NG-33: the nginx default of 1 MiB refuses most photographs',
    }),
    resources: resources({ requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m', memory: '512Mi' } }),
  })
  .describe('nginx, the edge of the site.');
