import { afterEach, describe, expect, it } from 'vitest';
import {
  type Check,
  type HealthOptions,
  type HealthServer,
  lagCheck,
  startHealth,
  startLagMeter,
  syncCheck,
  watchCheck,
} from './health.ts';

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function ask(path: string, options: Partial<HealthOptions> = {}) {
  server = await startHealth({ port: 0, host: '127.0.0.1', live: [], ready: [], ...options });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
}

const check = (name: string, wrong?: string): Check => ({ name, ask: () => wrong });
const watched = (kind: string, synced: boolean, ageMs: number) => ({
  kind,
  hasSynced: () => synced,
  lastByteAgeMs: () => ageMs,
});

describe('health server', () => {
  it('is live and ready by separate lists', async () => {
    const options = { live: [check('one')], ready: [check('one'), check('two', 'not yet')] };
    expect(await ask('/healthz', options)).toMatchObject({ status: 200, text: '[+] one ok\n' });
    await server?.close();
    expect(await ask('/readyz?verbose', options)).toMatchObject({
      status: 503,
      text: '[+] one ok\n[-] two: not yet\n',
    });
  });

  it('serves more pages', async () => {
    const pages = { '/metrics': { contentType: 'text/plain; version=0.0.4', render: async () => 'up 1\n' } };
    expect(await ask('/metrics', { pages })).toMatchObject({
      status: 200,
      type: 'text/plain; version=0.0.4',
      text: 'up 1\n',
    });
    await server?.close();
    expect(await ask('/other', { pages })).toMatchObject({ status: 404 });
  });

  it('answers 500 when a check or a page throws, and lives on', async () => {
    const broken: Check = {
      name: 'broken',
      ask: () => {
        throw new Error('check');
      },
    };
    expect(await ask('/healthz', { live: [broken] })).toMatchObject({ status: 500 });
    expect((await fetch(`http://127.0.0.1:${server?.port}/readyz`)).status).toBe(200);
  });

  it('says so when the port is taken', async () => {
    await ask('/healthz');
    await expect(startHealth({ port: server?.port ?? 0, host: '127.0.0.1', live: [], ready: [] })).rejects.toThrow(
      'EADDRINUSE',
    );
  });

  it('closes though a client keeps its connection', async () => {
    await ask('/healthz');
    await server?.close();
    await expect(fetch(`http://127.0.0.1:${server?.port}/healthz`)).rejects.toThrow();
  });
});

describe('checks', () => {
  it.each([
    ['fresh watches', watchCheck([watched('Pod', true, 299_000)]), undefined],
    ['a silent watch', watchCheck([watched('Pod', true, 1), watched('Job', true, 300_001)]), 'no byte in 5 min: Job'],
    ['filled caches', syncCheck([watched('Pod', true, 0)]), undefined],
    ['an empty cache', syncCheck([watched('Pod', true, 0), watched('Job', false, 0)]), 'not yet listed: Job'],
    ['a free loop', lagCheck(() => 4_999), undefined],
    ['a blocked loop', lagCheck(() => 5_000), 'held up for 5000 ms'],
  ])('%s', (_what, one, expected) => {
    expect(one.ask()).toBe(expected);
  });
});

describe('lag meter', () => {
  it('sees a blocked event loop', async () => {
    const meter = startLagMeter();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const untilMs = performance.now() + 150;
    while (performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(meter.maxLagMs()).toBeGreaterThan(100);
    meter.stop();
  });
});
