import { describe, expect, it } from 'vitest';
import { CLOUDFLARE_RANGES } from '../../derivations/cloudflare.ts';
import { findAll, valuesOf } from '../../kit/nginx-reader.ts';
import { edgeConfig } from './config.ts';
import { confOf, guideWith, httpOf, locationFor, SMALL_SPEC, serverOf, stackFrom } from './fixtures.ts';

const guide = guideWith({});
const site = serverOf(guide, 8443, 'shop.example');
const all = (name: string, stack = guide) => findAll(confOf(stack), name).map(({ words }) => words.slice(1).join(' '));

describe("the guide's values", () => {
  it.each([
    ['proxy_cache_valid', '200 300s'],
    ['proxy_cache_valid', '404 60s'],
    ['proxy_cache_valid', '200 31536000s'],
    ['proxy_cache_valid', '200 604800s'],
    ['limit_conn', expect.stringMatching(/^api_conn_\w{8} 10$/)],
    ['limit_conn', expect.stringMatching(/^web_conn_\w{8} 20$/)],
    ['limit_req_zone', expect.stringMatching(/^\$lim_key zone=api_req_\w{8}:10m rate=10r\/s$/)],
    ['limit_req_zone', expect.stringMatching(/^\$lim_key zone=web_req_\w{8}:10m rate=50r\/s$/)],
    ['limit_req', expect.stringMatching(/^zone=api_req_\w{8} burst=20 nodelay$/)],
    ['limit_req', expect.stringMatching(/^zone=web_req_\w{8} burst=100 nodelay$/)],
    ['keepalive', '32'],
    ['keepalive_timeout', '60s'],
    ['keepalive_requests', '100'],
    ['worker_connections', '2048'],
    ['multi_accept', 'on'],
    ['use', 'epoll'],
    ['gzip_comp_level', '6'],
    ['gzip_min_length', '1000'],
    ['client_body_buffer_size', '128k'],
    ['output_buffers', '1 32k'],
    ['worker_processes', '1'],
    ['worker_rlimit_nofile', '5120'],
    ['proxy_read_timeout', '45s'],
  ])('%s %s', (name, value) => {
    expect(all(name)).toContainEqual(value);
  });

  it('are in force for both upstreams', () => {
    const upstreams = httpOf(guide).filter(({ words }) => words[0] === 'upstream');
    expect(upstreams.map(({ words, children = [] }) => [words[1], valuesOf(children, 'server')[0]])).toEqual([
      ['backend', ['shop-backend:8000', 'max_fails=0']],
      ['frontend', ['shop-frontend:3000', 'max_fails=0']],
    ]);
  });
});

