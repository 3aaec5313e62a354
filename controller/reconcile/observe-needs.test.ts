import { describe, expect, it } from 'vitest';
import { OWNER, PROFILE } from './fixtures.ts';
import { createMemory } from './memory.ts';
import { observeNeeds } from './observe-needs.ts';
import { CERTIFICATE, KEY, OTHER_KEY, VALID_TO } from './pair-fixture.ts';
import type { Tools } from './tools.ts';

const signal = new AbortController().signal;
const tls = { kind: 'Secret', name: 'shop-tls', keys: ['tls.crt', 'tls.key'], path: 'edge.tls.secretName' } as const;
const encoded = (data: Record<string, string>) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

/** A namespace with these Secrets. */
function namespaceWith(secrets: Record<string, Record<string, string>>) {
  const asked: string[] = [];
  const clock = { nowMs: Date.parse('2026-11-24T12:00:00Z') };
  const memory = createMemory().of('web/shop', OWNER.uid, undefined);
  const get = async (_kind: string, { name }: { readonly name: string }) => {
    asked.push(name);
    const data = secrets[name];
    if (data === undefined) return undefined;
    const metadata = { name, uid: `uid-of-${name}`, resourceVersion: '7' };
    return { apiVersion: 'v1', kind: 'Secret', metadata, data: encoded(data) };
  };
  const tools = { cluster: { get } } as unknown as Tools;
  const look = () => observeNeeds(tools, { profile: PROFILE, requires: [tls], memory, nowMs: clock.nowMs }, signal);
  return { asked, clock, memory, secrets, look };
}

const OWN = { 'shop-postgres-app': { password: 'pa55' }, 'shop-postgres-monitor': { password: 'pa55' } };
const PAIR = { 'tls.crt': CERTIFICATE, 'tls.key': KEY };

describe('what a stack needs', () => {
  it('is read once a minute when all is there', async () => {
    const { asked, clock, look } = namespaceWith({ ...OWN, 'shop-tls': PAIR });
    for (let pass = 0; pass < 3; pass += 1) {
      expect(await look()).toEqual({
        missing: [],
        unusable: [],
        expiring: [],
        absentSecrets: [],
        credentials: 'uid-of-shop-postgres-app.7',
      });
    }
    expect(asked).toHaveLength(3);
    clock.nowMs += 60_000;
    await look();
    expect(asked).toHaveLength(6);
  });

  it('keeps no value of a Secret', async () => {
    const { memory, look } = namespaceWith({ ...OWN, 'shop-tls': PAIR });
    const needs = await look();
    const kept = JSON.stringify([needs, [...memory.found]]);
    expect(kept).not.toContain('pa55');
    expect(kept).not.toContain('PRIVATE');
  });

  it('tells a pair that will not do, until it is mended', async () => {
    const stage = namespaceWith({ ...OWN, 'shop-tls': { ...PAIR, 'tls.key': OTHER_KEY } });
    expect((await stage.look()).unusable).toEqual([
      { requirement: tls, problem: 'tls.key does not belong to the first certificate of tls.crt' },
    ]);
    stage.secrets['shop-tls'] = PAIR;
    expect((await stage.look()).unusable).toEqual([]);
  });

  it('tells a certificate that ends soon, also between two looks', async () => {
    const stage = namespaceWith({ ...OWN, 'shop-tls': PAIR });
    stage.clock.nowMs = VALID_TO - 1_000;
    for (let pass = 0; pass < 2; pass += 1) {
      expect((await stage.look()).expiring).toEqual([{ requirement: tls, expiresAt: '2120-01-01T00:00:00Z' }]);
    }
    stage.clock.nowMs = VALID_TO;
    expect((await stage.look()).unusable).toMatchObject([{ problem: expect.stringContaining('expired') }]);
  });

  it('tells a login that no URL takes, until it is mended, and keeps nothing of it', async () => {
    const stage = namespaceWith({ ...OWN, 'shop-postgres-app': { password: 'pa#55' }, 'shop-tls': PAIR });
    for (let pass = 0; pass < 2; pass += 1) {
      expect((await stage.look()).brokenUrl).toEqual({
        secret: 'shop-postgres-app',
        keys: ['password'],
        hasUri: false,
      });
    }
    expect(JSON.stringify([...stage.memory.found])).not.toContain('pa#55');
    stage.secrets['shop-postgres-app'] = { password: 'pa55' };
    expect((await stage.look()).brokenUrl).toBeUndefined();
  });

  it('names what is not there', async () => {
    const { look } = namespaceWith({});
    expect(await look()).toMatchObject({
      missing: [{ requirement: tls, keys: undefined }],
      absentSecrets: ['shop-postgres-app', 'shop-postgres-monitor'],
      credentials: undefined,
    });
  });
});
