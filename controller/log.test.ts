import { describe, expect, it } from 'vitest';
import { createLog, passLog } from './log.ts';

function bench(level?: 'debug' | 'info') {
  const lines: string[] = [];
  const log = createLog({ level, destination: { write: (line: string) => lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

describe('log', () => {
  it('writes one JSON line with fields and a constant message', () => {
    const { log, lines, last } = bench();
    log.info({ objects: 22 }, 'applied');
    log.debug({}, 'too quiet to be heard');
    expect(lines).toHaveLength(1);
    expect(last()).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), objects: 22, msg: 'applied' });
  });

  it('carries the fields of a pass on every line', () => {
    const { log, last } = bench();
    const pass = {
      controller: 'performanceprofile',
      namespace: 'shop',
      name: 'bahamm',
      reconcileID: 'r-1',
      generation: 3,
    };
    passLog(log, pass).with({ tier: 'edge' }).warn({}, 'waiting');
    expect(last()).toMatchObject({ ...pass, tier: 'edge', level: 'warn' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['a password', { password: 'hunter2' }],
    ['a token', { accessToken: 'hunter2' }],
    ['a secret', { clientSecret: 'hunter2' }],
    ['a header', { headers: { Authorization: 'Bearer hunter2' } }],
    ['anything below', { a: [{ b: { dbPassword: { value: 'hunter2' } } }] }],
    ['an environment variable', { env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] }],
  ])('never shows %s', (_what, fields) => {
    const { log, lines } = bench();
    log.info(fields, 'said');
    log.with(fields).info({}, 'carried');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines).toHaveLength(2);
  });

  it('shows the names of Secrets, and other variables', () => {
    const { log, last } = bench();
    log.info({ tls: { secretName: 'bahamm-tls' }, env: [{ name: 'MODE', value: 'fast' }] }, 'said');
    expect(last()).toMatchObject({ tls: { secretName: 'bahamm-tls' }, env: [{ name: 'MODE', value: 'fast' }] });
  });

  it('tells an error with its causes, and nothing that hangs on it', () => {
    const { log, last, lines } = bench();
    const cause = new Error('connection refused', { cause: new Error('ECONNREFUSED') });
    const error = Object.assign(new TypeError('failed', { cause }), {
      request: { headers: { authorization: 'hunter2' } },
    });
    log.error({ error }, 'pass failed');
    expect(last().error).toMatchObject({
      name: 'TypeError',
      message: 'failed',
      causes: ['Error: connection refused', 'Error: ECONNREFUSED'],
    });
    expect(lines.join('')).not.toContain('hunter2');
  });

  it('survives a cycle', () => {
    const { log, lines } = bench();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    log.info({ cycle }, 'said');
    expect(lines).toHaveLength(1);
  });
});
