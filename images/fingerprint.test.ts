import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readContextFiles } from './context-files.ts';
import { type BuildInputs, fingerprintOf } from './fingerprint.ts';

let folder: string;
let inputs: BuildInputs;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fingerprint-'));
  const context = join(folder, 'context');
  await mkdir(join(context, 'lib/node_modules'), { recursive: true });
  await mkdir(join(context, 'node_modules'));
  await writeFile(join(context, 'run.sh'), 'echo 1');
  await writeFile(join(context, 'lib/a.js'), 'a');
  await writeFile(join(context, 'lib/node_modules/b.js'), 'b');
  await writeFile(join(context, 'node_modules/c.js'), 'c');
  await writeFile(join(context, '.dockerignore'), '# comment\n\n.dockerignore\n/node_modules/\n**/*.log\n');
  await writeFile(join(folder, 'Dockerfile'), 'FROM base');
  const dockerfile = join(folder, 'Dockerfile');
  inputs = { reference: 'localhost/a:1', dockerfile, context, buildArgs: { A: '1' }, baseId: 'base-1' };
});

afterEach(async () => rm(folder, { recursive: true }));

describe('readContextFiles', () => {
  it('leaves out what .dockerignore names, from the root of the context on', async () => {
    await writeFile(join(inputs.context, 'lib/x.log'), '');
    const paths = (await readContextFiles(inputs.context)).map(({ path }) => path);
    expect(paths).toEqual(['lib/a.js', 'lib/node_modules/b.js', 'run.sh']);
  });

  it('refuses exceptions rather than misread them', async () => {
    await writeFile(join(inputs.context, '.dockerignore'), '*\n!run.sh\n');
    await expect(readContextFiles(inputs.context)).rejects.toThrow(/exceptions such as !run.sh/);
  });
});

describe('fingerprintOf', () => {
  it('is the same for the same inputs, whatever their times', async () => {
    const before = await fingerprintOf(inputs);
    await writeFile(join(inputs.context, 'run.sh'), 'echo 1');
    expect(await fingerprintOf(inputs)).toBe(before);
    expect(before).toMatch(/^[0-9a-f]{16}$/);
  });

  it('ignores what the build ignores', async () => {
    const before = await fingerprintOf(inputs);
    await writeFile(join(inputs.context, 'node_modules/c.js'), 'changed');
    expect(await fingerprintOf(inputs)).toBe(before);
  });

  it.each<[string, (given: BuildInputs) => Promise<unknown> | Partial<BuildInputs>]>([
    ['content', ({ context }) => writeFile(join(context, 'run.sh'), 'echo 2')],
    ['a run bit', ({ context }) => chmod(join(context, 'run.sh'), 0o755)],
    ['a new file', ({ context }) => writeFile(join(context, 'new'), '')],
    ['a link', ({ context }) => symlink('run.sh', join(context, 'link'))],
    ['the Dockerfile', ({ dockerfile }) => writeFile(dockerfile, 'FROM base\n')],
    ['an argument', () => ({ buildArgs: { A: '2' } })],
    ['the base', () => ({ baseId: 'base-2' })],
    ['the name', () => ({ reference: 'localhost/a:2' })],
  ])('changes with %s', async (_, change) => {
    const before = await fingerprintOf(inputs);
    const changed = await change(inputs);
    expect(await fingerprintOf({ ...inputs, ...(changed as object | undefined) })).not.toBe(before);
  });
});