describe('limits', () => {
  const limited = (path: string) =>
    ['limit_req', 'limit_conn'].map(
      (name) =>
        valuesOf(locationFor(site, path), name)[0]
          ?.join(' ')
          .match(/api|web/)?.[0],
    );

  it.each([
    ['/api/orders', ['api', 'api']],
    ['/api/products', ['api', 'api']],
    ['/', ['web', 'web']],
    ['/_next/image', ['web', undefined]],
    ['/_next/static/x.js', [undefined, undefined]],
    ['/uploads/x.png', [undefined, undefined]],
    ['/api/health', [undefined, undefined]],
    ['/.well-known/acme-challenge/x', [undefined, undefined]],
  ])('on %s (S11, INV-03): %j', (path, expected) => {
    expect(limited(path)).toEqual(expected);
  });

  it('are answered 429 at once, with the time to wait (INV-19, S9)', () => {
    expect(all('limit_req_status')).toEqual(['429']);
    expect(all('limit_conn_status')).toEqual(['429']);
    expect(all('add_header')).toContain('Retry-After $add_retry_after always');
  });

  it.each([
    [{ mode: 'Delay' }, 'burst=20'],
    [{ mode: 'Delay', delayAfter: 5 }, 'burst=20 delay=5'],
    [{ mode: 'Reject', delayAfter: 5 }, 'burst=20 nodelay'],
  ])('wait only where they shall (S9): %j', (mode, expected) => {
    const stack = guideWith({ rateLimit: { api: { burst: 20, ...mode } } });
    expect(all('limit_req', stack)).toContainEqual(
      expect.stringMatching(new RegExp(`^zone=api_req_\\w{8} ${expected}$`)),
    );
  });

  it('can be tried without refusing anybody', () => {
    expect([...all('limit_req_dry_run'), ...all('limit_conn_dry_run')]).toEqual([]);
    const stack = guideWith({ rateLimit: { enforcement: 'DryRun' }, connectionLimit: { enforcement: 'DryRun' } });
    expect([...all('limit_req_dry_run', stack), ...all('limit_conn_dry_run', stack)]).toEqual(['on', 'on']);
  });

  it('leave out those who are named, by their own address', () => {
    const stack = guideWith({ rateLimit: { exemptCIDRs: ['192.0.2.0/24', '192.0.2.0/24'] } });
    expect(all('geo', stack)).toContain('$remote_addr $lim_excused');
    expect(
      httpOf(stack)
        .find(({ words }) => words[2] === '$lim_excused')
        ?.children?.map(({ words }) => words),
    ).toEqual([
      ['default', '0'],
      ['192.0.2.0/24', '1'],
    ]);
    expect(
      httpOf(stack)
        .find(({ words }) => words[2] === '$lim_key')
        ?.children?.map(({ words }) => words),
    ).toEqual([
      ['default', ''],
      ['0:0', '$client_net'],
    ]);
  });

  it('leave a burst of nothing out, which nginx refuses to read', () => {
    const stack = guideWith({ rateLimit: { api: { burst: 0 } } });
    expect(all('limit_req', stack)).toContainEqual(expect.stringMatching(/^zone=api_req_\w{8} nodelay$/));
    expect(all('limit_req', stack).join()).not.toContain('burst=0');
  });

  it('count IPv6 by the prefix of a customer (INV-09), and change their zones with it', () => {
    const single = guideWith({ clientIdentity: { ipv6PrefixLength: 128 } });
    expect(JSON.stringify(confOf(guide))).toContain('~(?s)^(?<v6net>.{8}).{8}$');
    expect(JSON.stringify(confOf(single))).not.toContain('v6net');
    expect(all('limit_req_zone', single)).not.toEqual(all('limit_req_zone'));
  });
});

describe('the access log', () => {
  it('says what the cache and the limits did, which a response header does not (S20)', () => {
    const format = all('log_format').join('');
    for (const variable of ['$upstream_cache_status', '$limit_req_status', '$limit_conn_status', '$upstream_status'])
      expect(format).toContain(variable);
    expect(all('access_log')).toContain('/dev/stdout pitcrew buffer=16k flush=1s');
  });
});

describe('events', () => {
  it('are waited for as the guide says, or as nginx chooses (S17)', () => {
    expect([...all('use'), ...all('multi_accept')]).toEqual(['epoll', 'on']);
    expect(all('use', guideWith({ eventMethod: 'Auto' }))).toEqual([]);
  });
});

