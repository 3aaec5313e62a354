import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findAll, valuesOf } from '../../kit/nginx-reader.ts';
import { cachesOf } from './cache.ts';
import {
  confOf,
  GUIDE_EDGE,
  GUIDE_SPEC,
  guideWith,
  httpOf,
  type Json,
  locationFor,
  locationsOf,
  mapped,
  SMALL_SPEC,
  serverOf,
  stackFrom,
} from './fixtures.ts';

const guide = guideWith({});
const site = serverOf(guide, 8443, 'shop.example');
const cacheAt = (path: string) => valuesOf(locationFor(site, path), 'proxy_cache')[0]?.[0]?.replace(/_[0-9a-f]+$/, '');
const withApi = (api: Json) => guideWith({ cache: { ...(GUIDE_EDGE.cache as Json), api } });
const mapNamed = (stack: ReturnType<typeof guideWith>, target: string) =>
  httpOf(stack)
    .find(({ words }) => words[0] === 'map' && words[2] === target)
    ?.children?.map(({ words }) => words);

describe('what is cached', () => {
  it.each([
    ['/api/products', 'api_cache'],
    ['/api/products/7', 'api_cache'],
    ['/api/products-internal', 'off'],
    ['/api/me', 'off'],
    ['/api/health', 'off'],
    ['/_next/static/chunk.js', 'static_cache'],
    ['/_next/image', 'image_cache'],
    ['/_next/data/x.json', 'off'],
    ['/', 'off'],
    ['/products', 'off'],
    ['/.well-known/acme-challenge/x', 'off'],
  ])('%s: %s', (path, cache) => {
    expect(cacheAt(path)).toBe(cache);
  });

  it('is nothing of the API unless it is listed', () => {
    const apis = [stackFrom(SMALL_SPEC), withApi({}), withApi({ paths: [] })];
    for (const stack of apis) expect(JSON.stringify(confOf(stack))).not.toContain('api_cache');
  });

  it('is no page, even if its path is listed', () => {
    const stack = withApi({ paths: ['/', '/shop', '/ap', '/api/products'] });
    const server = serverOf(stack, 8443, 'shop.example');
    const cached = [...locationsOf(server)].filter(([, body]) =>
      /^api_/.test(valuesOf(body, 'proxy_cache')[0]?.[0] ?? ''),
    );
    expect(cached.map(([match]) => match)).toEqual(['= /api/products', '/api/products/']);
  });

  it('is what a backend without a frontend lists, up to everything, but never its health', () => {
    const stack = stackFrom({ ...SMALL_SPEC, edge: { hosts: ['shop.example'], cache: { api: { paths: ['/'] } } } });
    const server = serverOf(stack, 8080, 'shop.example');
    expect(valuesOf(locationFor(server, '/x'), 'proxy_cache')[0]?.[0]).toMatch(/^api_cache/);
    expect(valuesOf(locationFor(server, '/health'), 'proxy_cache')).toEqual([['off']]);
  });
});

describe('every cached location (INV-01, INV-02, S3)', () => {
  const cached = findAll(confOf(guide), 'location').filter(({ children = [] }) =>
    valuesOf(children, 'proxy_cache').some(([zone]) => zone !== 'off'),
  );

  it('is left out of the cache and answered past it for private requests', () => {
    expect(cached.length).toBe(4);
    for (const { children = [] } of cached) {
      const [bypass] = valuesOf(children, 'proxy_cache_bypass');
      const [noCache] = valuesOf(children, 'proxy_no_cache');
      expect(bypass?.[0]).toMatch(/^\$no_shared/);
      expect(noCache?.[0]).toBe(bypass?.[0]);
      expect(valuesOf(children, 'proxy_ignore_headers').flat()).not.toContain('Set-Cookie');
    }
  });

  it('has the host, the whole address and the method in its key', () => {
    for (const { children = [] } of cached) {
      const key = valuesOf(children, 'proxy_cache_key')[0]?.[0];
      for (const part of ['$scheme', '$request_method', '$host', '$request_uri']) expect(key).toContain(part);
    }
  });

  it('keeps only good answers, whatever the upstream says of bad ones', () => {
    expect(mapNamed(guide, '$no_store_file')).toEqual([['volatile'], ['default', '1'], ['~(?:^|[ ,])200$', '0']]);
    expect(mapNamed(guide, '$no_store_api')?.[2]).toEqual(['~(?:^|[ ,])(?:200|404)$', '0']);
  });
});

