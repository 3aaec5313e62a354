import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../test/support/certificate.ts';
import type { ApiRequest } from '../cluster/transport.ts';
import { type HealthServer, startHealth } from '../health.ts';
import { createGuard } from './guard.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** An API server that knows one token, and one person who may see the metrics. */
function bench(answer: 'well' | 'down' = 'well') {
  const asked: ApiRequest[] = [];
  const clock = { nowMs: 0 };
  const request = async (one: ApiRequest) => {
    asked.push(one);
    if (answer === 'down') throw new Error('down');
    const { spec } = one.body as { spec: { token?: string; user?: string } };
    const status = one.path.endsWith('tokenreviews')
      ? { authenticated: spec.token !== 'wrong', user: { username: spec.token } }
      : { allowed: spec.user === 'prometheus' };
    return { body: { status }, warnings: [] };
  };
  return { admit: createGuard({ request }, () => clock.nowMs), asked, clock };
}

describe('the guard', () => {
  it('lets in whom the API server knows and allows', async () => {
    const { admit, asked } = bench();
    expect(await admit('Bearer prometheus')).toBeUndefined();
    expect(asked.map(({ path }) => path)).toEqual([
      '/apis/authentication.k8s.io/v1/tokenreviews',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    ]);
    expect(asked[1]?.body).toMatchObject({ spec: { nonResourceAttributes: { path: '/metrics', verb: 'get' } } });
  });

  it.each([
    [undefined, 401],
    ['Basic cHJvbWV0aGV1cw==', 401],
    ['Bearer wrong', 401],
    ['Bearer somebody', 403],
  ])('answers %s with %s', async (authorization, status) => {
    expect(await bench().admit(authorization)).toMatchObject({ status });
  });

  it('lets nobody in when the API server does not answer, and does not believe that for long', async () => {
    const { admit, asked } = bench('down');
    expect(await admit('Bearer prometheus')).toMatchObject({ status: 503 });
    await admit('Bearer prometheus');
    expect(asked).toHaveLength(2);
  });

  it('believes an answer for a minute', async () => {
    const { admit, asked, clock } = bench();
    await admit('Bearer prometheus');
    await admit('Bearer prometheus');
    expect(asked).toHaveLength(2);
    clock.nowMs = 60_001;
    await admit('Bearer prometheus');
    expect(asked).toHaveLength(4);
  });
});

describe('a guarded page', () => {
  it('is refused with a reason while the probes stay open', async () => {
    const pages = { '/metrics': { contentType: 'text/plain', render: () => 'a 1\n', admit: bench().admit } };
    const server = await startHealth({ port: 0, host: '127.0.0.1', live: [], ready: [], pages });
    cleanups.push(server.close);
    const ask = (path: string, token?: string) =>
      fetch(
        `http://127.0.0.1:${server.port}${path}`,
        token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
      );
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', 'somebody')).status).toBe(403);
    expect(await (await ask('/metrics', 'prometheus')).text()).toBe('a 1\n');
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
  });
});

describe('TLS', () => {
  const write = (folder: string, host: string) => {
    const { certificate, key } = selfSignedCertificate([host]);
    writeFileSync(join(folder, 'tls.key'), key);
    writeFileSync(join(folder, 'tls.crt'), certificate);
  };
  const nameOf = ({ port }: HealthServer): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const agent = new Agent({ rejectUnauthorized: false, maxCachedSessions: 0 });
      request({ host: '127.0.0.1', port, path: '/metrics', agent })
        .once('response', (response) => {
          resolve((response.socket as TLSSocket).getPeerCertificate().subject.CN);
          response.resume();
        })
        .once('error', reject)
        .end();
    });

  it('takes over a renewed certificate, and keeps the old one while the new files make no pair', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pitcrew-tls-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    write(folder, 'one.example');
    const tls = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') };
    const pages = { '/metrics': { contentType: 'text/plain', render: () => 'a 1\n' } };
    const server = await startHealth({ port: 0, host: '127.0.0.1', tls, live: [], ready: [], pages });
    cleanups.push(server.close);
    expect(await nameOf(server)).toBe('one.example');
    writeFileSync(tls.keyFile, selfSignedCertificate(['x']).key);
    expect(await nameOf(server)).toBe('one.example');
    write(folder, 'two.example');
    expect(await nameOf(server)).toBe('two.example');
  });

  it('does not begin without its files', async () => {
    const tls = { certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key' };
    await expect(startHealth({ port: 0, tls, live: [], ready: [] })).rejects.toThrow(/nowhere\/tls.crt/);
  });
});
