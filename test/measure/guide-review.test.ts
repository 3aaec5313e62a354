import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../charts/rule-book.ts';

/** docs/guide-review.md names tests and findings: they must be there. */
const repository = join(import.meta.dirname, '..', '..');
const review = readFileSync(join(repository, 'docs/guide-review.md'), 'utf8');

const quoted = [...review.matchAll(/`([^`]+\.test\.ts)` “([^”]+)”/g)].map((match) => [match[1] ?? '', match[2] ?? '']);
const ids = [...new Set(review.match(/\b(?:INV|NG|DB|BE|S|RES|FE|FUT|PG)-\d+\b/g))];

/** A test file with the tables of cases that it takes its titles from. */
function textOf(path: string): string {
  const text = readFileSync(path, 'utf8');
  const tables = [...text.matchAll(/from '(\.\/testing\/[^']+)'/g)].map(([, table = '']) => join(dirname(path), table));
  return [text, ...tables.map((table) => readFileSync(table, 'utf8'))].join('\n');
}

describe('the review of the guide', () => {
  it.each(quoted)('names a test that there is: %s “%s”', (file, name) => {
    const path = join(repository, file);
    expect(existsSync(path)).toBe(true);
    expect(textOf(path)).toContain(name);
  });

  it('names findings that there are', () => {
    const known = new Set(RULES.map(({ id }) => id));
    expect(ids.filter((id) => !known.has(id))).toEqual([]);
  });
});