describe('what is private', () => {
  it('is a request with Authorization, a session, a method that writes, a stream, or a delicate path (INV-01)', () => {
    expect(httpOf(guide).find(({ words }) => words[2] === '$no_shared')?.words[1]).toBe(
      '$http_authorization:$has_session:$is_write:$is_stream:$is_delicate',
    );
    expect(mapNamed(guide, '$no_shared')).toEqual([
      ['default', '1'],
      [':0:0:0:0', '0'],
    ]);
    expect(mapNamed(guide, '$is_write')).toEqual([
      ['default', '1'],
      ['GET', '0'],
      ['HEAD', '0'],
    ]);
  });

  it.each([
    ['/api/products', '0'],
    ['/api/products/7', '0'],
    ['/api/health-food', '0'],
    ['/api/health', '1'],
    ['/api/v2/HealthZ', '1'],
    ['/api/auth/providers', '1'],
    ['/api/products/stream', '1'],
    ['/api/admin', '1'],
    ['/api/metrics/', '1'],
    ['/socket.io/', '1'],
    ['/socketxio/', '0'],
  ])('%s, whatever is listed: %s (INV-03)', (path, expected) => {
    expect(mapped(mapNamed(guide, '$is_delicate'), path)).toBe(expected);
  });

  it.each([
    [':', '0'],
    [':application/json', '0'],
    ['websocket:', '1'],
    [':text/event-stream', '1'],
    [':application/json, Text/Event-Stream', '1'],
  ])('is a stream, by Upgrade and Accept %s: %s (INV-03)', (headers, expected) => {
    expect(mapped(mapNamed(guide, '$is_stream'), headers)).toBe(expected);
  });

  it('is an answer that says so, even where its lifetime is fixed', () => {
    const fixed = withApi({ paths: ['/api/products'], lifetime: 'Fixed' });
    const location = locationFor(serverOf(fixed, 8443, 'shop.example'), '/api/products');
    expect(valuesOf(location, 'proxy_ignore_headers')).toEqual([['Cache-Control', 'Expires']]);
    expect(valuesOf(location, 'proxy_no_cache')[0]).toContain('$no_store_said');
    const said = mapNamed(fixed, '$no_store_said');
    for (const value of ['private', 'max-age=0, No-Store', 'no-cache']) expect(mapped(said, value)).toBe('1');
    expect(mapped(said, 'max-age=5')).toBe('0');
  });

  it('is never one with Set-Cookie: no location looks away from it (INV-01)', () => {
    for (const stack of [guide, withApi({ paths: ['/api/x'], lifetime: 'Fixed' })])
      expect(findAll(confOf(stack), 'proxy_ignore_headers').flatMap(({ words }) => words)).not.toContain('Set-Cookie');
  });

  it('is every cookie, unless the profile names those that are', () => {
    expect(mapNamed(withApi({ paths: ['/api/x'] }), '$has_session')).toEqual([
      ['default', '1'],
      ['', '0'],
    ]);
    expect(mapNamed(withApi({ paths: ['/api/x'], privateCookies: [] }), '$has_session')).toEqual([['default', '0']]);
    const strict = withApi({ paths: ['/api/x'], privateCookies: ['a'], otherCookies: 'Private' });
    expect(mapNamed(strict, '$has_session')).toEqual([
      ['default', '1'],
      ['', '0'],
    ]);
  });

  it.each([
    ['auth_token=1', true],
    ['a=b; auth_token=1', true],
    ['a=b;Auth_Token =1', true],
    ['auth_token', true],
    ['xauth_token=1', false],
    ['auth_token2=1', false],
    ['a=auth_token', false],
    ['theme=dark', false],
  ])('with the cookies %s: %s', (cookies, expected) => {
    const [, entry] = mapNamed(guide, '$has_session') ?? [];
    const expression = entry?.[0]?.replace('~*', '') ?? '';
    expect(new RegExp(expression, 'i').test(cookies)).toBe(expected);
  });
});

