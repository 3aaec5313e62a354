import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { probePostgres } from './postgres.ts';

const signal = new AbortController().signal;
const login = { username: 'pitcrew_monitor', password: 'pa55word' };

/** A port that takes connections and never says a word. */
async function silentPort(): Promise<{ port: number; close: () => void }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

describe('a database', () => {
  it('that does not listen is unreachable', async () => {
    const proof = await probePostgres({ ip: '127.0.0.1', port: 1, ...login }, signal);
    expect(proof.unreachable).toMatch(/ECONNREFUSED/);
    expect(JSON.stringify(proof)).not.toContain(login.password);
  });

  it('that says nothing is waited for no longer than three seconds', async () => {
    const { port, close } = await silentPort();
    const started = performance.now();
    expect((await probePostgres({ ip: '127.0.0.1', port, ...login }, signal)).unreachable).toBeTruthy();
    expect(performance.now() - started).toBeLessThan(3_000);
    close();
  });

  it('does not outlive the pass', async () => {
    const { port, close } = await silentPort();
    const pass = new AbortController();
    const asked = probePostgres({ ip: '127.0.0.1', port, ...login }, pass.signal);
    pass.abort(new Error('the pass is over'));
    await expect(asked).rejects.toThrow('the pass is over');
    close();
  });
});
