// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of compose files.
import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { DEFAULT_FACTS } from '../charts/facts.ts';
import { parseProfile } from '../crds/performance-profile.ts';
import { importStack } from './import.ts';
import { profileYaml } from './profile-yaml.ts';
import { type Sources, UnreadableError } from './source.ts';

const sources = (compose: string, more: Partial<Sources> = {}): Sources => ({
  compose: { name: 'compose.yaml', text: compose },
  chosen: {},
  folder: 'shop',
  beside: () => undefined,
  included: () => [],
  ...more,
});

const imported = (compose: string, more: Partial<Sources> = {}) => importStack(sources(compose, more), DEFAULT_FACTS);
const STACK = (service: string) =>
  `services:\n  api: {image: "shop/api:1", ${service}}\n  db: {image: "postgres:18"}\n`;
const nginx = (text: string) => ({ nginx: { name: 'nginx.conf', text } });
const notesOf = (compose: string, more: Partial<Sources> = {}) =>
  imported(compose, more).notes.map(({ where, text }) => `${where}: ${text}`);

/** Anything that may stand in a compose file, and what should not. */
const scalar: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    '1G',
    '0.5',
    '80:8000',
    './a:/app/uploads',
    '/tmp',
    'KEY=value',
    '${X:-1}',
    'sh -c "a && gunicorn a:b -w 3"',
    'postgres:18',
    'nginx',
    12,
    null,
    true,
  ),
  fc.string({ maxLength: 12 }),
);
const anything: Arbitrary<unknown> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 6 }), scalar, { maxKeys: 3 }),
);
const KEYS =
  'image build command entrypoint environment env_file ports expose volumes tmpfs depends_on deploy cpus mem_limit scale healthcheck user labels extends secrets'.split(
    ' ',
  );
const service = fc.record(Object.fromEntries(KEYS.map((key) => [key, anything])), { requiredKeys: [] });
const compose = fc.record({
  services: fc.record({ api: service, db: service, nginx: service, web: service }, { requiredKeys: [] }),
  name: fc.option(scalar, { nil: undefined }),
});

const WORDS =
  'server location upstream proxy_pass server_name listen limit_req limit_req_zone limit_conn proxy_cache proxy_cache_path proxy_cache_valid expires alias keepalive client_max_body_size gzip map if add_header real_ip_header set_real_ip_from worker_processes proxy_read_timeout include'.split(
    ' ',
  );
const ARGUMENTS = [
  '/',
  '/api/',
  '~',
  '=',
  'http://api:8000',
  'http://web',
  'zone=a:10m',
  'zone=a',
  'rate=5r/s',
  'rate=1r/m',
  'burst=3',
  '200',
  '404',
  '5m',
  'x',
  '10',
  '$binary_remote_addr',
  'shop.example',
  'keys_zone=a:5m',
  'max_size=1g',
  'off',
  '/app/uploads/',
];
const conf = fc.letrec<{ block: string }>((tie) => ({
  block: fc
    .array(
      fc.tuple(
        fc.constantFrom(...WORDS),
        fc.array(fc.oneof(fc.constantFrom(...ARGUMENTS), fc.stringMatching(/^[a-z0-9$/]{1,6}$/)), { maxLength: 4 }),
        fc.option(tie('block'), { nil: undefined, depthSize: 'small' }),
      ),
      { maxLength: 6 },
    )
    .map((lines) =>
      lines
        .map(([name, args, block]) => `${[name, ...args].join(' ')}${block === undefined ? ';' : ` { ${block} }`}`)
        .join('\n'),
    ),
})).block;

describe('whatever stands in the files', () => {
  it('becomes a profile that says the same when it is read, or is no stack at all', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(compose, conf, (tree, text) => {
        try {
          const { profile, entries } = importStack(
            sources(stringify(tree), nginx(`events {} http { ${text} }`)),
            DEFAULT_FACTS,
          );
          const read = parseProfile(parse(profileYaml(profile, entries, [])));
          expect(read).toEqual({ profile });
        } catch (error) {
          if (!(error instanceof UnreadableError)) throw error;
        }
      }),
      { numRuns: Number(process.env.IMPORT_RUNS ?? 150) },
    );
  });

  it.each(['', 'a', '[]', 'services: {}', 'services: {a: b: c}', 'services: {api: *nothing}'])(
    '%j is refused in words',
    (text) => {
      expect(() => imported(text)).toThrow(UnreadableError);
    },
  );
});

