import { afterEach, describe, expect, it, vi } from 'vitest';
import { classify } from './classify.ts';
import type { Endpoint } from './config.ts';
import { ApiError, ConnectionError, WriteRefused } from './errors.ts';
import { type Answer, json, type StandIn, startStandIn } from './stand-in.ts';
import { type Attempt, createTransport, type Transport, type TransportOptions, warningsOf } from './transport.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function bench(answer: Answer, options: Partial<TransportOptions> = {}) {
  const standIn: StandIn = await startStandIn(answer);
  const attempts: Attempt[] = [];
  const transport: Transport = createTransport({
    endpoint: standIn.endpoint,
    observer: { attempted: (attempt) => attempts.push(attempt) },
    ...options,
  });
  closers.push(standIn.close, transport.close);
  return { standIn, transport, attempts };
}

/** Answers in turn; the last one stays. */
function inTurn(...answers: Answer[]): Answer {
  return (seen, response, request) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(seen, response, request);
  };
}

const good: Answer = (_seen, response) => json(response, 200, { ok: true });
const reset: Answer = (_seen, response) => response.socket?.destroy();
const says =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (_seen, response) =>
    json(response, status, { kind: 'Status', message: `said ${status}`, code: status }, headers);
const get = { method: 'GET', path: '/api/v1/pods' } as const;
const post = { method: 'POST', path: '/api/v1/pods', body: {} } as const;

describe('request', () => {
  it('sends and receives JSON as it is', async () => {
    const { standIn, transport } = await bench((seen, response) => json(response, 200, JSON.parse(seen.body)));
    const policy = {
      spec: { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 5432 }] }], future: { field: null } },
    };
    const { body } = await transport.request({ ...post, body: policy, query: { dryRun: 'All', force: undefined } });
    expect(body).toEqual(policy);
    expect(standIn.seen[0]?.body).toBe(JSON.stringify(policy));
    expect(String(standIn.seen[0]?.query)).toBe('dryRun=All');
  });

  it('keeps the path of a server behind a gateway', async () => {
    const { standIn, transport } = await bench(good);
    const behind = createTransport({
      endpoint: { ...standIn.endpoint, server: `${standIn.endpoint.server}/k8s/clusters/c1` },
    });
    closers.push(behind.close);
    await behind.request(get);
    await transport.request(get);
    expect(standIn.seen.map(({ path }) => path)).toEqual(['/k8s/clusters/c1/api/v1/pods', '/api/v1/pods']);
  });

  it('shares connections between calls', async () => {
    const { standIn, transport } = await bench(good);
    for (let round = 0; round < 5; round += 1)
      await Promise.all(Array.from({ length: 10 }, () => transport.request(get)));
    expect(standIn.seen).toHaveLength(50);
    // The pool takes a second connection rather than wait for one that is just about to be free.
    expect(standIn.connections()).toBeLessThanOrEqual(20);
  });

  it('never has more calls under way than connections', async () => {
    let held: (() => void)[] = [];
    const { standIn, transport } = await bench((_seen, response) => held.push(() => json(response, 200, {})));
    const calls = Promise.all(Array.from({ length: 100 }, () => transport.request(get)));
    for (const expected of [32, 64, 96, 100]) {
      await vi.waitFor(() => expect(standIn.seen).toHaveLength(expected));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(standIn.seen).toHaveLength(expected);
      const release = held;
      held = [];
      for (const answer of release) answer();
    }
    await calls;
    expect(standIn.connections()).toBe(32);
  });

  it('throws what the server said', async () => {
    const { transport } = await bench(says(422));
    const error = await transport.request(post).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, message: 'said 422', asked: { method: 'POST', path: '/api/v1/pods' } });
  });

  it('makes do with an answer that is no Status', async () => {
    const { transport } = await bench((_seen, response) => {
      response.writeHead(502);
      response.end('<html>\nbad gateway</html>');
    });
    await expect(transport.request(get)).rejects.toMatchObject({ status: 502, message: '<html>' });
  });

  it('repeats a GET once after a broken connection', async () => {
    const { transport, attempts } = await bench(inTurn(reset, good));
    expect((await transport.request(get)).body).toEqual({ ok: true });
    expect(attempts.map(({ status }) => status)).toEqual([undefined, 200]);
  });

  it.each([
    ['twice on a GET', get, 2],
    ['once on a POST', post, 1],
    ['twice on a repeatable PATCH', { ...get, method: 'PATCH', body: {}, repeatable: true } as const, 2],
  ])('gives up when the connection breaks: %s', async (_what, request, tries) => {
    const { transport, attempts } = await bench(reset);
    const error = await transport.request(request).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(classify(error).kind).toBe('Unavailable');
    expect(attempts).toHaveLength(tries);
  });

  it('says so when there is no server', async () => {
    const { standIn, transport } = await bench(good);
    await standIn.close();
    await expect(transport.request(get)).rejects.toMatchObject({ name: 'ConnectionError' });
    closers.shift();
  });

  it('takes a cut answer for a broken connection', async () => {
    const { transport } = await bench(
      inTurn((_seen, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"half":');
        setTimeout(() => response.socket?.destroy(), 5);
      }, good),
    );
    expect((await transport.request(get)).body).toEqual({ ok: true });
  });

  it('ends a call that takes too long', async () => {
    const { transport } = await bench(() => undefined);
    const error = await transport.request({ ...get, deadlineMs: 30 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'ConnectionError', message: 'no answer within 30 ms' });
  });

  it('ends a call whose pass was aborted, with the reason of the pass', async () => {
    const { transport } = await bench(() => undefined);
    const controller = new AbortController();
    const reason = new Error('the pass is over');
    setTimeout(() => controller.abort(reason), 20);
    await expect(transport.request({ ...get, signal: controller.signal })).rejects.toBe(reason);
    await expect(transport.request({ ...get, signal: controller.signal })).rejects.toBe(reason);
  });

  it.each([429, 503])('waits as long as a %i asks, then tries again', async (status) => {
    const { transport, attempts } = await bench(inTurn(says(status, { 'retry-after': '0.05' }), good));
    const startedMs = performance.now();
    await transport.request(get);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(45);
    expect(attempts).toHaveLength(2);
  });

  it.each([
    ['asks for more than is left', get, says(429, { 'retry-after': '31' })],
    ['asks for nothing', get, says(503)],
    ['may have done something', post, says(503, { 'retry-after': '0.01' })],
  ])('leaves the wait to the loop when the server %s', async (_what, request, answer) => {
    const { transport, attempts } = await bench(answer);
    await expect(transport.request(request)).rejects.toBeInstanceOf(ApiError);
    expect(attempts).toHaveLength(1);
  });

  it('does not let a proxy in between keep a profile waiting for a day', async () => {
    const { transport } = await bench(says(503, { 'retry-after': '86400' }));
    const error = await transport.request(get).catch((thrown: unknown) => thrown);
    expect(classify(error)).toMatchObject({ kind: 'Unavailable', retryAfterMs: 120_000 });
  });

  it('gives up waiting after four attempts', async () => {
    const { transport, attempts } = await bench(says(429, { 'retry-after': '0.01' }));
    await expect(transport.request(post)).rejects.toMatchObject({ status: 429, retryAfterMs: 10 });
    expect(attempts).toHaveLength(4);
  });
});