describe('client identity', () => {
  it.each([
    ['XForwardedFor', 'X-Forwarded-For'],
    ['ProxyProtocol', 'proxy_protocol'],
    ['CFConnectingIP', 'CF-Connecting-IP'],
  ])('%s: %s', (source, header) => {
    const stack = guideWith({ clientIdentity: { source, trustedCIDRs: ['10.42.0.0/16', 'fd00::/8', '10.42.0.0/16'] } });
    expect(all('real_ip_header', stack)).toEqual([header]);
    expect(all('set_real_ip_from', stack)).toEqual(['10.42.0.0/16', 'fd00::/8']);
    expect(all('real_ip_recursive', stack)).toEqual(['on']);
  });

  it('is found behind an Ingress, and only its proxy is believed (INV-09)', () => {
    const stack = guideWith({ ingress: { className: 'traefik' } });
    expect(all('real_ip_header', stack)).toEqual(['X-Forwarded-For']);
    expect(all('set_real_ip_from', stack)).toContain('10.0.0.0/8');
    // The Service can be reached from outside: then nobody is believed.
    const open = guideWith({ ingress: { className: 'traefik' }, service: { type: 'LoadBalancer' } });
    expect(all('set_real_ip_from', open)).toEqual([]);
  });

  it('is believed to be what Cloudflare says, from its published ranges', () => {
    const stack = guideWith({ cdn: { provider: 'Cloudflare' } });
    expect(all('real_ip_header', stack)).toEqual(['CF-Connecting-IP']);
    expect(all('set_real_ip_from', stack)).toEqual([...CLOUDFLARE_RANGES]);
    expect(all('keepalive_timeout', stack)).toContain('915s');
  });

  it('trusts nobody when clients come directly', () => {
    expect(all('set_real_ip_from')).toEqual([]);
    expect(all('proxy_set_header')).toContain('X-Forwarded-Proto $scheme');
  });
});

describe('request headers', () => {
  it('are set once for all locations, since nginx inherits them all or nothing', () => {
    const inside = findAll(confOf(guide), 'location').flatMap(({ children = [] }) =>
      valuesOf(children, 'proxy_set_header'),
    );
    expect(inside).toEqual([]);
    expect(all('proxy_set_header')).toEqual([
      'Host $host',
      'Connection $connection_upgrade',
      'Upgrade $upgrade',
      'X-Real-IP $remote_addr',
      'X-Forwarded-For $remote_addr',
      'X-Forwarded-Proto $scheme',
      'X-Forwarded-Host $host',
      'X-Request-ID $request_id',
      'Accept-Encoding ',
    ]);
  });

  it('never repeat a request that may have had an effect (INV-25)', () => {
    expect(all('proxy_next_upstream')).toEqual(['error timeout']);
    expect(all('proxy_next_upstream_tries')).toEqual(['2']);
  });
});

describe('extremes', () => {
  it.each([
    ['nothing optional', stackFrom(SMALL_SPEC)],
    [
      'the least of everything',
      guideWith({
        maxBodySize: '1Ki',
        buffers: { clientBody: 1024, output: 4096, proxyHeader: '32Ki', proxySize: '8Ki' },
        upstreamKeepalive: { connections: 0 },
      }),
    ],
    [
      'the longest host names',
      guideWith({ hosts: [`${`${'a'.repeat(61)}.`.repeat(4)}ab`, `www.${'b'.repeat(60)}.example`] }),
    ],
    ['a deadline of one second', guideWith({}, { requestDeadlineSeconds: 1 })],
  ])('%s', (_, stack) => {
    expect(all('client_max_body_size', stack)).not.toContain('0');
    expect(all('client_body_buffer_size', stack)).not.toContain('0');
    expect(all('proxy_connect_timeout', stack)[0]).toMatch(/^[15]s$/);
    const inKib = (name: string) => Number.parseInt(all(name, stack)[0]?.split(' ').pop() ?? '', 10);
    const [count = 0] = (all('proxy_buffers', stack)[0] ?? '').split(' ').map(Number);
    // What nginx demands of the three sizes.
    expect(inKib('proxy_busy_buffers_size')).toBeGreaterThanOrEqual(inKib('proxy_buffer_size'));
    expect(inKib('proxy_busy_buffers_size')).toBeLessThanOrEqual((count - 1) * inKib('proxy_buffers'));
  });
});

describe('the hash', () => {
  it('is in the configuration, and differs with each change of it', () => {
    const { hash, files } = edgeConfig(guide);
    expect(files['nginx.conf']).toContain(`return 200 ${hash};`);
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(edgeConfig(guideWith({})).hash).toBe(hash);
    expect(edgeConfig(guideWith({ gzip: { level: 5 } })).hash).not.toBe(hash);
  });
});