describe('compose', () => {
  it('has its anchors, merge keys and variables resolved', () => {
    const { profile } = imported(
      `x-limits: &limits {mem_limit: 2g}\nservices:\n  api: {<<: *limits, image: "shop/api:\${TAG:-7}", command: gunicorn a.b:c}\n  db: {image: postgres}\n`,
    );
    expect(profile.spec.backend).toMatchObject({
      image: 'shop/api:7',
      app: 'a.b:c',
      resources: { limits: { memory: '2Gi' } },
    });
  });

  it('is extended from other files, and says when one is not there', () => {
    const text = 'services:\n  api: {extends: {file: base.yaml, service: app}, cpus: 2}\n  db: {image: postgres}\n';
    const base = { name: 'base.yaml', text: 'services: {app: {image: "a:1", command: gunicorn a:b, cpus: 1}}' };
    expect(imported(text, { beside: () => base }).profile.spec.backend).toMatchObject({
      image: 'a:1',
      resources: { limits: { cpu: '2' } },
    });
    expect(notesOf(text)).toContain('services.api.extends: base.yaml is not there, so it was not read');
  });

  it('may extend itself in a circle', () => {
    const text = 'services:\n  api: {extends: b, image: "a:1"}\n  b: {extends: api, command: gunicorn a:b}\n';
    expect(imported(text).profile.spec.backend).toMatchObject({ image: 'a:1', app: 'a:b' });
  });

  it('keeps its numbers within the bounds of the fields, and says so', () => {
    const text = STACK('command: gunicorn a:b --timeout 900 --backlog x --max-requests 10 --max-requests-jitter 50');
    const { profile, notes } = imported(text);
    expect(profile.spec.backend).toMatchObject({ timeoutSeconds: 600, maxRequests: 10 });
    expect(profile.spec.backend.maxRequestsJitter).toBeUndefined();
    expect(profile.spec.backend.backlog).toBeUndefined();
    expect(notes.map(({ kind, where }) => `${kind} ${where}`)).toEqual(
      expect.arrayContaining([
        'changed services.api.command: --timeout',
        'unmapped services.api.command: --backlog',
        'unmapped services.api.command: --max-requests-jitter',
      ]),
    );
  });

  it('can have services that only the user can tell apart', () => {
    const text =
      'services:\n  one: {image: "a:1", command: gunicorn a:b}\n  two: {image: "b:1", command: gunicorn c:d}\n';
    expect(imported(text, { chosen: { backend: 'two' } }).profile.spec.backend.image).toBe('b:1');
    expect(() => imported(text, { chosen: { backend: 'three' } })).toThrow(
      '--backend three: there is no such service; there are one, two',
    );
  });

  it.each(['sk', 'a1b2c3d4e5f6a7b8c9d0e1f2', 'External'])(
    'may be called %s, and have passwords like everything',
    (name) => {
      const text = `name: ${name}\nservices:\n  api: {build: ., command: gunicorn a:b, volumes: ["m:/app/media"], environment: {A_PASSWORD: "/media/", B_PASSWORD: shop.example, C_PASSWORD: fill/in, DATABASE_URL: "postgres://u:External@h/d"}}\n`;
      expect(imported(text).profile.spec.postgres).toEqual({
        mode: 'External',
        connectionSecretName: `${name.toLowerCase()}-database`,
      });
      expect(imported(text).profile.spec.uploads).toBeUndefined();
    },
  );

  it('names variables that cannot be words of a command', () => {
    const { secrets, profile } = imported(
      STACK('command: gunicorn a:b, environment: {"A_KEY; rm -rf ~": x, B_KEY: y}'),
    );
    expect([...(secrets[0]?.keys.keys() ?? [])]).toEqual(['B_KEY']);
    expect(profile.spec.backend.env).toHaveLength(1);
  });
});

describe('nginx', () => {
  const stack = STACK('command: gunicorn a:b');
  const site = (inside: string) => nginx(`http { server { server_name a.example; ${inside} } }`);
  const edgeOf = (text: string) => imported(stack, site(text)).profile.spec.edge;

  it('keeps a limit that waits apart from one that refuses', () => {
    const zone = 'limit_req_zone $binary_remote_addr zone=z:1m rate=5r/s;';
    const text = (more: string) =>
      nginx(
        `http { ${zone} server { server_name a.example; location /api/ { limit_req zone=z burst=9${more}; proxy_pass http://api; } } }`,
      );
    expect(imported(stack, text(' nodelay')).profile.spec.edge.rateLimit?.api).toEqual({
      requestsPerSecond: 5,
      burst: 9,
    });
    expect(imported(stack, text('')).profile.spec.edge.rateLimit?.api).toEqual({
      requestsPerSecond: 5,
      burst: 9,
      mode: 'Delay',
    });
  });

  it('caches what is named, and never the whole API without a word of the user', () => {
    expect(edgeOf('location /api/products/ { proxy_pass http://api; proxy_cache z; }').cache?.api?.paths).toEqual([
      '/api/products/',
    ]);
    const whole = site('location /api/ { proxy_pass http://api; proxy_cache z; proxy_cache_valid 200 2m; }');
    expect(imported(stack, whole).profile.spec.edge.cache?.api).toEqual({ ttlSeconds: 120 });
    expect(notesOf(stack, whole).join()).toContain('list in edge.cache.api.paths what is the same for everybody');
  });

  it('says where a path is rewritten, which no profile can', () => {
    const text = site('location /api/ { proxy_pass http://api:8000/; }');
    expect(notesOf(stack, text).join()).toContain('nginx rewrites the path before it passes it on');
  });

  it('is refused with its line, and nothing of it', () => {
    expect(() => imported(stack, nginx('http {\n  a "b;\n'))).toThrow(
      /^nginx\.conf:\d+ is not nginx configuration: see what `nginx -t` says, and mend it$/,
    );
  });

  it('includes files, and a circle of them ends', () => {
    const included = () => [
      { name: 'conf.d/a.conf', text: 'include conf.d/*.conf; server { server_name b.example; }' },
    ];
    const { profile } = imported(stack, { ...nginx('http { include conf.d/*.conf; }'), included });
    expect(profile.spec.edge.hosts).toEqual(['b.example']);
  });
});
