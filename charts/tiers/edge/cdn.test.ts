import { describe, expect, it } from 'vitest';
import { valuesOf } from '../../kit/nginx-reader.ts';
import { GUIDE_EDGE, guideWith, httpOf, type Json, locationFor, locationsOf, mapped, serverOf } from './fixtures.ts';

const HEADER = 'Cloudflare-CDN-Cache-Control';
const withCdn = guideWith({ cdn: { provider: 'Cloudflare' } });
const said = (stack: typeof withCdn, path: string) =>
  valuesOf(locationFor(serverOf(stack, 8443, 'shop.example'), path), 'add_header').find(
    ([name]) => name === HEADER,
  )?.[1];
const entries = (stack: typeof withCdn) =>
  httpOf(stack)
    .find(({ words }) => words[2] === '$cdn_cache_control')
    ?.children?.map(({ words }) => words);

describe('what the CDN is told (FUT-1)', () => {
  it.each([
    ['/api/products', '$cdn_cache_control'],
    ['/api/orders', 'no-store'],
    ['/', undefined],
    ['/_next/static/x.js', undefined],
  ])('%s: %s', (path, expected) => {
    expect(said(withCdn, path)).toBe(expected);
  });

  it('is nothing where there is none', () => {
    for (const body of locationsOf(serverOf(guideWith({}), 8443, 'shop.example')).values())
      expect(valuesOf(body, 'add_header').map(([name]) => name)).not.toContain(HEADER);
    expect(entries(guideWith({}))).toBeUndefined();
  });

  it('is to keep nothing where nginx keeps nothing either', () => {
    const off = guideWith({ cdn: { provider: 'Cloudflare' }, cache: { ...(GUIDE_EDGE.cache as Json), maxSize: 0 } });
    expect(said(off, '/api/products')).toBe('no-store');
  });

  const ours = 'public, max-age=300, stale-while-revalidate=60';
  it.each([
    ['0:200::', ours, ours],
    ['0:200::max-age=60', '', ours],
    ['1:200::', 'no-store', 'no-store'],
    ['0:404::', 'no-store', 'no-store'],
    ['0:200:session=1:', 'no-store', 'no-store'],
    ['0:200::Private', 'no-store', 'no-store'],
    ['0:200::max-age=0, no-store', 'no-store', 'no-store'],
    ['0:500::', 'no-store', 'no-store'],
  ])('of an answer of %s is %j, with a fixed lifetime %j (INV-01, INV-02)', (facts, expected, whenFixed) => {
    const api = { paths: ['/api/products'], lifetime: 'Fixed' };
    const fixed = guideWith({ cdn: { provider: 'Cloudflare' }, cache: { ...(GUIDE_EDGE.cache as Json), api } });
    expect(mapped(entries(withCdn), facts)).toBe(expected);
    expect(mapped(entries(fixed), facts)).toBe(whenFixed);
  });

  it('has the times of the profile', () => {
    const stack = guideWith({ cdn: { provider: 'Cloudflare', sMaxAgeSeconds: 30, staleWhileRevalidateSeconds: 0 } });
    expect(entries(stack)?.[1]?.[1]).toBe('public, max-age=30');
  });
});
