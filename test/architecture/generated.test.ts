import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GENERATED as OF_SCHEMA } from '../../crds/bin/generated-files.ts';
import { GENERATED as OF_INSTALLATION } from '../../deploy/bin/generated-files.ts';

/** What is generated is committed, and is what its sources say today. */
const root = join(import.meta.dirname, '..', '..');

const WRITTEN_BY_HAND = ['deploy/helm/pitcrew/README.md', 'deploy/helm/pitcrew/templates/NOTES.txt'];

describe('generated files are fresh', () => {
  it.each(['deploy/kustomize', 'deploy/helm'])('%s has no file that nothing makes any more', (folder) => {
    const made = new Set([...OF_INSTALLATION.map(({ file }) => file), ...WRITTEN_BY_HAND]);
    const there = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${path}`)
      .filter((path) => statSync(join(root, path)).isFile());
    expect(there.filter((path) => !made.has(path))).toEqual([]);
  });

  it.each([...OF_SCHEMA, ...OF_INSTALLATION])('$file', ({ file, text }) => {
    expect(readFileSync(join(root, file), 'utf8'), `run \`make generate\`: ${file} is stale`).toBe(text());
  });
});
