import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { baseReferenceOf, catalog, defaultSuite, type ImageRecipe, recipesOf } from './catalog.ts';

const repository = join(import.meta.dirname, '..');
const textOf = ({ dockerfile }: ImageRecipe) => readFileSync(join(repository, dockerfile), 'utf8');

/** The images that a Dockerfile starts from, its arguments put in as the build does. */
function basesOf(recipe: ImageRecipe): string[] {
  const text = textOf(recipe);
  const defaults = Object.fromEntries(
    [...text.matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  );
  const args: Readonly<Record<string, string | undefined>> = { ...defaults, ...recipe.buildArgs };
  const stages = [...text.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
  const ownNames = new Set(['scratch', ...stages.map(([, , name]) => name)]);
  return stages
    .map(([, base = '']) => base.replace(/\$\{(\w+)\}/g, (_reference, name: string) => args[name] ?? ''))
    .filter((base) => !ownNames.has(base));
}

describe('catalog', () => {
  it.each(catalog)('$name has a fixed tag', ({ reference }) => {
    expect(reference).toMatch(/:[^:/]+$/);
    expect(reference).not.toMatch(/:latest$/);
  });

  it.each(catalog)('the Dockerfile of $name exists and starts from the base of its suite', (recipe) => {
    const base = baseReferenceOf(recipe.suite ?? defaultSuite);
    expect(new Set(basesOf(recipe).map((name) => `docker.io/library/${name}`))).toEqual(new Set([base]));
  });

  it.each(catalog)('the Dockerfile of $name declares the arguments that it is given', (recipe) => {
    const declared = [...textOf(recipe).matchAll(/^ARG (\w+)/gm)].map(([, name]) => name);
    expect(declared).toEqual(expect.arrayContaining(Object.keys(recipe.buildArgs ?? {})));
  });

  it.each(catalog.filter(({ bundled }) => !bundled))('the context of $name exists', ({ context }) => {
    expect(existsSync(join(repository, context))).toBe(true);
  });
});

describe('recipesOf', () => {
  it('gives all but those on demand for no name', () => {
    expect(recipesOf([]).map(({ name }) => name)).not.toContain('postgres-15');
    expect(recipesOf([])).toEqual(catalog.filter(({ onDemand }) => !onDemand));
    expect(recipesOf(['postgres-15']).map(({ reference }) => reference)).toEqual(['docker.io/library/postgres:15']);
  });

  it('keeps the order of the catalog', () => {
    expect(recipesOf(['operator', 'nginx']).map(({ name }) => name)).toEqual(['nginx', 'operator']);
  });

  it('names the known images when one is unknown', () => {
    expect(() => recipesOf(['nginx', 'ngnix'])).toThrow(/unknown image ngnix; known are nginx, postgres/);
  });
});
