import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confLine, confSettings, sqlIdentifier, sqlLiteral } from './postgres-conf.ts';

/** PostgreSQL's own reading of a quoted value in its configuration file. */
function readConf(line: string): string {
  const match = /^([a-z_.]+) = '((?:[^'\\\n]|''|\\\\)*)'$/.exec(line);
  if (match === null) throw new Error(`broken out: ${line}`);
  return (match[2] as string).replaceAll("''", "'").replaceAll('\\\\', '\\');
}

describe('the escaper', () => {
  it('gives back what went in, whatever it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const hasControl = [...value].some(
          (character) => (character.codePointAt(0) ?? 0) < 0x20 || character === '\u007f',
        );
        if (hasControl) expect(() => confLine('work_mem', value)).toThrow(RangeError);
        else expect(readConf(confLine('work_mem', value))).toBe(value);
      }),
    );
  });

  it('reads what it has written, line by line', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' }), { maxLength: 5 }), (values) => {
        const lines = values.map((value, index) => confLine(`a.b_${index}`, value));
        expect([...confSettings(`# a = 'comment'\n${lines.join('\n')}\n`).values()]).toEqual(values);
      }),
    );
    expect(confSettings(`${confLine('jit', 'off')}\n${confLine('jit', 'on')}`).get('jit')).toBe('on');
  });

  it('refuses names that are none', () => {
    for (const name of ["a'b", 'a b', 'a\nb', '', 'A', '1a', 'a.b.c'])
      expect(() => confLine(name, 1)).toThrow(RangeError);
  });

  it('doubles quotes in SQL', () => {
    expect(sqlLiteral("o'neill")).toBe("'o''neill'");
    expect(sqlIdentifier('a"b')).toBe('"a""b"');
    expect(() => sqlLiteral('a\nb')).toThrow(RangeError);
  });
});
