import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocking } from '../../charts/findings.ts';
import { manifestOf } from '../../synth/manifest.ts';
import { readFacts, readProfiles } from '../../synth/offline.ts';
import { synthesize } from '../../synth/synthesize.ts';

/**
 * What each example becomes, one file an object, compared both ways: an object that is missing fails as
 * one that is new does. Facts of the same name beside an example are the node that it is meant for.
 * `make golden` renews the files; the diff is for a person to read.
 */
const examples = join(import.meta.dirname, '..', '..', 'examples');
const files = readdirSync(examples).filter((name) => name.endsWith('.yaml'));

describe.each(files)('%s', (file) => {
  const folder = join(import.meta.dirname, basename(file, '.yaml'));
  const [profile] = readProfiles(join(examples, file));
  if (profile === undefined) throw new Error(`${file} holds no profile`);
  const factsFile = join(examples, 'facts', file);
  const { objects: placed, findings } = synthesize(profile, readFacts(existsSync(factsFile) ? factsFile : undefined));
  const objects = placed.map(({ object }) => object);
  const rendered = new Map(objects.map((object) => [`${object.kind}.${object.metadata.name}.yaml`.toLowerCase(), manifestOf([object])]));

  if (process.env['UPDATE_GOLDEN'] === '1') {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of rendered) writeFileSync(join(folder, name), text);
  }

  it('is taken by the operator, on the node that it is meant for', () => {
    expect(blocking(findings).map(({ id, message }) => `${id}: ${message}`)).toEqual([]);
  });

  it('becomes the same set of objects', () => {
    const expected = existsSync(folder) ? readdirSync(folder).sort() : [];
    expect([...rendered.keys()].sort()).toEqual(expected);
  });

  it.each([...rendered.keys()])('%s', (name) => {
    expect(rendered.get(name)).toBe(readFileSync(join(folder, name), 'utf8'));
  });
});
