import { beforeAll, describe, expect, it } from 'vitest';
import { e2eStage, readySeed, type Seed } from '../support/e2e-stage.ts';
import {
  backendPool,
  GUIDE_PARAMETERS,
  gunicornProcesses,
  onlyPod,
  postgresSettings,
  psql,
} from '../support/inside.ts';
import type { ProfileView, Stage } from '../support/stage.ts';

/** The guide's every value, asked of the running processes. */
let stage: Stage;
let seed: Seed;

beforeAll(async () => {
  stage = await e2eStage();
  seed = await readySeed(stage);
});

const at = () => ({ namespace: seed.namespace, profile: seed.name });

describe('nginx', () => {
  it('runs with what the guide says', async () => {
    const pod = await onlyPod(stage.kubectl, seed.namespace, seed.name, 'edge');
    const loaded = await stage.kubectl.exec(seed.namespace, pod.name, [
      'nginx',
      '-T',
      '-c',
      '/etc/pitcrew/edge/nginx.conf',
    ]);
    for (const line of [
      /rate=10r\/s/,
      /burst=20 nodelay/,
      /rate=50r\/s/,
      /burst=100 nodelay/,
      /limit_conn \S+ 10;/,
      /limit_conn \S+ 20;/,
      /keepalive 32/,
      /keepalive_timeout 60s;/,
      /keepalive_requests 100;/,
      /worker_connections 2048;/,
      /multi_accept on;/,
      /use epoll;/,
      /gzip_comp_level 6;/,
      /gzip_min_length 1000;/,
      /client_body_buffer_size 128k;/,
      /output_buffers 1 32k;/,
      /proxy_cache_valid 200 300s;|proxy_cache_valid 200 5m;/,
      /proxy_cache_valid 404 60s;|proxy_cache_valid 404 1m;/,
      /proxy_cache_valid 200 31536000s;/,
      /proxy_cache_valid 200 604800s;/,
    ]) {
      expect(loaded).toMatch(line);
    }
  });

  it('redirects http and www, refuses other hosts', async () => {
    const plain = await seed.edge.ask('/x?y=1', { plain: true });
    expect([plain.status, plain.headers.location]).toEqual([308, 'https://bahamm.ir/x?y=1']);
    const www = await seed.edge.ask('/x', { host: 'www.bahamm.ir' });
    expect([www.status, www.headers.location]).toEqual([308, 'https://bahamm.ir/x']);
    const other = await seed.edge.ask('/', { host: 'other.example' }).catch((error: Error) => error);
    expect(other instanceof Error || other.status >= 400).toBe(true);
  });

  it('serves the shop, in Persian', async () => {
    const page = await seed.edge.ask('/');
    expect(page.status).toBe(200);
    expect(page.body).toMatch(/[\u0600-\u06ff]{3}/);
  });

  it('caches what is public and never what is personal', async () => {
    const path = `/api/products?probe=${Date.now()}`;
    const statusOf = async (headers: Record<string, string> = {}) =>
      (await seed.edge.ask(path, { headers })).headers['x-cache-status'];
    expect(await statusOf({ authorization: 'Bearer token-alice' })).toBe('BYPASS');
    expect(await statusOf({ cookie: 'auth_token=token-alice' })).toBe('BYPASS');
    expect(await statusOf()).toBe('MISS');
    expect(await statusOf()).toBe('HIT');
    expect(await statusOf({ authorization: 'Bearer token-alice' })).toBe('BYPASS');
  });

  it('answers 429 at once above the limit', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => seed.edge.ask('/api/products/1')));
    const statuses = new Set(answers.map((answer) => answer.status));
    expect([...statuses].sort()).toEqual([200, 429]);
  });

  it('marks fingerprinted chunks immutable, and only what is there', async () => {
    const page = await seed.edge.ask('/');
    const [chunk = ''] = /\/_next\/static\/[^"'\\ ]+\.js/.exec(page.body) ?? [];
    expect((await seed.edge.ask(chunk)).headers['cache-control']).toContain('immutable');
    const missing = await seed.edge.ask('/_next/static/chunks/nothing.js');
    expect(missing.status).toBe(404);
    expect(String(missing.headers['cache-control'])).not.toContain('immutable');
  });

  it('serves uploads from the volume that the backend writes', async () => {
    const boundary = 'pitcrew';
    const body = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="note.txt"\r\nContent-Type: text/plain\r\n\r\nsalam\r\n--${boundary}--\r\n`;
    const stored = await seed.edge.ask('/api/uploads', {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body,
    });
    expect(stored.status).toBeLessThan(300);
    const { url } = JSON.parse(stored.body) as { url: string };
    const served = await seed.edge.ask(url);
    expect([served.status, served.body]).toEqual([200, 'salam']);
    expect(served.headers['cache-control']).toContain('31536000');
  });
});

describe('gunicorn', () => {
  it('is one master with four workers and the guide’s flags', async () => {
    const { workers, commandLine } = await gunicornProcesses(stage.kubectl, seed.namespace, seed.name);
    expect(workers).toHaveLength(4);
    for (const flag of [
      '--workers 4',
      '--timeout 120',
      '--max-requests 1000',
      '--max-requests-jitter 50',
      '--keep-alive 5',
      '--worker-class uvicorn.workers.UvicornWorker',
    ]) {
      expect(commandLine).toContain(flag);
    }
  });

  it('has the pool of the profile in its workers, though the image says otherwise', async () => {
    expect(await backendPool(stage.kubectl, seed.namespace, seed.name)).toMatchObject({
      size: 10,
      max_overflow: 20,
      recycle: 3600,
    });
  });
});

describe('PostgreSQL', () => {
  it('answers the guide’s eleven parameters', async () => {
    expect(await postgresSettings(stage.kubectl, seed.namespace, seed.name)).toEqual(GUIDE_PARAMETERS);
  });

  it('is UTF-8 with checksums; the application is no superuser, owns its database and has a statement timeout', async () => {
    const sql = `select pg_encoding_to_char(encoding), datcollate, (select setting from pg_settings where name = 'data_checksums') from pg_database where datname = 'app';
      select rolsuper, (select pg_get_userbyid(datdba) from pg_database where datname = 'app') from pg_roles where rolname = 'app';
      select array_to_string(rolconfig, ',') from pg_roles where rolname = 'app'`;
    expect(await psql(stage.kubectl, at(), sql)).toEqual(['UTF8|C.UTF-8|on', 'f|app', 'statement_timeout=30s']);
  });

  it('was dumped before the migration', async () => {
    const listing = await stage.kubectl.exec(seed.namespace, `${seed.name}-postgres-0`, [
      'ls',
      '/var/lib/postgresql/data/dumps',
    ]);
    expect(listing).toMatch(/before-migration-.*\.dump/);
  });
});

describe('Kubernetes', () => {
  it('has the guide’s table of requests and limits', async () => {
    const table: Record<string, unknown> = {};
    for (const tier of ['edge', 'backend', 'frontend', 'postgres']) {
      const kind = tier === 'postgres' ? 'statefulset' : 'deployment';
      const workload = await stage.kubectl.get<{
        spec: { template: { spec: { containers: Array<{ resources: unknown }> } } };
      }>(kind, `${seed.name}-${tier}`, '-n', seed.namespace);
      table[tier] = workload?.spec.template.spec.containers[0]?.resources;
    }
    expect(table).toEqual({
      edge: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
      backend: { requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '1500m', memory: '1Gi' } },
      frontend: { requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: '1', memory: '1Gi' } },
      postgres: { requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '1', memory: '1Gi' } },
    });
  });

  it('says all of it in status', async () => {
    const profile = await stage.kubectl.get<ProfileView>('wperf', seed.name, '-n', seed.namespace);
    expect(profile?.status?.connections?.summary).toBe('240/92');
    expect(profile?.status?.tiers).toEqual({ edge: '1/1', backend: '1/1', frontend: '1/1', postgres: '1/1' });
    expect(profile?.status?.findings?.find((finding) => finding.id === 'INV-05')?.message).toMatch(/120.*92/);
    const wide = await stage.kubectl.run('get', 'wperf', seed.name, '-n', seed.namespace, '-o', 'wide');
    expect(wide).toMatch(
      /READY\s+REASON\s+REVISION\s+CONNECTIONS\s+AGE\s+MESSAGE\s+EDGE\s+BACKEND\s+FRONTEND\s+POSTGRES/,
    );
    expect(
      await stage.kubectl.run(
        'wait',
        '--for=condition=Ready',
        `wperf/${seed.name}`,
        '-n',
        seed.namespace,
        '--timeout=5s',
      ),
    ).toContain('condition met');
  });

  it('teaches by kubectl explain', async () => {
    const text = await stage.kubectl.run('explain', 'performanceprofile.spec.backend.workers');
    expect(text).toMatch(/worker processes/);
    expect(text).toMatch(/From 1 to 32/);
  });

  it('keeps secrets out of ConfigMaps, status and the operator’s log', async () => {
    const secret = await stage.kubectl.get<{ data: Record<string, string> }>(
      'secret',
      `${seed.name}-postgres-app`,
      '-n',
      seed.namespace,
    );
    const password = Buffer.from(secret?.data.password ?? '', 'base64').toString();
    expect(password.length).toBeGreaterThanOrEqual(24);
    const everything = await Promise.all([
      stage.kubectl.run('get', 'configmap,wperf,deployment,statefulset,job,event', '-n', seed.namespace, '-o', 'yaml'),
      stage.kubectl.run('logs', 'deployment/pitcrew', '-n', 'pitcrew-system'),
      stage.kubectl.run('logs', `${seed.name}-postgres-0`, '-n', seed.namespace),
    ]);
    for (const text of everything) expect(text).not.toContain(password);
  });
});
