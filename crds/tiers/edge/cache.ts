import * as z from 'zod';
import { cookieName, quantityBetween, urlPath } from '../../fields.ts';
import { knob } from '../../knob.ts';
import { directiveIn, reload, rolling } from './nginx.ts';

/** What nginx may keep, for whom, and for how long (NG-01 to NG-06). */

const DAY = 86_400;
const YEAR = 365 * DAY;

const ttl = (minimum: number, maximum: number, preset: number, description: string) =>
  knob(z.int().min(minimum).max(maximum), {
    ...reload('proxy_cache_valid'),
    description,
    unit: 'seconds',
    default: preset,
    source: 'guide, caching rules; NG-03',
  });

const inactive = (what: string) =>
  knob(
    z
      .int()
      .min(1)
      .max(2 * YEAR),
    {
      ...reload('proxy_cache_path inactive'),
      description: `How long ${what} that nobody asks for stays in the cache, however long it is valid. Derived: an hour longer than it is valid.`,
      unit: 'seconds',
      source: 'INV-04, S23: the default of nginx is 10 minutes',
    },
  );

const api = z
  .strictObject({
    ttlSeconds: ttl(1, DAY, 300, 'How long a public API answer (GET, status 200) may be served from the cache.'),
    notFoundTtlSeconds: ttl(1, DAY, 60, 'How long a public API 404 may be served from the cache.'),
    lifetime: knob(z.enum(['Upstream', 'Fixed']), {
      ...reload('proxy_ignore_headers'),
      description:
        'Who says how long an answer is kept: Upstream (the Cache-Control of the backend; ttlSeconds where it is silent) or Fixed (always ttlSeconds). private, no-store and no-cache are obeyed either way.',
      default: 'Upstream',
      source: 'NG-03',
    }),
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
        'Names of the cookies that identify a user. A request that carries one is neither answered from the cache nor stored in it.',
      source: 'NG-01, INV-01',
    }),
    otherCookies: knob(z.enum(['Private', 'Harmless']), {
      ...reload('map $http_cookie'),
      description:
        'What cookies are that privateCookies does not name: Private (such a request is neither answered from the cache nor stored in it) or Harmless. Derived: Private where privateCookies is left out, else Harmless.',
      source: 'NG-01, INV-01',
    }),
    inactiveSeconds: inactive('an API answer'),
  })
  .optional()
  .describe('Cache of public API answers. Requests with Authorization are never cached, whatever stands here.');

export const cache = z
  .strictObject({
    api,
    static: z
      .strictObject({
        ttlSeconds: ttl(
          3600,
          YEAR,
          YEAR,
          'How long fingerprinted chunks below /_next/static/ are kept, here and in browsers (immutable).',
        ),
        inactiveSeconds: inactive('a chunk'),
      })
      .optional()
      .describe('Cache of fingerprinted static chunks.'),
    image: z
      .strictObject({
        ttlSeconds: ttl(60, 30 * DAY, 7 * DAY, 'How long an optimised picture of /_next/image is kept.'),
        inactiveSeconds: inactive('a picture'),
      })
      .optional()
      .describe('Cache of optimised pictures.'),
    maxSize: knob(quantityBetween('0', '1Ti'), {
      target: { file: 'nginx.conf', key: 'proxy_cache_path max_size' },
      change: 'rolling', // The volume of the cache grows with it.
      description: 'Space that all caches of one edge pod may take together; 0 switches them off.',
      unit: 'bytes (100Mi), from 0 to 1Ti',
      default: '100Mi',
      source: 'guide, troubleshooting; NG-05',
    }),
    minFree: knob(quantityBetween('0', '1Ti'), {
      ...reload('proxy_cache_path min_free'),
      description:
        'Space of the disk that the caches leave free, even if they have to shrink for it; 0 is no such bound.',
      unit: 'bytes (1Gi), from 0 to 1Ti',
      default: 0,
      source: 'NG-05',
    }),
    medium: knob(z.enum(['Disk', 'Memory']), {
      ...rolling('emptyDir.medium'),
      description:
        'Where the caches lie: Disk (the page cache of the kernel keeps what is hot, and gives it up when memory is short) or Memory (a tmpfs, which counts against the memory limit of the pod).',
      default: 'Disk',
      source: 'NG-05, S21',
    }),
    keysZoneMiB: knob(z.int().min(1).max(1024), {
      ...reload('proxy_cache_path keys_zone'),
      description:
        'Shared memory for the keys of each cache: 8000 keys a MiB. Derived from maxSize, for answers of 12 KiB on average.',
      unit: 'MiB',
      source: 'NG-05',
    }),
    lockTimeoutSeconds: knob(z.int().min(1).max(600), {
      ...reload('proxy_cache_lock_timeout, proxy_cache_lock_age'),
      description:
        'How long requests for one missing entry wait for the first of them, before they all go to the upstream. Derived: as long as the first one may take.',
      unit: 'seconds',
      source: 'NG-04, INV-04',
    }),
    minUses: knob(z.int().min(1).max(10), {
      ...directiveIn('http', 'proxy_cache_min_uses'),
      description: 'How often an answer must be asked for before it is kept.',
      unit: 'requests',
      default: 1,
      source: 'NG-04',
    }),
    serveStale: knob(z.enum(['OnError', 'WhileUpdating', 'Never']), {
      ...reload('proxy_cache_use_stale, proxy_cache_background_update'),
      description:
        'When an answer is served that is no longer valid: OnError (while it is renewed in the background, and while the upstream fails), WhileUpdating (only while it is renewed), or Never.',
      default: 'OnError',
      source: 'NG-04: one request to the upstream instead of 200 when an entry expires',
    }),
  })
  .optional()
  .describe(
    'What nginx may keep and for how long. Lost when the pod is replaced, kept when the configuration is reloaded.',
  );
