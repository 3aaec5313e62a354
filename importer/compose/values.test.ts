// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of compose files.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sizeQuantity, timeSeconds } from '../nginx/units.ts';
import { parseDotenv } from './dotenv.ts';
import { interpolate, missingIn, withoutGaps } from './interpolate.ts';
import { cpuQuantity, memoryQuantity, seconds } from './units.ts';

/** Texts of the files as values. The cases of variables are those of the Compose Specification, 12 (Interpolation). */

const values: Readonly<Record<string, string>> = { SET: 'value', EMPTY: '', OTHER: 'other' };
const lookup = (name: string) => values[name];

describe('variables', () => {
  it.each([
    ['$SET-${SET}', 'value-value'],
    ['${EMPTY:-default} ${EMPTY-default} ${NONE:-default} ${NONE-default}', 'default  default default'],
    ['${SET:+then} ${EMPTY:+then} ${EMPTY+then} ${NONE+then}', 'then  then '],
    ['${SET:?needed} ${SET?needed}', 'value value'],
    ['${NONE:-${OTHER}} ${NONE:-${NO:-deep}}', 'other deep'],
    ['$$SET $${SET} 5$ $1', '$SET ${SET} 5$ $1'],
    ['${NONE:-a:b-c}', 'a:b-c'],
    ['${SET/a/b} ${SET', '${SET/a/b} ${SET'],
  ])('%s is %j', (text, expected) => {
    expect(interpolate(text, lookup)).toBe(expected);
  });

  it('that nobody sets are named', () => {
    const text = interpolate('a $ONE b ${TWO:?needed}', lookup);
    expect(missingIn(text)).toEqual(['ONE', 'TWO']);
    expect(withoutGaps(text)).toBe('a ${ONE} b ${TWO}');
  });

  it('are read whatever stands there', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('$', '{', '}', ':', '-', 'A', '?') }),
        (text) => typeof interpolate(text, lookup) === 'string',
      ),
    );
  });
});

describe('files of variables', () => {
  it('know comments, quotes, export, line breaks and variables', () => {
    const text = [
      '# a comment',
      'PLAIN=a b # comment',
      'HASH=a#b',
      'export EXPORTED = x',
      `SINGLE='$PLAIN "q" it\\'s' # comment`,
      'DOUBLE="a\\nb \\"q\\" ${HASH} \\$HASH"',
      'LINES="one',
      'two"',
      'EMPTY=',
      'NAKED',
      'not a variable',
      'REPEATED=1',
      'REPEATED=2',
      `OPEN="never closed`,
      'LAST=1',
    ].join('\r\n');
    expect(Object.fromEntries(parseDotenv(text))).toEqual({
      PLAIN: 'a b',
      HASH: 'a#b',
      EXPORTED: 'x',
      SINGLE: `$PLAIN "q" it's`,
      DOUBLE: 'a\nb "q" a#b $HASH',
      LINES: 'one\ntwo',
      EMPTY: '',
      NAKED: undefined,
      REPEATED: '2',
      OPEN: '"never closed',
      LAST: '1',
    });
  });

  it('are read whatever stands there', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('A', '=', '"', "'", '\\', '\n', '#', ' ', '$', '{') }),
        (text) => parseDotenv(text) instanceof Map,
      ),
    );
  });
});

describe('units', () => {
  it.each([
    ['1G', '1Gi'],
    ['1gb', '1Gi'],
    ['512M', '512Mi'],
    ['1.5g', '1536Mi'],
    ['1048576', '1Mi'],
    ['300', '300'],
    ['lots', undefined],
  ])('memory %s of compose is %s', (text, expected) => expect(memoryQuantity(text)).toBe(expected));

  it.each([
    ['1.5', '1500m'],
    ['0.25', '250m'],
    ['2', '2'],
    ['2 cores', undefined],
  ])('%s CPUs of compose are %s', (text, expected) => expect(cpuQuantity(text)).toBe(expected));

  it.each([
    ['1m30s', 90],
    ['500ms', 1],
    ['45', 45],
    ['soon', undefined],
  ])('%s of compose are %s seconds', (text, expected) => expect(seconds(text)).toBe(expected));

  it.each([
    ['10M', '10Mi'],
    ['128k', '128Ki'],
    ['2g', '2Gi'],
    ['65536', '64Ki'],
    ['0', '0'],
    ['1.5m', undefined],
  ])('%s of nginx is %s', (text, expected) => expect(sizeQuantity(text)).toBe(expected));

  it.each([
    ['5m', 300],
    ['1h30m', 5400],
    ['365d', 31_536_000],
    ['1y', 31_536_000],
    ['250ms', 1],
    ['max', undefined],
  ])('%s of nginx are %s seconds', (text, expected) => expect(timeSeconds(text)).toBe(expected));
});
