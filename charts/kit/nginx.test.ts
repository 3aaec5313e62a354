import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cidr, containerPath, cookieName, hostName, image, objectName, urlPath } from '../../crds/fields.ts';
import {
  alternatives,
  block,
  comment,
  directive,
  join,
  mapBlock,
  pattern,
  renderNginx,
  type Statement,
  template,
} from './nginx.ts';
import { readNginx } from './nginx-reader.ts';

const words = (...statements: Statement[]) => readNginx(renderNginx(statements)).map((found) => found.words);

/** Any text, with more of what means something to nginx than chance would give. */
const nasty = fc
  .array(
    fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...'"\'\\;{}# \t\n\r$~*()nrt', '${', '";', "';", '\\"')),
  )
  .map((parts) => parts.join(''));
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what nginx must not get.
const refused = (text: string) => /[$\u0000-\u001f\u007f]/.test(text) || Buffer.byteLength(text) > 4000;

describe('rendering', () => {
  it('writes directives, blocks and comments', () => {
    const text = renderNginx([
      comment('a comment'),
      directive('gzip', 'on'),
      block(['server'], [directive('listen', 8080), block(['types'], [])]),
    ]);
    expect(text).toBe('# a comment\ngzip on;\nserver {\n    listen 8080;\n    types {\n    }\n}\n');
  });

  it('quotes what has to be, and leaves patterns readable', () => {
    expect(renderNginx([directive('a', 'x y', '', 'a"b', `a"b'c`)])).toBe(`a "x y" "" 'a"b' "a\\"b'c";\n`);
    expect(renderNginx([directive('a', pattern`~\.(?:html?)$`)])).toBe('a "~\\.(?:html?)$";\n');
  });
});

describe('literal text', () => {
  it('comes back as it was, in one word, or is refused', () => {
    fc.assert(
      fc.property(nasty, nasty, (first, second) => {
        const render = () => words(directive(first, second), block(['map', second], [directive(second, first)]));
        if (refused(first) || refused(second)) expect(render).toThrow(RangeError);
        else
          expect(render()).toEqual([
            [first, second],
            ['map', second],
          ]);
      }),
      { numRuns: 2000 },
    );
  });

  it('cannot leave a template, name a variable, or change one', () => {
    fc.assert(
      fc.property(nasty, (value) => {
        const render = () => words(directive('return', template`$scheme://${value}$request_uri`, 'end'));
        if (refused(value)) expect(render).toThrow(RangeError);
        else expect(render()).toEqual([['return', `$scheme://${value}$request_uri`, 'end']]);
      }),
    );
    expect(() => template`$host${'name'}`).toThrow(/change the variable/);
    expect(() => join(template`$host`, 'name')).toThrow(/change the variable/);
    expect(() => join(template`$`, '{host}')).toThrow(/change the variable/);
  });

  it('matches itself in a pattern', () => {
    fc.assert(
      fc.property(nasty, nasty, (value, other) => {
        fc.pre(!refused(value));
        const expression = new RegExp(pattern`^(?:${value})$`.text);
        expect(expression.test(value)).toBe(true);
        expect(expression.test(other)).toBe(other === value);
      }),
    );
    expect(alternatives(['a.b', 'c|d']).text).toBe('a\\.b|c\\|d');
  });

  it.each([
    ['a dollar sign', '$host'],
    ['a newline', 'a\nb'],
    ['a zero byte', 'a\u0000'],
    ['more than fits into the buffer of nginx', 'x'.repeat(4001)],
    ['a fraction', 1.5],
    ['no number', Number.NaN],
  ])('is refused with %s', (_, value) => {
    expect(() => renderNginx([directive('a', value)])).toThrow(RangeError);
  });

  it('cannot break out of a comment', () => {
    expect(() => renderNginx([comment('a\nuser root;')])).toThrow(RangeError);
  });
});

describe('fields of a profile', () => {
  const fields = { hostName, urlPath, cookieName, cidr, objectName, image, containerPath };

  it.each(Object.entries(fields))('%s never needs to be refused', (_, field) => {
    const schema = z.toJSONSchema(field()) as { pattern: string };
    fc.assert(
      fc.property(fc.stringMatching(new RegExp(schema.pattern)), (value) => {
        expect(words(directive('a', value), directive(value))).toEqual([['a', value], [value]]);
      }),
    );
  });
});

describe('maps', () => {
  it('hold their flags before their entries', () => {
    const map = mapBlock(template`$a`, template`$b`, [['default', 0]], 'volatile');
    expect(renderNginx([map])).toBe('map $a $b {\n    volatile;\n    default 0;\n}\n');
  });
});

describe('reading', () => {
  it.each(['a', 'a {', 'a; }', '{ }', ';', 'a "b', 'a "b"c;', '}'])('refuses %s', (text) => {
    expect(() => readNginx(text)).toThrow(SyntaxError);
  });

  it('knows comments, quotes, escapes and variables in braces', () => {
    expect(readNginx(`a 'b;' "c\\"d" \${e}f g#h; # i;\nj{k;}`)).toEqual([
      { line: 1, words: ['a', 'b;', 'c"d', `\${e}f`, 'g#h'] },
      { line: 2, words: ['j'], children: [{ line: 2, words: ['k'] }] },
    ]);
  });
});