describe('a guarded request', () => {
  it('is asked about when it has its connection, however long it has waited for one', async () => {
    let held: (() => void)[] = [];
    const { standIn, transport } = await bench((_seen, response) => held.push(() => json(response, 200, {})));
    const calls = Promise.all(Array.from({ length: 32 }, () => transport.request(get)));
    await vi.waitFor(() => expect(held).toHaveLength(32));
    let leads = true;
    const guard = vi.fn(() => {
      if (!leads) throw new WriteRefused('does not lead');
    });
    const late = transport.request({ ...post, guard }).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(guard).not.toHaveBeenCalled();
    leads = false;
    for (const answer of held.splice(0)) answer();
    expect(await late).toMatchObject({ name: 'WriteRefused', message: 'does not lead' });
    expect(guard).toHaveBeenCalledTimes(1);
    await calls;
    expect(standIn.seen).toHaveLength(32);
    // The connection is as good as before.
    leads = true;
    held = [];
    const next = transport.request({ ...post, guard });
    await vi.waitFor(() => expect(held).toHaveLength(1));
    held[0]?.();
    await next;
    expect(standIn.seen).toHaveLength(33);
  });

  it('is asked about again before it is sent again', async () => {
    const { standIn, transport } = await bench(inTurn(says(429, { 'retry-after': '0.02' }), good));
    const guard = vi.fn().mockReturnValueOnce(undefined);
    guard.mockImplementation(() => {
      throw new WriteRefused('does not lead');
    });
    await expect(transport.request({ ...post, guard })).rejects.toBeInstanceOf(WriteRefused);
    expect(standIn.seen).toHaveLength(1);
  });
});

