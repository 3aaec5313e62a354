import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fingerprintOf, readEndpoint } from './config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

function kubeconfig(user: unknown, cluster: unknown = {}): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [
      { name: 'main', context: { cluster: 'c', user: 'u', namespace: 'shop' } },
      { name: 'bare', context: { cluster: 'c', user: 'u' } },
    ],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443/', ...(cluster as object) } }],
    users: [{ name: 'u', user }],
  };
  return file('kubeconfig', JSON.stringify(config));
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const tokenFile = (path: string) => ({ 'auth-provider': { name: 'tokenFile', config: { tokenFile: path } } });

describe('readEndpoint', () => {
  it('knows server and namespace of the context', () => {
    const path = kubeconfig({ token: 't' });
    expect(readEndpoint({ kubeconfig: path })).toMatchObject({ server: 'https://127.0.0.1:6443', namespace: 'shop' });
    expect(readEndpoint({ kubeconfig: path, context: 'bare' }).namespace).toBe('default');
  });

  it('refuses what it cannot do', () => {
    expect(() => readEndpoint({ kubeconfig: join(folder, 'nowhere') })).toThrow('ENOENT');
    expect(() => readEndpoint({ kubeconfig: kubeconfig({}), context: 'other' })).toThrow('no current cluster');
    const behindProxy = kubeconfig({}, { 'proxy-url': 'http://proxy:3128' });
    expect(() => readEndpoint({ kubeconfig: behindProxy })).toThrow('proxy-url');
  });
});

describe('readCredentials', () => {
  it('trims a token, and reads a new one', async () => {
    const path = file('token', 'first\n');
    const endpoint = readEndpoint({ kubeconfig: kubeconfig(tokenFile(path)) });
    const first = await endpoint.readCredentials(false);
    expect(first.headers).toEqual({ authorization: 'Bearer first' });
    file('token', 'second\n');
    const second = await endpoint.readCredentials(true);
    expect(second.headers).toEqual({ authorization: 'Bearer second' });
    expect(second.tlsFingerprint).toBe(first.tlsFingerprint);
  });

  it('reads certificates, and tells new bytes from the same bytes', async () => {
    const ca = file('ca.crt', 'one');
    const user = { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') };
    const cluster = { 'certificate-authority': ca, 'tls-server-name': 'kubernetes' };
    const endpoint = readEndpoint({ kubeconfig: kubeconfig(user, cluster) });
    const first = await endpoint.readCredentials(false);
    expect(first.tls).toMatchObject({ ca: Buffer.from('one'), cert: Buffer.from('cert'), servername: 'kubernetes' });
    expect((await endpoint.readCredentials(false)).tlsFingerprint).toBe(first.tlsFingerprint);
    file('ca.crt', 'two');
    expect((await endpoint.readCredentials(false)).tlsFingerprint).not.toBe(first.tlsFingerprint);
  });

  it('asks a plugin once, and again only when its answer was refused', async () => {
    const count = join(folder, 'count');
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'from-plugin' },
    };
    const plugin = file('plugin.sh', `echo x >> ${count}; echo '${JSON.stringify(credential)}'`);
    const exec = { apiVersion: credential.apiVersion, command: 'sh', args: [plugin], interactiveMode: 'Never' };
    const endpoint = readEndpoint({ kubeconfig: kubeconfig({ exec }) });
    for (const refused of [false, false, true]) {
      expect((await endpoint.readCredentials(refused)).headers).toEqual({ authorization: 'Bearer from-plugin' });
    }
    expect(readFileSync(count, 'utf8')).toBe('x\nx\n');
  });
});

describe('fingerprintOf', () => {
  it.each([
    [{ ca: 'a' }, { ca: 'b' }],
    [{ ca: 'ab' }, { ca: 'a', cert: 'b' }],
    [{ ca: 'a' }, { cert: 'a' }],
    [{}, { rejectUnauthorized: false }],
  ])('%o differs from %o', (one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
  });

  it('does not care how bytes are held', () => {
    expect(fingerprintOf({ ca: 'a' })).toBe(fingerprintOf({ ca: Buffer.from('a') }));
  });
});
