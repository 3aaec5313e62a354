import { describe, expect, it } from 'vitest';
import { valuesOf } from '../../kit/nginx-reader.ts';
import { edgeConfig } from './config.ts';
import { guideWith, httpOf, locationFor, locationsOf, SMALL_SPEC, serverOf, stackFrom } from './fixtures.ts';

const guide = guideWith({});
const TRUSTED = { source: 'XForwardedFor', trustedCIDRs: ['10.42.0.0/16'] };
const returned = (server: Parameters<typeof locationFor>[0], path: string) =>
  valuesOf(locationFor(server, path), 'return')[0];
const guardOf = (stack: typeof guide) =>
  valuesOf(serverOf(stack, 8080, 'shop.example'), 'if').map(([condition]) => condition);
const toHttps = (stack: typeof guide) => httpOf(stack).find(({ words }) => words[2] === '$to_https');

describe('hosts', () => {
  it('that are not listed reach nothing but proofs of certificates', () => {
    const plain = serverOf(guide, 8080, '_');
    expect([...locationsOf(plain).keys()]).toEqual(['/.well-known/acme-challenge/', '/']);
    expect(returned(plain, '/x')).toEqual(['421']);
    const tls = serverOf(guide, 8443, '_');
    expect(valuesOf(tls, 'ssl_reject_handshake')).toEqual([['on']]);
    expect(returned(tls, '/x')).toEqual(['421']);
  });

  it('that are the www. twin lead to the canonical one in one step', () => {
    const target = ['308', 'https://shop.example$request_uri'];
    expect(returned(serverOf(guide, 8080, 'www.shop.example'), '/x')).toEqual(target);
    expect(returned(serverOf(guide, 8443, 'www.shop.example'), '/x')).toEqual(target);
  });

  it('that are others are served like the canonical one', () => {
    expect(serverOf(guide, 8443, 'm.shop.example')).toBeDefined();
    expect(valuesOf(serverOf(guide, 8443, 'shop.example'), 'server_name')).toEqual([
      ['shop.example', 'm.shop.example'],
    ]);
  });

  it('keep www. where it is the canonical name itself', () => {
    const stack = guideWith({ hosts: ['www.shop.example', 'shop.example'] });
    expect(valuesOf(serverOf(stack, 8443, 'shop.example'), 'server_name')).toEqual([
      ['www.shop.example', 'shop.example'],
    ]);
  });
});

describe('plain http', () => {
  it('leads to https, but for proofs of certificates', () => {
    const server = serverOf(guide, 8080, 'shop.example');
    expect(returned(server, '/a')).toEqual(['308', 'https://$host$request_uri']);
    expect(valuesOf(locationFor(server, '/.well-known/acme-challenge/t'), 'proxy_pass')).toEqual([['http://frontend']]);
  });

  it('is the site itself without TLS', () => {
    const stack = stackFrom(SMALL_SPEC);
    expect(valuesOf(locationFor(serverOf(stack, 8080, 'shop.example'), '/'), 'proxy_pass')).toEqual([
      ['http://backend'],
    ]);
    expect(() => serverOf(stack, 8443, 'shop.example')).toThrow();
  });

  it('is believed to be https where a trusted proxy says so', () => {
    const stack = guideWith({ clientIdentity: TRUSTED });
    expect(guardOf(stack)).toEqual(['($to_https)']);
    expect(toHttps(stack)?.words[1]).toBe('$from_proxy:$http_x_forwarded_proto:$uri');
    expect(toHttps(stack)?.children?.[0]?.words).toEqual(['default', '1']);
  });

  it('is served behind an Ingress whose proxy cannot be asked, as a redirect might never end', () => {
    const stack = guideWith({ ingress: { className: 'traefik' }, service: { type: 'LoadBalancer' } });
    expect(toHttps(stack)?.words[1]).toBe('0::$uri');
    expect(toHttps(stack)?.children?.[0]?.words).toEqual(['default', '0']);
  });
});

