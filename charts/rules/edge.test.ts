import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProfile, type Spec } from '../../crds/performance-profile.ts';
import { validProfile } from '../../test/support/arbitrary.ts';
import { DERIVATIONS } from '../derivations.ts';
import { resolveEffective } from '../effective.ts';
import { DEFAULT_FACTS } from '../facts.ts';
import { checkRules, type Finding, type Fix, type Rule, type Severity } from '../findings.ts';
import { withFix } from '../fix.ts';
import { RULES } from '../rule-book.ts';
import { EDGE_RULES } from './edge.ts';

type Edge = Spec['edge'];

/** Nothing to find: the address of the client is kept, every limit is roomy. */
const EDGE: Edge = { hosts: ['shop.example'], service: { externalTrafficPolicy: 'Local' } };
const SPEC: Spec = {
  edge: EDGE,
  backend: { image: 'shop:1', pool: { size: 2, maxOverflow: 2 } },
  frontend: { image: 'front:1' },
  postgres: { storage: { size: '20Gi' } },
};
const withEdge = (edge: Partial<Edge>, more: Partial<Spec> = {}): Spec => ({
  ...SPEC,
  ...more,
  edge: { ...EDGE, ...edge },
});
const cachedApi = (api: NonNullable<NonNullable<Edge['cache']>['api']>): Spec => withEdge({ cache: { api } });

function findingsOf(spec: Spec, rules: readonly Rule[]): Finding[] {
  const effective = resolveEffective(spec, DEFAULT_FACTS, DERIVATIONS);
  return checkRules(rules, { spec, effective, facts: DEFAULT_FACTS });
}
/** Of several findings of a rule, the one that says it. */
const finding = (spec: Spec, id: string, says = /./) =>
  findingsOf(spec, EDGE_RULES).find((found) => found.id === id && says.test(found.message));

interface Case {
  readonly id: string;
  readonly why: string;
  readonly spec: Spec;
  readonly severity: Severity;
  readonly says: RegExp;
  readonly fix: RegExp;
}