describe('sizes', () => {
  it('stay together within edge.cache.maxSize', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), fc.boolean(), fc.boolean(), (maxSize, api, frontend) => {
        const cache = { maxSize, api: { paths: api ? ['/api/x'] : [] } };
        const base = frontend ? GUIDE_SPEC : SMALL_SPEC;
        const stack = stackFrom({ ...base, edge: { hosts: ['shop.example'], cache } });
        const sizes = [...cachesOf(stack).values()];
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(maxSize);
        expect(sizes.every((size) => size >= 2 ** 20)).toBe(true);
      }),
    );
  });

  it('too small to hold anything switch the cache off', () => {
    const stack = guideWith({ cache: { ...(GUIDE_EDGE.cache as Json), maxSize: '1Mi' } });
    expect(findAll(confOf(stack), 'proxy_cache').every(({ words }) => words[1] === 'off')).toBe(true);
    expect(findAll(confOf(stack), 'proxy_cache_path')).toEqual([]);
  });

  it('keep what is valid: inactive is longer than any time to live (INV-04)', () => {
    for (const words of valuesOf(httpOf(guide), 'proxy_cache_path')) {
      const inactive = Number(/inactive=(\d+)s/.exec(words.join(' '))?.[1]);
      const ttl = { api: 300, static: 31_536_000, image: 604_800 }[words[0]?.split('/').pop() ?? ''];
      expect(inactive).toBeGreaterThan(ttl ?? Number.POSITIVE_INFINITY);
    }
  });
});

describe('stampedes (INV-04)', () => {
  const settings = (cache: Json) => {
    const http = httpOf(guideWith({ cache: { ...(GUIDE_EDGE.cache as Json), ...cache } }));
    return ['proxy_cache_use_stale', 'proxy_cache_background_update'].map((name) => valuesOf(http, name)[0]?.join(' '));
  };

  it('wait as long as the first request may take', () => {
    expect(valuesOf(httpOf(guide), 'proxy_cache_lock_timeout')).toEqual([['45s']]);
    expect(valuesOf(httpOf(guide), 'proxy_cache_lock_age')).toEqual([['45s']]);
  });

  it.each([
    ['OnError', 'error timeout updating http_500 http_502 http_503 http_504', 'on'],
    ['WhileUpdating', 'updating', 'on'],
    ['Never', 'off', undefined],
  ])('%s: an update in the background always has an old answer to serve', (serveStale, stale, update) => {
    expect(settings({ serveStale })).toEqual([stale, update]);
  });
});

describe('pictures (S24)', () => {
  it('are kept by the class of what the browser accepts, not by Vary', () => {
    const location = locationFor(site, '/_next/image');
    expect(valuesOf(location, 'proxy_cache_key')[0]?.[0]).toContain('$image_format');
    expect(valuesOf(location, 'proxy_ignore_headers')).toEqual([['Vary']]);
  });
});

describe('chunks (S23)', () => {
  it('are immutable in browsers only when they are there', () => {
    const control = mapNamed(guide, '$chunk_cache_control');
    expect(mapped(control, '200')).toBe('public, max-age=31536000, immutable');
    expect(mapped(control, '404')).toBe('no-store');
    expect(mapped(control, '502')).toBe('no-store');
  });
});

describe('zone names (INV-24)', () => {
  const zones = (stack: ReturnType<typeof guideWith>) =>
    valuesOf(httpOf(stack), 'proxy_cache_path').map((words) => /keys_zone=(\w+):/.exec(words.join(' '))?.[1]);

  it('change with the key, and with nothing that a reload can take over', () => {
    const proxied = guideWith({ clientIdentity: { source: 'XForwardedFor', trustedCIDRs: ['10.42.0.0/16'] } });
    expect(zones(proxied)).not.toEqual(zones(guide));
    const larger = guideWith({ cache: { ...(GUIDE_EDGE.cache as Json), maxSize: '1Gi' } });
    expect(zones(larger)).toEqual(zones(guide));
  });
});
