import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../synth/version.ts';
import { configOf } from './config.ts';

describe('the settings of the operator', () => {
  it('have defaults', () => {
    expect(configOf({})).toEqual({
      namespaces: undefined,
      logLevel: 'info',
      healthPort: 8080,
      stallAfterMs: 600_000,
      workers: 8,
      metrics: { port: undefined, tls: undefined, auth: 'None' },
      election: { identity: undefined, namespace: undefined },
    });
  });

  it('are read from the environment', () => {
    const env = { PITCREW_NAMESPACES: 'shop, blog,shop', LOG_LEVEL: 'debug', PITCREW_STALL_AFTER_SECONDS: '30' };
    expect(configOf(env)).toMatchObject({ namespaces: ['shop', 'blog'], logLevel: 'debug', stallAfterMs: 30_000 });
  });

  it.each([
    ['PITCREW_NAMESPACES', 'Shop'],
    ['LOG_LEVEL', 'loud'],
    ['PITCREW_HEALTH_PORT', '70000'],
    ['PITCREW_STALL_AFTER_SECONDS', '0'],
    ['PITCREW_WORKERS', 'many'],
    ['PITCREW_METRICS_PORT', 'http'],
    ['PITCREW_METRICS_AUTH', 'basic'],
    ['PITCREW_LEADER_ELECTION', 'yes'],
    ['PITCREW_LEASE_NAMESPACE', 'Shop'],
    ['CDK8S_DISABLE_SORT', '1'],
  ])('are refused by name when %s is %s', (name, value) => {
    expect(() => configOf({ [name]: value })).toThrow(new RegExp(`wrong environment: ${name}`));
  });
});

describe('the election', () => {
  it('may be named, placed, and done without', () => {
    const env = { POD_NAME: 'pitcrew-1', PITCREW_LEASE_NAMESPACE: 'shop' };
    expect(configOf(env).election).toEqual({ identity: 'pitcrew-1', namespace: 'shop' });
    expect(configOf({ ...env, PITCREW_LEADER_ELECTION: 'false' }).election).toBeUndefined();
  });
});

describe('metrics', () => {
  const files = { PITCREW_METRICS_TLS_CERT_FILE: '/tls/tls.crt', PITCREW_METRICS_TLS_KEY_FILE: '/tls/tls.key' };

  it('may have a port, TLS and a guard of their own', () => {
    const env = { ...files, PITCREW_METRICS_PORT: '8443', PITCREW_METRICS_AUTH: 'Kubernetes' };
    const tls = { certFile: '/tls/tls.crt', keyFile: '/tls/tls.key' };
    expect(configOf(env).metrics).toEqual({ port: 8443, tls, auth: 'Kubernetes' });
  });

  it.each([
    ['PITCREW_METRICS_TLS_KEY_FILE', { ...files, PITCREW_METRICS_TLS_KEY_FILE: undefined }],
    ['PITCREW_METRICS_TLS_CERT_FILE', { ...files, PITCREW_METRICS_TLS_CERT_FILE: undefined }],
    ['PITCREW_METRICS_PORT: unset', files],
    ['PITCREW_METRICS_PORT: 8080', { ...files, PITCREW_METRICS_PORT: '8080' }],
  ])('are refused for %s', (wrong, env) => {
    expect(() => configOf(env)).toThrow(new RegExp(`wrong environment: ${wrong}`));
  });
});

describe('the version', () => {
  it('is the one of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(VERSION).toBe(version);
  });
});
