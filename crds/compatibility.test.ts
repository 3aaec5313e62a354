import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { breaches } from './compatibility.ts';
import { customResourceDefinition } from './crd.ts';
import { ALLOWED } from './released/allowed.ts';
import type { JsonSchema } from './structural.ts';

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: ReadonlyArray<{
      readonly name: string;
      readonly served: boolean;
      readonly schema: { readonly openAPIV3Schema: JsonSchema };
    }>;
  };
}

const current = customResourceDefinition() as unknown as Definition;
const released = readdirSync(new URL('released', import.meta.url)).filter((file) => file.endsWith('.yaml'));
const read = (file: string) =>
  parse(readFileSync(new URL(`released/${file}`, import.meta.url), 'utf8')) as unknown as Definition;

describe.each(released)('whoever upgrades from %s', (file) => {
  const { spec } = read(file);

  it('finds the resource under its name, in each version that was served', () => {
    const { group, scope, names } = current.spec;
    expect([group, scope, names.kind, names.plural]).toEqual([
      spec.group,
      spec.scope,
      spec.names.kind,
      spec.names.plural,
    ]);
    const served = current.spec.versions.filter((version) => version.served).map(({ name }) => name);
    expect(served).toEqual(expect.arrayContaining(spec.versions.map(({ name }) => name)));
  });

  it('loses no field and meets no tighter bound: a schema only adds', () => {
    const found = spec.versions.flatMap(({ name, schema }) => {
      const later = current.spec.versions.find((version) => version.name === name);
      return later === undefined ? [] : breaches(schema.openAPIV3Schema, later.schema.openAPIV3Schema);
    });
    const help = `take it back, or name the line in crds/released/allowed.ts and say why nobody is hit`;
    expect(
      found.filter((line) => !ALLOWED.has(line)),
      help,
    ).toEqual([]);
  });
});

describe('a breach', () => {
  const text = { type: 'string', maxLength: 10, pattern: '^a', enum: ['a', 'ab'] };
  const schema: JsonSchema = {
    type: 'object',
    required: ['name'],
    'x-kubernetes-validations': [{ rule: 'self.a > 0', message: 'no' }],
    properties: {
      name: text,
      count: { type: 'integer', minimum: 1, maximum: 5, format: 'int32' },
      list: { type: 'array', maxItems: 3, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    },
  };
  const withField = (name: string, change: object | undefined): JsonSchema => {
    const properties = { ...(schema.properties as Record<string, JsonSchema>) };
    if (change === undefined) delete properties[name];
    else properties[name] = { ...properties[name], ...change };
    return { ...schema, properties };
  };

  it.each([
    ['a field that is gone', withField('name', undefined), 'name: the field is gone'],
    ['another type', withField('count', { type: 'string' }), 'count: type was "integer", is "string"'],
    ['a lower maximum', withField('count', { maximum: 4 }), 'count: maximum was 5, is 4'],
    ['a higher minimum', withField('count', { minimum: 2 }), 'count: minimum was 1, is 2'],
    ['a bound where none was', withField('name', { minLength: 1 }), 'name: minLength was unset, is 1'],
    ['a shorter list', withField('list', { maxItems: 2 }), 'list: maxItems was 3, is 2'],
    ['another pattern', withField('name', { pattern: '^b' }), 'name: pattern was "^a", is "^b"'],
    ['a value that is gone', withField('name', { enum: ['a'] }), 'name: the value ab is gone'],
    [
      'another kind of list',
      withField('list', { 'x-kubernetes-list-type': 'atomic' }),
      /^list: x-kubernetes-list-type/,
    ],
    [
      'stricter items',
      withField('list', { items: { type: 'string', maxLength: 3 } }),
      'list[]: maxLength was unset, is 3',
    ],
    ['a format', withField('name', { format: 'date-time' }), 'name: format was unset, is "date-time"'],
    ['a required field', { ...schema, required: ['name', 'count'] }, '(root): count is required now'],
    [
      'a rule',
      { ...schema, 'x-kubernetes-validations': [{ rule: 'self.a > 0' }, { rule: 'self.b' }] },
      '(root): new rule self.b',
    ],
  ])('is %s', (_what, later, line) => {
    const found = breaches(schema, later);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(line);
  });

  it.each([
    ['a new field', withField('more', { type: 'string' })],
    ['wider bounds', withField('count', { minimum: 0, maximum: 9_000_000_000, format: 'int64' })],
    ['a bound less', withField('name', { maxLength: undefined })],
    ['one more value', withField('name', { enum: ['a', 'ab', 'abc'] })],
    ['what is required no more', { ...schema, required: [] }],
    ['a rule less, or another message', { ...schema, 'x-kubernetes-validations': [] }],
    ['other words', withField('name', { description: 'other' })],
  ])('is not %s', (_what, later) => {
    expect(breaches(schema, later)).toEqual([]);
  });
});
