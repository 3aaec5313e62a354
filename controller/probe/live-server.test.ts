import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liveServerIn, MAX_ROWS, MAX_TEXT, namesIn } from './live-server.ts';

const json = (value: unknown): string => JSON.stringify(value);

describe('what a server says of itself', () => {
  it('is read whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.oneof(fc.anything(), fc.json()), fc.json(), (version, settings, overrides) => {
        const server = liveServerIn(version, settings, overrides);
        expect(
          server?.settings.every(({ name, value }) => typeof name === 'string' && typeof value === 'string'),
        ).not.toBe(false);
        expect(namesIn(settings).every((name) => /^[\w.]+$/.test(name))).toBe(true);
      }),
    );
  });

  it('is cut to what an answer may be', () => {
    const row = { name: 'a'.repeat(500), setting: 'b'.repeat(500), enumvals: Array(500).fill('c') };
    const server = liveServerIn('170012', json(Array(500).fill(row)), json(Array(500).fill({ name: 'a', value: 'b' })));
    expect(server?.settings).toHaveLength(MAX_ROWS);
    expect(server?.overrides).toHaveLength(MAX_ROWS);
    expect(server?.settings[0]?.value).toHaveLength(MAX_TEXT);
    expect(server?.settings[0]?.words).toHaveLength(MAX_ROWS);
  });

  it('tells its major version, or nothing is believed', () => {
    expect(liveServerIn('150018', '[]', null)).toEqual({ major: 15, settings: [], overrides: [] });
    for (const version of [undefined, null, '', 'eighteen', '18', 1e9])
      expect(liveServerIn(version, '[]', '[]')).toBeUndefined();
  });

  it('leaves out rows of another form', () => {
    const server = liveServerIn(
      '180006',
      json([null, 1, {}, { name: 'jit' }, { name: 'JIT', setting: 'off' }]),
      json([{ name: 'jit' }]),
    );
    expect(server?.settings).toMatchObject([{ name: 'jit', value: 'off', unit: '', words: [], pending: false }]);
    expect(server?.overrides).toEqual([]);
  });
});