const CASES: readonly Case[] = [
  {
    id: 'INV-01',
    why: 'no cookie is private and something is cached',
    spec: cachedApi({ paths: ['/api/products'], privateCookies: [] }),
    severity: 'Error',
    says: /no cookie counts as private, but \/api\/products is cached/,
    fix: /^set edge\.cache\.api\.otherCookies to Private, or edge\.cache\.api\.paths to \[\]; or name the cookies/,
  },
  {
    id: 'INV-02',
    why: 'the whole API is cached',
    spec: cachedApi({ paths: ['/api', '/api/products'] }),
    severity: 'Error',
    says: /\/api is all that the backend serves below \/api\//,
    fix: /^set edge\.cache\.api\.paths to \["\/api\/products"\]$/,
  },
  {
    id: 'INV-02',
    why: 'what is somebody’s own is cached',
    spec: cachedApi({ paths: ['/api/products', '/api/Cart/items'] }),
    severity: 'Error',
    says: /\/api\/Cart\/items is somebody's own by its name \(Cart\)/,
    fix: /^set edge\.cache\.api\.paths to \["\/api\/products"\]$/,
  },
  {
    id: 'INV-03',
    why: 'the health of the backend is to be cached (S4)',
    spec: {
      ...cachedApi({ paths: ['/api/alive', '/api/auth/providers'] }),
      backend: { ...SPEC.backend, healthPath: '/api/alive' },
    },
    severity: 'Error',
    says: /\/api\/alive tells whether the backend lives, \/api\/auth\/providers is about auth: .*never cached/,
    fix: /^set edge\.cache\.api\.paths to \[\]$/,
  },
  {
    id: 'INV-04',
    why: 'entries are dropped while they are valid',
    spec: withEdge({ cache: { static: { inactiveSeconds: 600 } } }),
    severity: 'Warning',
    says: /static cache drops what nobody asks for in 600 s, although it is valid for 31536000 s/,
    fix: /^set edge\.cache\.static\.inactiveSeconds to 31539600$/,
  },
  {
    id: 'INV-04',
    why: 'the lock gives up before the first request',
    spec: withEdge({ cache: { lockTimeoutSeconds: 5 } }),
    severity: 'Warning',
    says: /wait 5 s .* may take 45 s/,
    fix: /^set edge\.cache\.lockTimeoutSeconds to 45$/,
  },
  {
    id: 'INV-09',
    why: 'the Service hides the clients (S10)',
    spec: withEdge({ service: { type: 'LoadBalancer' } }),
    severity: 'Warning',
    says: /the whole site gets 10 requests per second to the API and 20 at a time/,
    fix: /^set edge\.service\.externalTrafficPolicy to Local, or edge\.rateLimit\.enforcement to DryRun and edge\.connectionLimit\.enforcement to DryRun; or on k3s/,
  },
  {
    id: 'INV-09',
    why: 'a proxy in front is not named',
    spec: withEdge({ service: { type: 'ClusterIP' } }),
    severity: 'Warning',
    says: /share one bucket/,
    fix: /^set edge\.clientIdentity\.source to XForwardedFor and edge\.clientIdentity\.trustedCIDRs to \["10\.42\.0\.0\/16"\], or/,
  },
  {
    id: 'INV-09',
    why: 'anybody is believed',
    spec: withEdge({ clientIdentity: { source: 'XForwardedFor', trustedCIDRs: ['0.0.0.0/0', '::/0', '10.0.0.0/8'] } }),
    severity: 'Error',
    says: /holds 0\.0\.0\.0\/0, ::\/0: .*no limit holds him/,
    fix: /^set edge\.clientIdentity\.trustedCIDRs to \["10\.0\.0\.0\/8"\]$/,
  },
  {
    id: 'INV-09',
    why: 'anybody is believed, in two halves',
    spec: withEdge({ clientIdentity: { source: 'ProxyProtocol', trustedCIDRs: ['0.0.0.0/1', '128.0.0.0/1'] } }),
    severity: 'Error',
    says: /0\.0\.0\.0\/1, 128\.0\.0\.0\/1/,
    fix: /^set edge\.clientIdentity\.trustedCIDRs to \["10\.42\.0\.0\/16"\]$/,
  },
  {
    id: 'INV-09',
    why: 'the origin is locked and cannot see who comes',
    spec: withEdge({
      service: { type: 'LoadBalancer' },
      cdn: { provider: 'Cloudflare' },
      clientIdentity: { otherPeers: 'Refuse' },
    }),
    severity: 'Error',
    says: /everybody is refused/,
    fix: /^set edge\.service\.externalTrafficPolicy to Local$/,
  },
  {
    id: 'INV-09',
    why: 'a CDN stands in front and nobody asks it',
    spec: withEdge({ cdn: { provider: 'Cloudflare' }, clientIdentity: { source: 'Direct' } }),
    severity: 'Warning',
    says: /share one bucket/,
    fix: /^set edge\.clientIdentity\.source to CFConnectingIP and .*edge\.clientIdentity\.otherPeers to Refuse, or/,
  },
  {
    id: 'FUT-01',
    why: 'the origin is open beside its CDN',
    spec: withEdge({ service: { type: 'LoadBalancer' }, cdn: { provider: 'Cloudflare' } }),
    severity: 'Error',
    says: /past Cloudflare/,
    fix: /^set edge\.clientIdentity\.otherPeers to Refuse and edge\.service\.externalTrafficPolicy to Local; or let a firewall/,
  },
  {
    id: 'NG-30',
    why: 'nginx closes what the proxy in front still uses',
    spec: withEdge({
      keepAliveSeconds: 60,
      clientIdentity: { source: 'XForwardedFor', trustedCIDRs: ['10.42.0.0/16'] },
    }),
    severity: 'Warning',
    says: /after 60 s, the proxy in front uses them for 90 s/,
    fix: /^set edge\.keepAliveSeconds to 120$/,
  },
  {
    id: 'NG-41',
    why: 'the CDN keeps too long',
    spec: withEdge({
      cdn: { provider: 'Cloudflare', sMaxAgeSeconds: 7200 },
      clientIdentity: { otherPeers: 'Refuse' },
    }),
    severity: 'Warning',
    says: /the CDN keeps answers for 7200 s/,
    fix: /^set edge\.cdn\.sMaxAgeSeconds to 3600$/,
  },
  {
    id: 'INV-19',
    why: 'the guide’s connections (S11)',
    spec: withEdge({ connectionLimit: { api: 10, web: 20 } }),
    severity: 'Warning',
    says: /may have 10 requests to the API in progress/,
    fix: /^set edge\.connectionLimit\.api to 20$/,
  },
  {
    id: 'INV-19',
    why: 'the guide’s connections of pages (S11)',
    spec: withEdge({ connectionLimit: { api: 10, web: 20 } }),
    severity: 'Warning',
    says: /may have 20 pages in progress/,
    fix: /^set edge\.connectionLimit\.web to 100$/,
  },
  {
    id: 'INV-19',
    why: 'a burst that waits (S9)',
    spec: withEdge({ rateLimit: { api: { mode: 'Delay', requestsPerSecond: 10, burst: 20 } } }),
    severity: 'Warning',
    says: /20 requests of a burst wait at 10 per second: the last one for 2\.0 s/,
    fix: /^set edge\.rateLimit\.api\.mode to Reject$/,
  },
  {
    id: 'NG-20',
    why: 'more clients than the zone counts',
    spec: withEdge({ rateLimit: { zoneMiB: 1 } }, { objective: { concurrentUsers: 10_000 } }),
    severity: 'Warning',
    says: /1 MiB counts 8192 clients, but 10000 are expected/,
    fix: /^set edge\.rateLimit\.zoneMiB to 5$/,
  },
  {
    id: 'NG-21',
    why: 'a full zone refuses everybody',
    spec: withEdge(
      { connectionLimit: { zoneMiB: 1 }, resources: { limits: { memory: '2Gi' } } },
      { objective: { concurrentUsers: 20_000 } },
    ),
    severity: 'Warning',
    says: /1 MiB counts 16384 clients, but 20000 are expected at the same time: when it is full, everybody is refused/,
    fix: /^set edge\.connectionLimit\.zoneMiB to 5$/,
  },
  {
    id: 'NG-22',
    why: 'everybody is exempt',
    spec: withEdge({ rateLimit: { exemptCIDRs: ['192.0.2.0/24', '::/0'] } }),
    severity: 'Warning',
    says: /::\/0 exempts everybody/,
    fix: /^set edge\.rateLimit\.exemptCIDRs to \["192\.0\.2\.0\/24"\]$/,
  },
  {
    id: 'NG-01',
    why: 'a page is to be cached',
    spec: cachedApi({ paths: ['/shop', '/api/products'] }),
    severity: 'Warning',
    says: /\/shop lies outside of what the backend serves \(\/api\/\)/,
    fix: /^set edge\.cache\.api\.paths to \["\/api\/products"\]$/,
  },
  {
    id: 'NG-03',
    why: 'a 404 outlives the answer',
    spec: cachedApi({ paths: ['/api/products'], ttlSeconds: 30, notFoundTtlSeconds: 60 }),
    severity: 'Warning',
    says: /a 404 is kept for 60 s, longer than an answer \(30 s\)/,
    fix: /^set edge\.cache\.api\.notFoundTtlSeconds to 30$/,
  },
  {
    id: 'NG-03',
    why: 'the backend is not asked',
    spec: cachedApi({ paths: ['/api/products'], ttlSeconds: 30, notFoundTtlSeconds: 10, lifetime: 'Fixed' }),
    severity: 'Warning',
    says: /answers are kept for 30 s even where the backend says less/,
    fix: /^set edge\.cache\.api\.lifetime to Upstream$/,
  },
  {
    id: 'NG-05',
    why: 'a share is too small to be a cache',
    spec: withEdge({ cache: { maxSize: '2Mi' } }),
    severity: 'Warning',
    says: /of 2Mi, 877Ki are left for the static cache: below 1Mi/,
    fix: /^set edge\.cache\.maxSize to 100Mi$/,
  },
  {
    id: 'NG-05',
    why: 'more answers than keys',
    spec: withEdge({ cache: { maxSize: '2Gi', keysZoneMiB: 5 } }),
    severity: 'Warning',
    says: /2Gi hold about 176000 answers of 12Ki, but a zone of 5 MiB only 40000 keys/,
    fix: /^set edge\.cache\.keysZoneMiB to 22, or edge\.cache\.maxSize to 468Mi$/,
  },
  {
    id: 'S-21',
    why: 'the guide’s remedy against too much memory',
    spec: withEdge({ cache: { maxSize: '50Mi' } }),
    severity: 'Info',
    says: /50Mi on disk saves no memory against 100Mi/,
    fix: /^set edge\.cache\.maxSize to 100Mi$/,
  },
  {
    id: 'INV-15',
    why: 'a cache in memory does not fit',
    spec: withEdge({ cache: { maxSize: '400Mi', medium: 'Memory' } }),
    severity: 'Error',
    says: /with 200 requests in progress the edge needs 518 MiB \(workers during a reload 10, zones 50, buffers 32, compression 26, caches in memory 400\); 90 % of its limit are 460 MiB/,
    fix: /^set edge\.cache\.medium to Disk, or edge\.resources\.limits\.memory to 592Mi$/,
  },
  {
    id: 'INV-16',
    why: 'fewer descriptors than connections',
    spec: withEdge({ rlimitNofile: 4096 }),
    severity: 'Error',
    says: /2048 connections of a worker need up to 5120 descriptors, 4096 are allowed/,
    fix: /^set edge\.rlimitNofile to 5120, or edge\.workerConnections to 1536$/,
  },
  {
    id: 'NG-32',
    why: 'more workers than cores (INV-17)',
    spec: withEdge({ workerProcesses: 2 }),
    severity: 'Warning',
    says: /2 worker processes share a CPU limit of 500m/,
    fix: /^set edge\.workerProcesses to 1$/,
  },
  {
    id: 'NG-32',
    why: 'fewer connections than users',
    spec: withEdge({ workerConnections: 512 }, { objective: { concurrentUsers: 1000 } }),
    severity: 'Warning',
    says: /512 connections of a worker have to hold 1000 users at two each and 64 idle/,
    fix: /^set edge\.workerConnections to 2064$/,
  },
  {
    id: 'NG-33',
    why: 'one body fills the volume',
    spec: withEdge({ maxBodySize: '2Gi' }),
    severity: 'Error',
    says: /up to 2Gi lie on a volume of 1024Mi while they are received: a single one fills it/,
    fix: /^set edge\.maxBodySize to 256Mi$/,
  },
  {
    id: 'NG-33',
    why: 'few bodies fill the volume',
    spec: withEdge({ maxBodySize: '512Mi' }),
    severity: 'Warning',
    says: /fewer than 4 at once fill it/,
    fix: /^set edge\.maxBodySize to 256Mi$/,
  },
  {
    id: 'NG-34',
    why: 'a level that costs more than it saves (INV-25)',
    spec: withEdge({ gzip: { level: 9 } }),
    severity: 'Warning',
    says: /compression level 9 takes at least twice the CPU/,
    fix: /^set edge\.gzip\.level to 6$/,
  },
  {
    id: 'NG-23',
    why: 'an nginx with known holes',
    spec: withEdge({ image: 'registry.example/nginx:1.29.7-alpine' }),
    severity: 'Error',
    says: /registry\.example\/nginx:1\.29\.7-alpine is older than nginx 1\.30\.4/,
    fix: /^set edge\.image to registry\.example\/nginx:1\.30$/,
  },
  {
    id: 'NG-40',
    why: 'uploads hide the API',
    spec: { ...SPEC, uploads: { path: '/api', backendPath: '/app/uploads', size: '5Gi' } },
    severity: 'Error',
    says: /uploads\.path \/api hides \/api\//,
    fix: /^set uploads\.path to \/uploads\/$/,
  },
  {
    id: 'NG-40',
    why: 'uploads hide the site',
    spec: { ...SPEC, uploads: { path: '/', backendPath: '/app/uploads', size: '5Gi' } },
    severity: 'Error',
    says: /a folder of files/,
    fix: /^set uploads\.path to \/uploads\/$/,
  },
  {
    id: 'FUT-04',
    why: 'each pod counts for itself',
    spec: withEdge({ replicas: 3 }),
    severity: 'Info',
    says: /each of 3 edge pods counts for itself: one client may send up to 30 requests per second to the API, not 10/,
    fix: /requestsPerSecond of 4 keeps the site at 10$/,
  },
  {
    id: 'S-18',
    why: 'the guide’s output buffers',
    spec: withEdge({ buffers: { output: '32Ki' } }),
    severity: 'Info',
    says: /1 output buffer\(s\) of 32Ki are less than the two of 32Ki/,
    fix: /^set edge\.buffers\.outputCount to 2$/,
  },
  {
    id: 'S-19',
    why: 'the guide’s requests per connection',
    spec: withEdge({ upstreamKeepalive: { requests: 100 } }),
    severity: 'Info',
    says: /closed after 100 requests; nginx itself has kept them for 1000/,
    fix: /^set edge\.upstreamKeepalive\.requests to 1000$/,
  },
];

