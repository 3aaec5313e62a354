import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pitcrew } from '../../cli/pitcrew.ts';

/** A credential in every place where people have them: it comes out of none, neither as a value nor in what is said. */

const SECRET = 'Zq7-uPx9_vL3mW5k';
const ENCODED = 'Zq7%2DuPx9_vL3mW5k';

const plain = { columns: 100, colour: false };
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-planted-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Files {
  readonly compose?: string;
  readonly nginx?: string;
  readonly dotenv?: string;
  readonly envFile?: string;
}

const service = (lines: string, others = '') => `services:
  api:
    image: shop/api:1
${lines.replaceAll(/^/gm, '    ')}
  db: {image: "postgres:18"}
${others}`;
const GUNICORN = 'command: gunicorn main:app';
const nginx = (inside: string) =>
  `http { server { server_name shop.example; ${inside} location / { proxy_pass http://api:8000; } } }`;

/** Everything that is printed or written for these files. */
async function said({ compose = service(GUNICORN), ...more }: Files): Promise<string> {
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write('api.env', more.envFile ?? '');
  const output = join(folder, 'profile.yaml');
  rmSync(output, { force: true });
  const words = [
    'import',
    '--compose',
    write('compose.yaml', compose),
    ...(more.nginx === undefined ? [] : ['--nginx', write('nginx.conf', more.nginx)]),
    ...(more.dotenv === undefined ? [] : ['--dotenv', write('.env', more.dotenv)]),
  ];
  const around = { terminal: plain, errors: plain, readStdin: async () => '' };
  const shown = await pitcrew(words, around);
  const kept = await pitcrew([...words, '-o', output], around);
  return [shown.stdout, shown.stderr, kept.stdout, kept.stderr].join('\n');
}

const environment = (line: string) => service(`${GUNICORN}\nenvironment:\n  ${line}`);
const command = (text: string) => service(`command: ${JSON.stringify(text)}`);

