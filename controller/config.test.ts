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
    ['CDK8S_DISABLE_SORT', '1'],
  ])('are refused by name when %s is %s', (name, value) => {
    expect(() => configOf({ [name]: value })).toThrow(new RegExp(`wrong environment: ${name}`));
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
