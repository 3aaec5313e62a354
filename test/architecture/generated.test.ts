import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GENERATED as OF_SCHEMA } from '../../crds/bin/generated-files.ts';
import { GENERATED as OF_INSTALLATION } from '../../deploy/bin/generated-files.ts';

/** What is generated is committed, and is what its sources say today. */
const root = join(import.meta.dirname, '..', '..');

describe('generated files are fresh', () => {
  it.each([...OF_SCHEMA, ...OF_INSTALLATION])('$file', ({ file, text }) => {
    expect(readFileSync(join(root, file), 'utf8'), `run \`make generate\`: ${file} is stale`).toBe(text());
  });
});