describe('those who come past the proxies in front', () => {
  const locked = guideWith({ cdn: { provider: 'Cloudflare' }, clientIdentity: { otherPeers: 'Refuse' } });
  const refusals = (server: ReturnType<typeof serverOf>) =>
    server
      .filter(({ words }) => words[0] === 'if')
      .filter(({ words }) => words[1] === '($is_stranger)')
      .flatMap(({ children = [] }) => valuesOf(children, 'return'));

  it('are refused by the site where it is locked, before anything else', () => {
    expect(refusals(serverOf(locked, 8443, 'shop.example'))).toEqual([['403']]);
    expect(refusals(serverOf(locked, 8080, 'shop.example'))).toEqual([['403']]);
    expect(refusals(serverOf(guideWith({ cdn: { provider: 'Cloudflare' } }), 8443, 'shop.example'))).toEqual([]);
    // Nobody stands in front: there is nobody to come past.
    expect(refusals(serverOf(guideWith({ clientIdentity: { otherPeers: 'Refuse' } }), 8443, 'shop.example'))).toEqual(
      [],
    );
  });

  it('are known by their peer, which no header can change; what runs in the pod may enter', () => {
    const enters = httpOf(locked).find(({ words }) => words[2] === '$may_enter');
    expect(enters?.words[1]).toBe('$realip_remote_addr');
    expect(enters?.children?.map(({ words }) => words[0])).toEqual(
      expect.arrayContaining(['127.0.0.0/8', '173.245.48.0/20', '2400:cb00::/32']),
    );
  });
});

describe('the PROXY protocol', () => {
  it('is on every port of the site and not on the status port', () => {
    const stack = guideWith({ clientIdentity: { source: 'ProxyProtocol', trustedCIDRs: ['10.0.0.0/8'] } });
    const listens = httpOf(stack)
      .filter(({ words }) => words[0] === 'server')
      .flatMap(({ children = [] }) => valuesOf(children, 'listen'));
    expect(listens.length).toBe(7);
    for (const words of listens) expect(words.includes('proxy_protocol')).toBe(words[0] !== '8081');
  });
});

describe('the status server', () => {
  const status = serverOf(guide, 8081, '_');

  it('proves what is loaded and keeps no connection, which an old worker would answer', () => {
    expect(returned(status, '/-/config')).toEqual(['200', edgeConfig(guide).hash]);
    expect(returned(status, '/-/healthz')).toEqual(['200', 'ok']);
    expect(valuesOf(locationFor(status, '/-/config-error'), 'alias')).toEqual([['/tmp/pitcrew/config-error']]);
    expect(valuesOf(status, 'keepalive_timeout')).toEqual([['0']]);
    expect(valuesOf(status, 'access_log')).toEqual([['off']]);
  });
});

describe('paths', () => {
  const site = serverOf(guide, 8443, 'shop.example');

  it.each([
    ['/api/orders', 'backend'],
    ['/api', 'backend'],
    ['/apidocs', 'frontend'],
    ['/api/health', 'backend'],
    ['/', 'frontend'],
    ['/_next/static/x', 'frontend'],
  ])('%s → %s', (path, upstream) => {
    expect(valuesOf(locationFor(site, path), 'proxy_pass')).toEqual([[`http://${upstream}`]]);
  });

  it('that are claimed twice are written once', () => {
    const stack = guideWith(
      { cache: { api: { paths: ['/api/', '/api', '/api/health', '/uploads/x'] } } },
      { backend: { image: 'b:1', paths: ['/api', '/api/', '/', '/uploads'], healthPath: '/api' } },
    );
    const matches = serverOf(stack, 8443, 'shop.example').filter(({ words }) => words[0] === 'location');
    expect(new Set(matches.map(({ words }) => words.join(' '))).size).toBe(matches.length);
  });

  it('of uploads are files that cannot run', () => {
    const uploads = locationFor(site, '/uploads/a.html');
    expect(valuesOf(uploads, 'alias')).toEqual([['/srv/uploads/']]);
    expect(valuesOf(uploads, 'disable_symlinks')[0]?.[0]).toBe('on');
    const types = uploads.find(({ words }) => words[0] === 'types')?.children?.map(({ words }) => words[0]);
    expect(types?.some((type) => /html|javascript/.test(type ?? ''))).toBe(false);
  });
});

describe('headers', () => {
  it('are complete in every block that adds one of its own', () => {
    const site = serverOf(guide, 8443, 'shop.example');
    const common = valuesOf(httpOf(guide), 'add_header').map(([name]) => name);
    expect(common).toContain('X-Cache-Status');
    for (const body of locationsOf(site).values()) {
      const names = valuesOf(body, 'add_header').map(([name]) => name);
      if (names.length > 0) expect(names).toEqual(expect.arrayContaining(common));
    }
  });
});