describe('rules of the edge', () => {
  it('have nothing to say of a profile that leaves all to us', () => {
    expect(findingsOf(SPEC, EDGE_RULES)).toEqual([]);
    const behindIngress: Spec = { ...SPEC, edge: { hosts: ['shop.example'], ingress: { className: 'traefik' } } };
    expect(findingsOf(behindIngress, EDGE_RULES)).toEqual([]);
    const locked = withEdge({ cdn: { provider: 'Cloudflare' }, clientIdentity: { otherPeers: 'Refuse' } });
    expect(findingsOf(locked, EDGE_RULES)).toEqual([]);
  });

  it.each(CASES)('$id: $why', ({ id, spec, severity, says, fix }) => {
    expect('profile' in parseProfile(profileOf(spec)), 'the case is a valid profile').toBe(true);
    const found = finding(spec, id, says);
    expect(found?.severity).toBe(severity);
    expect(found?.message).toMatch(says);
    expect(found?.fix).toMatch(fix);
  });

  it('have a case each', () => {
    expect(EDGE_RULES.map(({ id }) => id).filter((id) => !CASES.some((known) => known.id === id))).toEqual([]);
    expect(new Set(EDGE_RULES.map(({ id }) => id)).size).toBe(EDGE_RULES.length);
    for (const { id } of EDGE_RULES) expect(id).toMatch(/^[A-Z]+-[0-9]{2}$/);
  });

  it.each(CASES)('$id: each fix alone clears it and adds no error ($why)', ({ id, spec, says }) => {
    const found = finding(spec, id, says);
    if (found?.severity !== 'Info') expect(found?.fixes.length).toBeGreaterThan(0);
    for (const fix of found?.fixes ?? []) expectMended(spec, found as Finding, fix, RULES);
  });

  it('say of the guide what an expert would, and refuse nothing', () => {
    const guide = withEdge(
      {
        service: { type: 'LoadBalancer' },
        tls: { secretName: 'shop-tls' },
        cache: { api: { paths: ['/api/products'], privateCookies: ['auth_token'] }, maxSize: '100Mi' },
        connectionLimit: { api: 10, web: 20 },
        upstreamKeepalive: { connections: 32, timeoutSeconds: 60, requests: 100 },
        gzip: { level: 6 },
        buffers: { clientBody: '128Ki', output: '32Ki' },
        resources: { requests: { memory: '64Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
      },
      { objective: { concurrentUsers: 100 } },
    );
    expect(findingsOf(guide, EDGE_RULES).map(({ id, severity }) => `${id} ${severity}`)).toEqual([
      'INV-09 Warning',
      'INV-19 Warning',
      'INV-19 Warning',
      'S-18 Info',
      'S-19 Info',
    ]);
  });
});

describe('versions of nginx (NG-23)', () => {
  it.each([
    ['nginx:1.30', false],
    ['nginx:1.30.4', false],
    ['nginx:1.30.3', true],
    ['nginx:1.31.2', true],
    ['nginx:1.31.3-alpine', false],
    ['nginx:1.28', true],
    ['nginxinc/nginx-unprivileged:1.27.1', true],
    ['nginx:2.0', false],
    ['nginx:stable', false],
    ['nginx', false],
    ['registry.example/my-edge:1.2', false],
    ['registry.example:5000/nginx:1.30.6', false],
  ])('%s: %s', (image, isOld) => {
    expect(finding(withEdge({ image }), 'NG-23') !== undefined).toBe(isOld);
  });
});

describe('for random profiles', () => {
  const profiles = fc.sample(validProfile, { numRuns: 200, seed: 20_261_125 });

  it('each fix of the edge clears its finding, is valid, and adds no error of the edge', { timeout: 60_000 }, () => {
    let tried = 0;
    for (const { spec } of profiles) {
      for (const found of findingsOf(spec, EDGE_RULES)) {
        for (const fix of found.fixes) expectMended(spec, found, fix, EDGE_RULES);
        tried += found.fixes.length;
      }
    }
    expect(tried).toBeGreaterThan(200);
  });
});

/** What it takes to be a fix. */
function expectMended(spec: Spec, { id, path }: Finding, fix: Fix, rules: readonly Rule[]): void {
  const after = withFix(spec, fix);
  const parsed = parseProfile(profileOf(after));
  const context = `${id} after ${JSON.stringify(fix)} of ${JSON.stringify(spec)}`;
  expect('issues' in parsed ? parsed.issues : [], context).toEqual([]);
  const errors = (of: Spec) =>
    findingsOf(of, rules)
      .filter(({ severity }) => severity === 'Error')
      .map((found) => found.id);
  expect(
    findingsOf(after, EDGE_RULES).map((found) => `${found.id} ${found.path}`),
    context,
  ).not.toContain(`${id} ${path}`);
  expect(
    errors(after).filter((found) => !errors(spec).includes(found)),
    context,
  ).toEqual([]);
}

const profileOf = (spec: Spec) => ({
  apiVersion: 'performance.bahamm.ir/v1alpha1',
  kind: 'PerformanceProfile',
  metadata: { name: 'shop', namespace: 'shop' },
  spec,
});
