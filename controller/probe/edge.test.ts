import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { probeEdge } from './edge.ts';

const signal = new AbortController().signal;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Serves these pages as nginx does on its status port; undefined: never answers. */
async function serving(pages: Record<string, string> | undefined): Promise<number> {
  const server = createServer((request, response) => {
    if (pages === undefined) return;
    const page = pages[request.url ?? ''];
    response.writeHead(page === undefined ? 404 : 200).end(page ?? 'not found');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const probe = async (pages: Record<string, string> | undefined) =>
  probeEdge({ ip: '127.0.0.1', port: await serving(pages) }, signal);

describe('nginx', () => {
  it('says what it has loaded', async () => {
    expect(await probe({ '/-/config': 'new\n' })).toEqual({
      loaded: 'new',
      refusal: undefined,
      pendingRestart: [],
      unreachable: undefined,
    });
  });

  it('says why it refused', async () => {
    const pages = { '/-/config': 'old', '/-/config-error': 'nginx: [emerg] unknown directive\n' };
    expect(await probe(pages)).toMatchObject({ loaded: 'old', refusal: 'nginx: [emerg] unknown directive' });
  });

  it('says that it refused a certificate, which changes no hash', async () => {
    const pages = { '/-/config': 'new', '/-/config-error': 'nginx: [emerg] cannot load certificate' };
    expect(await probe(pages)).toMatchObject({ loaded: 'new', refusal: 'nginx: [emerg] cannot load certificate' });
  });

  it('has refused nothing when the page is empty or missing', async () => {
    expect(await probe({ '/-/config': 'old', '/-/config-error': '' })).toMatchObject({ refusal: undefined });
    expect(await probe({ '/-/config': 'old' })).toMatchObject({ refusal: undefined });
  });

  it('says nothing when it is another program', async () => {
    expect(await probe({})).toMatchObject({ loaded: undefined, unreachable: undefined });
  });

  it('is unreachable when nothing listens', async () => {
    expect(await probeEdge({ ip: '127.0.0.1', port: 1 }, signal)).toMatchObject({
      unreachable: expect.stringMatching(/ECONNREFUSED|refused/i),
    });
  });

  it('is waited for no longer than two seconds', async () => {
    const started = performance.now();
    expect((await probe(undefined)).unreachable).toBeTruthy();
    expect(performance.now() - started).toBeLessThan(2_500);
  });

  it('is heard for 16 KiB only, and then cut off', async () => {
    const stream = { sent: 0, closed: false };
    const server = createServer((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) stream.sent += 65_536;
      };
      response.on('drain', more).on('close', () => {
        stream.closed = true;
      });
      more();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const started = performance.now();
    const { loaded } = await probeEdge({ ip: '127.0.0.1', port }, signal);
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(loaded).toHaveLength(2_000);
    await expect.poll(() => stream.closed).toBe(true);
    expect(stream.sent).toBeLessThan(32 * 1_048_576);
  });

  it('does not outlive the pass', async () => {
    const pass = new AbortController();
    const asked = probeEdge({ ip: '127.0.0.1', port: await serving(undefined) }, pass.signal);
    pass.abort(new Error('the pass is over'));
    await expect(asked).rejects.toThrow('the pass is over');
  });
});
