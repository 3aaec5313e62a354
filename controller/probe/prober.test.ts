import { describe, expect, it } from 'vitest';
import { type Asked, createProber } from './prober.ts';
import type { Proof } from './proof.ts';
import { unreachable } from './proof.ts';

const signal = new AbortController().signal;
const edge: Asked = { tier: 'edge', process: 'pod/1', ip: '192.0.2.1', expected: 'new' };
const answer = (loaded: string | undefined): Proof => ({
  loaded,
  refusal: undefined,
  pendingRestart: [],
  unreachable: undefined,
});
const login = { username: 'monitor', password: 'pa55' };

function proberWith(...answers: Proof[]) {
  const clock = { nowMs: 1_000_000 };
  const asked: string[] = [];
  const next = () => answers[Math.min(asked.length - 1, answers.length - 1)] as Proof;
  const prober = createProber(() => clock.nowMs, {
    edge: async ({ ip }) => {
      asked.push(ip);
      return next();
    },
    postgres: async ({ ip, password, settings = [] }) => {
      asked.push([ip, password, ...settings].join(' '));
      return next();
    },
  });
  const prove = async (target: Asked = edge, readLogin = async (): Promise<typeof login | undefined> => login) =>
    (await prober.prove([target], readLogin, signal)).get(target.process);
  return { clock, asked, prove, forget: prober.forget };
}

describe('a process is asked', () => {
  it('once when it has loaded what it should, and again after ten minutes', async () => {
    const { clock, asked, prove } = proberWith(answer('new'));
    for (let pass = 0; pass < 5; pass += 1) expect(await prove()).toMatchObject({ loaded: 'new' });
    expect(asked).toHaveLength(1);
    clock.nowMs += 600_000;
    await prove();
    expect(asked).toHaveLength(2);
  });

  it('at once when what it has said is forgotten, and its answer is taken as it is', async () => {
    const { asked, prove, forget } = proberWith(answer('new'), unreachable('timed out'));
    await prove();
    forget(edge.process);
    expect(await prove()).toMatchObject({ loaded: undefined, unreachable: 'timed out' });
    expect(asked).toHaveLength(2);
  });

  it('again and again until it has', async () => {
    const { clock, asked, prove } = proberWith(answer('old'), answer('old'), answer('new'));
    for (const loaded of ['old', 'old', 'new', 'new']) {
      expect(await prove()).toMatchObject({ loaded });
      clock.nowMs += 300;
    }
    expect(asked).toHaveLength(3);
  });

  it('again when it refuses something beside the configuration that it has loaded', async () => {
    const refusing = { ...answer('new'), refusal: 'cannot load certificate' };
    const { clock, prove } = proberWith(refusing, answer('new'));
    expect(await prove()).toMatchObject({ refusal: 'cannot load certificate' });
    clock.nowMs += 300;
    expect(await prove()).toMatchObject({ refusal: undefined });
  });

  it('anew when another configuration is expected, or another process runs', async () => {
    const { clock, asked, prove } = proberWith(answer('new'));
    await prove();
    clock.nowMs += 300;
    await prove({ ...edge, expected: 'newer' });
    await prove({ ...edge, process: 'pod/2' });
    expect(asked).toHaveLength(3);
  });

  it('less often when it does not answer', async () => {
    const { clock, asked, prove } = proberWith(unreachable('refused'));
    await prove();
    clock.nowMs += 1_000;
    await prove();
    expect(asked).toHaveLength(1);
    clock.nowMs += 1_000;
    await prove();
    expect(asked).toHaveLength(2);
  });

  it('keeps its proof when it misses one later question', async () => {
    const { clock, prove } = proberWith(answer('new'), unreachable('busy'));
    await prove();
    clock.nowMs += 600_000;
    expect(await prove()).toMatchObject({ loaded: 'new', unreachable: undefined });
  });

  it('loses its proof when it does not let us in any more', async () => {
    const { clock, prove } = proberWith(answer('new'), { ...unreachable('28P01'), loginRefused: true });
    await prove();
    clock.nowMs += 600_000;
    expect(await prove()).toMatchObject({ loaded: undefined, loginRefused: true });
  });
});

describe('a database', () => {
  const postgres: Asked = { ...edge, tier: 'postgres' };

  it('is asked with the login of its monitoring role', async () => {
    const { asked, prove } = proberWith(answer('new'));
    await prove(postgres);
    expect(asked).toEqual(['192.0.2.1 pa55']);
  });

  it('is asked about its settings', async () => {
    const { asked, prove } = proberWith(answer('new'));
    await prove({ ...postgres, settings: ['work_mem', 'jit'] });
    expect(asked).toEqual(['192.0.2.1 pa55 work_mem jit']);
  });

  it('is not asked without one', async () => {
    const { asked, prove } = proberWith(answer('new'));
    expect(await prove(postgres, async () => undefined)).toMatchObject({
      unreachable: expect.stringContaining('Secret'),
    });
    expect(asked).toEqual([]);
  });
});
