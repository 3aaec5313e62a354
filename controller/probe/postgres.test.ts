import type { AddressInfo, Socket } from 'node:net';
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

/** A message of the server: its letter, its length, its content. */
function message(letter: string, content = Buffer.alloc(0)): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length + 4);
  return Buffer.concat([Buffer.from(letter), length, content]);
}

/** An answer of one row: columns by name, each of the type that the server says it is. */
function answer(columns: ReadonlyArray<readonly [string, number, string]>): Buffer {
  const int = (size: 2 | 4, value: number) => {
    const bytes = Buffer.alloc(size);
    bytes.writeIntBE(value, 0, size);
    return bytes;
  };
  const count = int(2, columns.length);
  const described = columns.map(([name, type]) =>
    Buffer.concat([Buffer.from(`${name}\0`), int(4, 0), int(2, 0), int(4, type), int(2, -1), int(4, -1), int(2, 0)]),
  );
  const values = columns.map(([, , value]) => Buffer.concat([int(4, Buffer.byteLength(value)), Buffer.from(value)]));
  return Buffer.concat([
    ...[message('1'), message('2'), message('T', Buffer.concat([count, ...described]))],
    ...[message('D', Buffer.concat([count, ...values])), message('C', Buffer.from('SELECT 1\0'))],
    message('Z', Buffer.from('I')),
  ]);
}

const TYPES = { text: 25, json: 114, int: 23, texts: 1009 };

const LETS_IN = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const REFUSES_LOGIN = message('E', Buffer.from('SFATAL\0C28P01\0Mpassword authentication failed\0\0'));

/** How a question with parameters begins. */
const PARSE = 0x50;

/** Speaks as much of PostgreSQL as is needed to hear what it is asked. */
async function talkingPort(greeting: Buffer, onQuestion: (socket: Socket) => void) {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard.push(chunk.toString('latin1'));
      if (heard.length === 1) socket.write(greeting);
      else if (chunk[0] === PARSE) onQuestion(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, heard, sockets, close };
}

describe('a database', () => {
  it('is asked where nobody can shadow the answer', async () => {
    const { port, heard, close } = await talkingPort(LETS_IN, (socket) => socket.destroy());
    await probePostgres({ ip: '127.0.0.1', port, ...login }, signal);
    const [startup = '', question = ''] = heard;
    expect(startup).toContain('database\0postgres\0');
    expect(startup).toContain('options\0-c search_path=pg_catalog\0');
    expect(question).toContain('pg_catalog.current_setting(');
    expect(question).toContain('FROM pg_catalog.pg_settings');
    const called = [...question.matchAll(/([a-z_.]+)\(/g)].map(([, name = '']) => name);
    const read = [...question.matchAll(/(?:FROM|JOIN) (?:LATERAL )?([a-z_.]+)/g)].map(([, name = '']) => name);
    const named = [...called, ...read].filter((name) => !['nullif', 'live', 'asked', 'overriding'].includes(name));
    expect(named.filter((name) => !name.startsWith('pg_catalog.'))).toEqual([]);
    close();
  });

  it('says what it runs with', async () => {
    const row = { name: 'TimeZone', setting: 'UTC', source: 'configuration file', pending_restart: false };
    const said = answer([
      ['loaded', TYPES.text, 'abc'],
      ['pending', TYPES.text, '["shared_buffers"]'],
      ['version', TYPES.text, '180006'],
      ['settings', TYPES.text, JSON.stringify([row])],
      ['overrides', TYPES.text, ''],
    ]);
    const { port, close } = await talkingPort(LETS_IN, (socket) => socket.write(said));
    const proof = await probePostgres({ ip: '127.0.0.1', port, ...login }, signal);
    expect(proof).toMatchObject({ loaded: 'abc', pendingRestart: ['shared_buffers'], unreachable: undefined });
    expect(proof.server).toMatchObject({ major: 18, settings: [{ name: 'timezone', value: 'UTC' }], overrides: [] });
    close();
  });

  it.each([
    ['that says nothing', []],
    [
      'that answers with numbers',
      [...['loaded', 'pending', 'version', 'settings']].map((name) => [name, TYPES.int, '7']),
    ],
    ['that answers with lists', [...['loaded', 'version', 'settings']].map((name) => [name, TYPES.texts, '{a,b}'])],
    ['whose answer cannot be read', [['settings', TYPES.json, '{']]],
  ] as const)('%s breaks nothing', async (_, columns) => {
    const said = answer(columns as Parameters<typeof answer>[0]);
    const { port, close } = await talkingPort(LETS_IN, (socket) => socket.write(said));
    const proof = await probePostgres({ ip: '127.0.0.1', port, ...login }, signal);
    expect(proof).toMatchObject({ loaded: undefined, pendingRestart: [] });
    expect(proof.server).toBeUndefined();
    close();
  });

  it('that will not let us in says so', async () => {
    const { port, close } = await talkingPort(REFUSES_LOGIN, () => undefined);
    const proof = await probePostgres({ ip: '127.0.0.1', port, ...login }, signal);
    expect(proof).toMatchObject({ loginRefused: true, unreachable: 'password authentication failed' });
    close();
  });

  it('that never ends its answer is cut off', async () => {
    const flood = Buffer.alloc(1_048_576, message('N', Buffer.from('Mx\0\0')));
    const { port, sockets, close } = await talkingPort(LETS_IN, (socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(flood));
      };
      socket.on('drain', more);
      more();
    });
    const started = performance.now();
    const proof = await probePostgres({ ip: '127.0.0.1', port, ...login }, signal);
    expect(proof.unreachable).toContain('more than an answer');
    expect(performance.now() - started).toBeLessThan(1_000);
    await expect.poll(() => sockets.every((socket) => socket.destroyed)).toBe(true);
    close();
  });

  it('that never says a word is not kept connected', async () => {
    const { port, sockets, close } = await talkingPort(Buffer.alloc(0), () => undefined);
    await probePostgres({ ip: '127.0.0.1', port, ...login }, signal);
    await expect.poll(() => sockets.every((socket) => socket.destroyed)).toBe(true);
    close();
  });

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
