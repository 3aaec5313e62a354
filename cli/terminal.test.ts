import { describe, expect, it } from 'vitest';
import { counted, paint, terminalOf, wrap } from './terminal.ts';

const plain = { columns: 40, colour: false };

describe('terminalOf', () => {
  it.each([
    ['a pipe', { isTTY: false }, {}, { columns: 100, colour: false }],
    ['a terminal', { isTTY: true, columns: 90 }, {}, { columns: 90, colour: true }],
    ['NO_COLOR', { isTTY: true, columns: 90 }, { NO_COLOR: '1' }, { columns: 90, colour: false }],
    ['an empty NO_COLOR', { isTTY: true, columns: 90 }, { NO_COLOR: '' }, { columns: 90, colour: true }],
    ['a dumb terminal', { isTTY: true, columns: 90 }, { TERM: 'dumb' }, { columns: 90, colour: false }],
    ['a very wide one', { isTTY: true, columns: 300 }, {}, { columns: 120, colour: true }],
    ['a very narrow one', { isTTY: true, columns: 9 }, {}, { columns: 40, colour: true }],
    ['one that tells nothing', { isTTY: true }, { COLUMNS: 'x' }, { columns: 100, colour: true }],
  ])('%s', (_, stream, env, expected) => {
    expect(terminalOf(stream, env)).toEqual(expected);
  });
});

describe('text', () => {
  it('is wrapped between words, later lines under the first', () => {
    expect(wrap(plain, 'one two three four five six seven eight nine ten', '  fix: ')).toBe(
      '  fix: one two three four five six seven\n       eight nine ten',
    );
    expect(wrap(plain, 'a'.repeat(60))).toBe('a'.repeat(60));
  });

  it('is painted only where colours show', () => {
    expect(paint(plain, 'red', 'x')).toBe('x');
    expect(paint({ ...plain, colour: true }, 'red', 'x')).not.toBe('x');
  });

  it('counts in English', () => {
    expect([0, 1, 2].map((count) => counted(count, 'error'))).toEqual(['no errors', '1 error', '2 errors']);
  });
});
