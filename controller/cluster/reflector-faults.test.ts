import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createReflector, type Reflector, type ReflectorOptions } from './reflector.ts';
import { type Answer, json, type StandIn, startStandIn } from './stand-in.ts';
import { createTransport } from './transport.ts';

/** The same rules as in reflector.test.ts, over real sockets that break for real; times are short, not mocked. */

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const configMap = (name: string, resourceVersion: string) => ({
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion },
});
const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
const list = (response: ServerResponse) =>
  json(response, 200, { metadata: { resourceVersion: '100' }, items: [configMap('a', '90')] });

interface Bench {
  readonly standIn: StandIn;
  readonly reflector: Reflector<string>;
  readonly told: string[];
  readonly watches: () => (string | null)[];
}

/** `watches[n]` plays the n-th watch; the last one plays all that follow. */
async function bench(
  watches: ((response: ServerResponse) => void)[],
  options: Partial<ReflectorOptions<string>> = {},
): Promise<Bench> {
  let nth = 0;
  const answer: Answer = (seen, response) => {
    if (!seen.query.has('watch')) return list(response);
    const play = watches[Math.min(nth, watches.length - 1)];
    nth += 1;
    play?.(response);
  };
  const standIn = await startStandIn(answer);
  const transport = createTransport({ endpoint: standIn.endpoint });
  const told: string[] = [];
  const reflector = createReflector<string>({
    transport,
    kind: 'ConfigMap',
    project: ({ metadata }) => metadata.resourceVersion,
    onChange: ({ type, entry }) => told.push(`${type} ${entry.name}#${entry.resourceVersion}`),
    timing: { backoffBaseMs: 20, backoffCapMs: 100, stallMs: 10_000 },
    ...options,
  });
  closers.push(standIn.close, transport.close, reflector.stop);
  reflector.start();
  const watched = () =>
    standIn.seen.filter(({ query }) => query.has('watch')).map(({ query }) => query.get('resourceVersion'));
  return { standIn, reflector, told, watches: watched };
}

const opened = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  return response;
};
const healthy = (response: ServerResponse) => opened(response).write(line('MODIFIED', configMap('a', '111')));
const then = (afterMs: number, run: () => void) => setTimeout(run, afterMs);

describe('reflector over a network', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['a reset', (response) => then(10, () => opened(response).socket?.resetAndDestroy())],
    ['a reset before the answer', (response) => response.socket?.resetAndDestroy()],
    ['a close', (response) => then(10, () => response.socket?.end())],
    ['a 500', (response) => json(response, 500, { message: 'internal' })],
    ['a broken line', (response) => opened(response).write('{"type": oops}\n')],
    [
      'half a line',
      (response) => {
        opened(response).write(line('MODIFIED', configMap('a', '105')));
        response.end(line('MODIFIED', configMap('a', '106')).slice(0, 30));
      },
    ],
  ])('recovers from %s without a new list and without a loss', async (_what, fault) => {
    const { told, watches, standIn, reflector } = await bench([fault, healthy]);
    await vi.waitFor(() => expect(told.at(-1)).toBe('updated a#111'));
    expect(watches()).toHaveLength(2);
    expect(watches()[1]).toBe(told.includes('updated a#105') ? '105' : '100');
    expect(standIn.seen.filter(({ query }) => !query.has('watch'))).toHaveLength(1);
    expect(reflector.get('shop/a')?.value).toBe('111');
  });

  it('leaves a connection on which nothing comes any more', async () => {
    const stalled = vi.fn();
    const { told, watches } = await bench([opened, healthy], { observer: { stalled }, timing: { stallMs: 300 } });
    await vi.waitFor(() => expect(told.at(-1)).toBe('updated a#111'));
    expect(stalled).toHaveBeenCalled();
    expect(watches().slice(0, 2)).toEqual(['100', '100']);
  });

  it('keeps a connection on which bookmarks come', async () => {
    const bookmarks = (response: ServerResponse) => {
      opened(response);
      const send = () => response.write(line('BOOKMARK', { metadata: { resourceVersion: '120' } }));
      const timer = setInterval(send, 40);
      response.on('close', () => clearInterval(timer));
    };
    const { watches, reflector } = await bench([bookmarks], { timing: { stallMs: 400 } });
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(watches()).toHaveLength(1);
    expect(reflector.lastByteAgeMs()).toBeLessThan(400);
  });

  it('reads an event that comes in single bytes', async () => {
    const { told } = await bench([
      (response) => {
        opened(response);
        for (const byte of Buffer.from(line('ADDED', configMap('ü', '101')))) response.write(Buffer.of(byte));
      },
    ]);
    await vi.waitFor(() => expect(told.at(-1)).toBe('added ü#101'));
  });

  it('lists anew when the history is gone', async () => {
    const { told, standIn } = await bench([
      (response) => opened(response).write(line('ERROR', { kind: 'Status', code: 410, message: 'too old' })),
      healthy,
    ]);
    await vi.waitFor(() => expect(told.at(-1)).toBe('updated a#111'));
    const lists = standIn.seen.filter(({ query }) => !query.has('watch'));
    expect(lists.map(({ query }) => query.get('resourceVersion'))).toEqual([null, null]);
  });

  it('stops at once in the middle of a watch', async () => {
    const { reflector, told } = await bench([healthy]);
    await vi.waitFor(() => expect(told.at(-1)).toBe('updated a#111'));
    await reflector.stop();
  });
});
