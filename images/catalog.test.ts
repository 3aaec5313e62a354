import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { baseReference, catalog, recipesOf } from './catalog.ts';

const repository = join(import.meta.dirname, '..');
const official = '/debian:forky-slim';

describe('catalog', () => {
  it.each(catalog)('$name has a fixed tag', ({ reference }) => {
    expect(reference).toMatch(/:[^:/]+$/);
    expect(reference).not.toMatch(/:latest$/);
  });

  it.each(catalog)('the Dockerfile of $name exists and starts from the one base', ({ dockerfile }) => {
    const text = readFileSync(join(repository, dockerfile), 'utf8');
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base]) => `/${base}`);
    expect(new Set(bases)).toEqual(new Set([official]));
    expect(baseReference.endsWith(official)).toBe(true);
  });

  it.each(catalog.filter(({ bundled }) => !bundled))('the context of $name exists', ({ context }) => {
    expect(existsSync(join(repository, context))).toBe(true);
  });
});

describe('recipesOf', () => {
  it('gives all for no name, and keeps the order of the catalog', () => {
    expect(recipesOf([])).toEqual(catalog);
    expect(recipesOf(['operator', 'nginx']).map(({ name }) => name)).toEqual(['nginx', 'operator']);
  });

  it('names the known images when one is unknown', () => {
    expect(() => recipesOf(['nginx', 'ngnix'])).toThrow(/unknown image ngnix; known are nginx, postgres/);
  });
});
