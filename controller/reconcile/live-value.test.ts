import { describe, expect, it } from 'vitest';
import type { LiveSetting } from '../probe/live-server.ts';
import { boundsBroken, isSame, tell } from './live-value.ts';

const setting = (change: Partial<LiveSetting>): LiveSetting => ({
  name: 'anything',
  value: '',
  unit: '',
  type: 'string',
  context: 'user',
  source: 'configuration file',
  file: '',
  min: '',
  max: '',
  words: [],
  pending: false,
  ...change,
});
const kilobytes = { type: 'integer', unit: 'kB' };
const truth = { type: 'bool' };
const commit = { type: 'enum', words: ['local', 'remote_write', 'on', 'off'] };

describe('a value that is written and one that runs', () => {
  it.each([
    ['4MB', '4096', kilobytes],
    ['128MB', '16384', { type: 'integer', unit: '8kB' }],
    ['100kB', '12', { type: 'integer', unit: '8kB' }], // Twelve and a half, to the even one.
    ['100kB', '13', { type: 'integer', unit: '8kB' }],
    ['30.1GB', '31561728', kilobytes],
    ['10s', '10000', { type: 'integer', unit: 'ms' }],
    ['123.456789', '123.457', { type: 'real' }],
    ['1e10', '1e+10', { type: 'real' }],
    ['ON', 'on', truth],
    ['t', 'on', truth],
    ['0', 'off', truth],
    ['of', 'off', truth],
    ['Remote_Write', 'remote_write', commit],
    ['true', 'on', commit],
    ['on', 'pglz', { name: 'wal_compression', type: 'enum', words: ['pglz', 'lz4', 'zstd', 'on', 'off'] }],
    ['UTC', 'utc', {}],
  ])('%s and %s are the same', (written, live, as) => {
    expect(isSame(written, live, setting(as))).toBe(true);
  });

  it.each([
    ['4MB', '65536', kilobytes],
    ['4MB', '4097', kilobytes],
    ['-1', '0', kilobytes],
    ['1.1', '4', { type: 'real' }],
    ['off', 'on', truth],
    ['local', 'on', commit],
    ['%m [%p] ', '%m ', {}],
  ])('%s and %s are not', (written, live, as) => {
    expect(isSame(written, live, setting(as))).toBe(false);
  });

  it.each([
    ['010', '8', kilobytes],
    ['2s', '2', kilobytes],
    ['a lot', '4', { type: 'real' }],
    ['o', 'on', truth],
    ['hidden', 'on', commit],
    ['0', '7200', { name: 'tcp_keepalives_idle', type: 'integer', unit: 's' }],
  ])('of %s and %s nothing can be told', (written, live, as) => {
    expect(isSame(written, live, setting(as))).toBeUndefined();
  });
});

describe('what a server takes', () => {
  const size = setting({ ...kilobytes, min: '64', max: '2147483647' });
  it.each([
    ['63kB', size, 'from 64kB to 2147483647kB'],
    ['1', setting({ type: 'real', min: '1.5', max: '2' }), 'from 1.5 to 2'],
    ['everything', setting({ ...commit, value: 'on' }), 'one of local, remote_write, on, off'],
  ])('is not %s', (written, live, bounds) => {
    expect(boundsBroken(written, live)).toBe(bounds);
  });

  it.each([
    ['64kB', size],
    ['no number', size],
    ['1', setting({ type: 'integer' })],
    ['yes', setting(commit)],
    ['debug', setting({ type: 'enum', words: ['debug2', 'debug1'], value: 'debug2' })],
    ['anything', setting({})],
    ['anything', setting({ type: 'enum' })],
  ])('may be %s', (written, live) => {
    expect(boundsBroken(written, live)).toBeUndefined();
  });
});

describe('a value of pg_settings', () => {
  it.each([
    ['8192', '8kB', '64MB'],
    ['4096', 'kB', '4MB'],
    ['2', 'MB', '2MB'],
    ['30000', 'ms', '30000ms'],
    ['-1', 'kB', '-1'],
    ['on', '', 'on'],
    ['<script>', 'kB', '<script>'],
  ])('%s of %s is told as %s', (value, unit, text) => {
    expect(tell(value, unit)).toBe(text);
  });
});