describe('a credential is not copied from', () => {
  it.each<[string, Files]>([
    ['a variable by its name', { compose: environment(`SECRET_KEY: ${SECRET}`) }],
    ['a variable in a list', { compose: service(`${GUNICORN}\nenvironment: ["APP_TOKEN=${SECRET}"]`) }],
    ['a URL', { compose: environment(`BROKER: redis://user:${SECRET}@redis:6379/0`) }],
    ['a URL with an encoded password', { compose: environment(`DATABASE_URL: postgresql://shop:${ENCODED}@db/shop`) }],
    [
      'the options of a URL',
      { compose: environment(`DATABASE_URL: "postgresql://db/shop?user=shop&password=${SECRET}"`) },
    ],
    ['a Sentry DSN', { compose: environment(`ERRORS: https://${SECRET}@sentry.example/1`) }],
    ['a random value under a harmless name', { compose: environment('FEATURE: "Zq7uPx9vL3mW5kT2nB8c"') }],
    ['a bearer header', { compose: environment(`UPSTREAM_HEADER: "Bearer ${SECRET}"`) }],
    [
      'a text in which a secret stands a second time',
      { compose: environment(`DB_PASSWORD: ${SECRET}\n  GREETING: hello ${SECRET} there`) },
    ],
    ['.env', { compose: environment(`SECRET_KEY: \${SECRET_KEY}`), dotenv: `SECRET_KEY='${SECRET}'` }],
    [
      '.env, through another variable',
      { compose: environment(`GREETING: "hi \${APP_SECRET}"`), dotenv: `APP_SECRET=${SECRET}` },
    ],
    ['a default of a variable', { compose: environment(`SECRET_KEY: \${SECRET_KEY:-${SECRET}}`) }],
    ['env_file', { compose: service(`${GUNICORN}\nenv_file: [api.env]`), envFile: `export JWT_SECRET="${SECRET}"\n` }],
    ['a flag of gunicorn', { compose: command(`gunicorn main:app --env SECRET_KEY=${SECRET}`) }],
    ['an unknown flag', { compose: command(`gunicorn main:app --api-token=${SECRET}`) }],
    ['a mistyped flag', { compose: command(`gunicorn main:app --workers ${SECRET}`) }],
    [
      'a migration',
      { compose: command(`sh -c "python manage.py createsuperuser --password ${SECRET} && gunicorn main:app"`) },
    ],
    [
      'a migration with a variable',
      { compose: command(`sh -c "ADMIN_PASSWORD=${SECRET} python seed.py && gunicorn main:app"`) },
    ],
    [
      'a migration with a URL',
      { compose: command(`sh -c "psql postgres://shop:${SECRET}@db/shop -f a.sql && gunicorn main:app"`) },
    ],
    ['an image', { compose: service(GUNICORN).replace('shop/api:1', `user:${SECRET}@registry.example/api`) }],
    [
      'an image by variable',
      {
        compose: service(GUNICORN).replace('shop/api:1', `"registry.example/\${REGISTRY_TOKEN}/api"`),
        dotenv: `REGISTRY_TOKEN=${SECRET}`,
      },
    ],
    [
      'a check of health',
      { compose: service(`${GUNICORN}\nhealthcheck: {test: "curl -f http://localhost:8000/health?token=${SECRET}"}`) },
    ],
    [
      'a check of health with a password',
      { compose: service(`${GUNICORN}\nhealthcheck: {test: "curl -u admin:${SECRET} http://localhost:8000/"}`) },
    ],
    [
      'labels',
      { compose: service(`${GUNICORN}\nlabels: ["traefik.http.middlewares.a.basicauth.users=admin:${SECRET}"]`) },
    ],
    ['arguments of a build', { compose: service(`${GUNICORN}\nbuild: {context: ., args: {NPM_TOKEN: "${SECRET}"}}`) }],
    ['a user', { compose: service(`${GUNICORN}\nuser: ${SECRET}`) }],
    ['a limit', { compose: service(`${GUNICORN}\nmem_limit: ${SECRET}\ncpus: "${SECRET}"`) }],
    ['an anchor', { compose: `x-env: &env {PAYMENT_KEY: ${SECRET}}\n${environment('<<: *env')}` }],
    ['a comment', { compose: `# ${SECRET}\n${service(GUNICORN)}` }],
    [
      'a parameter of PostgreSQL',
      {
        compose: service(GUNICORN).replace(
          '"postgres:18"',
          `"postgres:18", command: ["-c", "primary_conninfo=host=a password=${SECRET}", "-c", "shared_buffers=${SECRET}", "-c", "my.token=${SECRET}"]`,
        ),
      },
    ],
    [
      'the password of PostgreSQL',
      {
        compose: service(GUNICORN).replace(
          '"postgres:18"',
          `"postgres:18", environment: {POSTGRES_PASSWORD: ${SECRET}}`,
        ),
      },
    ],
    [
      'another service',
      {
        compose: service(
          GUNICORN,
          `  grafana: {image: grafana/grafana, environment: {GF_SECURITY_ADMIN_PASSWORD: ${SECRET}}}\n`,
        ),
      },
    ],
    [
      'the frontend',
      {
        compose: service(
          GUNICORN,
          `  web: {image: "shop/web:1", command: node server.js, environment: {NEXTAUTH_SECRET: ${SECRET}, NODE_OPTIONS: "--require ${SECRET}"}}\n`,
        ),
      },
    ],
    ['broken YAML', { compose: `${service(GUNICORN)}\n  a: b: "${SECRET}` }],
    ['an alias without an anchor', { compose: environment(`A: *${SECRET}`) }],
    [
      'a header of requests',
      { nginx: nginx(`proxy_set_header Authorization "Basic ${SECRET}"; proxy_set_header ${SECRET} 1;`) },
    ],
    ['a header of answers', { nginx: nginx(`add_header X-Token ${SECRET};`) }],
    ['a condition of nginx', { nginx: nginx(`if ($arg_token != "${SECRET}") { return 403 "${SECRET}"; }`) }],
    [
      'a map of nginx',
      {
        nginx: `http { map $http_x_key $ok { default 0; "${SECRET}" 1; } server { location / { proxy_pass http://api; } } }`,
      },
    ],
    ['an address of nginx', { nginx: nginx(`location /x/ { proxy_pass http://user:${SECRET}@10.0.0.1/; }`) }],
    [
      'a location of nginx',
      { nginx: nginx(`location /hooks/9f8c1d2e3b4a5f60718293a4b5c6d7e8/ { proxy_pass http://api; }`) },
    ],
    [
      'numbers of nginx',
      {
        nginx: nginx(
          `client_max_body_size ${SECRET}; proxy_read_timeout ${SECRET}; keepalive_timeout ${SECRET}; limit_conn a ${SECRET}; server_name ${SECRET};`,
        ),
      },
    ],
    ['broken nginx.conf', { nginx: `http { auth "${SECRET} }` }],
    [
      'an include of nginx',
      {
        nginx: `http { include ${SECRET}.conf; server { location / { proxy_pass http://api; } } }`,
        dotenv: `TOKEN=${SECRET}`,
      },
    ],
  ])('%s', async (_, files) => {
    const text = await said(files);
    expect(text.length).toBeGreaterThan(50);
    for (const hidden of [SECRET, ENCODED, 'Zq7uPx9vL3mW5kT2nB8c', '9f8c1d2e3b4a5f60718293a4b5c6d7e8']) {
      expect(text.toLowerCase()).not.toContain(hidden.toLowerCase());
    }
  });

  it('while what is none is', async () => {
    const text = await said({ compose: environment('LOG_LEVEL: info\n  ALLOWED_ORIGINS: https://shop.example') });
    expect(text).toContain('{name: LOG_LEVEL, value: info}');
    expect(text).toContain('https://shop.example');
  });
});