describe('credentials', () => {
  const rotating = (endpoint: Endpoint, tokens: string[]): Endpoint => ({
    ...endpoint,
    readCredentials: async () => ({
      headers: { authorization: `Bearer ${tokens.length > 1 ? tokens.shift() : tokens[0]}` },
      tls: {},
      tlsFingerprint: '',
    }),
  });
  const wants =
    (token: string): Answer =>
    (seen, response) =>
      seen.headers.authorization === `Bearer ${token}` ? json(response, 200, {}) : json(response, 401, {});

  it('reads them again on a 401 and tries once more', async () => {
    const { standIn } = await bench(wants('new'));
    const transport = createTransport({ endpoint: rotating(standIn.endpoint, ['old', 'new']) });
    closers.push(transport.close);
    await transport.request(post);
    expect(standIn.seen).toHaveLength(2);
  });

  it('reads them once for many refusals at a time', async () => {
    const { standIn } = await bench(wants('new'));
    const read = vi.fn(rotating(standIn.endpoint, ['old', 'new']).readCredentials);
    const transport = createTransport({ endpoint: { ...standIn.endpoint, readCredentials: read } });
    closers.push(transport.close);
    await Promise.all(Array.from({ length: 20 }, () => transport.request(get)));
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('does not insist when the new ones are refused too', async () => {
    const { standIn, transport } = await bench(wants('never'));
    await expect(transport.request(get)).rejects.toMatchObject({ status: 401 });
    expect(standIn.seen).toHaveLength(2);
  });

  it('reads them every minute, and makes new connections only for new certificates', async () => {
    const { standIn } = await bench(good);
    let nowMs = 0;
    let fingerprint = 'one';
    const read = vi.fn(async () => ({ headers: {}, tls: {}, tlsFingerprint: fingerprint }));
    const clock = { nowMs: () => nowMs, after: () => () => undefined };
    const transport = createTransport({ endpoint: { ...standIn.endpoint, readCredentials: read }, clock });
    closers.push(transport.close);
    const connectionsAfter = async (stepMs: number): Promise<number> => {
      nowMs += stepMs;
      for (let call = 0; call < 5; call += 1) await transport.request(get);
      return standIn.connections();
    };
    const warm = await connectionsAfter(0);
    expect(await connectionsAfter(59_000)).toBe(warm);
    expect(read).toHaveBeenCalledTimes(1);
    expect(await connectionsAfter(1_000)).toBe(warm);
    expect(read).toHaveBeenCalledTimes(2);
    fingerprint = 'two';
    expect(await connectionsAfter(60_000)).toBeGreaterThan(warm);
    expect(read).toHaveBeenCalledTimes(3);
  });

  it('goes on with the old ones when they cannot be read', async () => {
    const { standIn } = await bench(good);
    let nowMs = 0;
    const failures: unknown[] = [];
    const read = vi.fn(async () => ({ headers: {}, tls: {}, tlsFingerprint: '' }));
    const transport = createTransport({
      endpoint: { ...standIn.endpoint, readCredentials: read },
      clock: { nowMs: () => nowMs, after: () => () => undefined },
      observer: { credentialsNotRead: (error) => failures.push(error) },
    });
    closers.push(transport.close);
    await transport.request(get);
    read.mockRejectedValue(new Error('no such file'));
    nowMs = 60_000;
    await transport.request(get);
    expect(failures).toHaveLength(1);
  });
});

describe('watch', () => {
  const watchOf = (transport: Transport, signal = new AbortController().signal) =>
    transport.watch({ path: '/api/v1/pods', query: { watch: 'true' }, signal });

  it('streams until it is aborted, and frees its connection then', async () => {
    const closed = vi.fn();
    const { transport } = await bench((_seen, response) => {
      response.on('close', closed);
      response.writeHead(200);
      response.write('line\n');
    });
    const controller = new AbortController();
    const reason = new Error('enough');
    const lines: string[] = [];
    const reading = (async () => {
      for await (const chunk of await watchOf(transport, controller.signal)) {
        lines.push(Buffer.from(chunk).toString());
        controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(lines).toEqual(['line\n']);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled());
  });

  it('throws what the server said instead of streaming it', async () => {
    const { transport, attempts } = await bench(says(429, { 'retry-after': '1' }));
    await expect(watchOf(transport)).rejects.toMatchObject({ status: 429, retryAfterMs: 1_000 });
    expect(attempts).toMatchObject([{ lane: 'watch', status: 429 }]);
  });

  it('does not hold up other calls however many watches there are', async () => {
    const { transport } = await bench((seen, response) => {
      if (seen.query.has('watch')) response.writeHead(200).flushHeaders();
      else json(response, 200, {});
    });
    const controller = new AbortController();
    await Promise.all(Array.from({ length: 40 }, () => watchOf(transport, controller.signal)));
    await transport.request(get);
    controller.abort();
  });
});

describe('warningsOf', () => {
  it.each([
    [undefined, []],
    ['299 - "spec.a is deprecated"', ['spec.a is deprecated']],
    ['299 - "one", 299 - "say \\"two\\""', ['one', 'say "two"']],
    [
      ['299 - "one"', '299 - "two"'],
      ['one', 'two'],
    ],
    ['nonsense', []],
  ])('%o', (header, expected) => {
    expect(warningsOf(header)).toEqual(expected);
  });
});
