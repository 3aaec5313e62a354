import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundle } from './bundle.ts';
import { isBundleCurrent } from './bundle-record.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bundle-'));
  await mkdir(join(root, 'controller'));
  await mkdir(join(root, 'cli'));
  // What CommonJS dependencies rely on, at the top level as they do.
  await writeFile(join(root, 'controller/old.cjs'), 'module.exports = require("node:path").basename(__dirname);');
  await writeFile(join(root, 'controller/main.ts'), 'import name from "./old.cjs"; console.log(name as string);');
  await writeFile(join(root, 'cli/late.ts'), 'export class Tool {}');
  await writeFile(
    join(root, 'cli/main.ts'),
    '#!/usr/bin/env node\nconst { Tool } = await import("./late.ts"); console.log(Tool.name, process.argv[2]);',
  );
});

afterEach(async () => rm(root, { recursive: true }));

const runFile = (file: string, ...args: string[]): string =>
  execFileSync(process.execPath, [join(root, 'dist', file), ...args], { encoding: 'utf8' }).trim();
const chunks = () => globSync('dist/chunks/*.js', { cwd: root });

describe('bundle', () => {
  it('gives two programs that run on their own, with class names kept', async () => {
    const { outputs } = await bundle({ root });
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(['dist/operator.js', 'dist/pitcrew.js']));
    expect(runFile('operator.js')).toBe('dist');
    expect(runFile('pitcrew.js', 'render')).toBe('Tool render');
    expect(readFileSync(join(root, 'dist/pitcrew.js'), 'utf8')).toMatch(/^#!.*node\n/);
  });

  it('says which entry is missing', async () => {
    await rm(join(root, 'cli/main.ts'));
    await expect(bundle({ root })).rejects.toThrow(`cannot bundle: cli/main.ts missing in ${root}`);
  });

  it('leaves no chunk of an older bundle', async () => {
    await bundle({ root });
    const [before, count] = [chunks(), chunks().length];
    await writeFile(join(root, 'cli/late.ts'), 'export class Tool { changed() {} }');
    await bundle({ root });
    expect(chunks()).toHaveLength(count);
    expect(chunks()).not.toEqual(before);
  });

  it('notices a changed and a removed input, and a removed chunk', async () => {
    const dist = join(root, 'dist');
    expect(await isBundleCurrent(root, dist)).toBe(false);
    await bundle({ root });
    expect(await isBundleCurrent(root, dist)).toBe(true);
    const input = join(root, 'controller/old.cjs');
    await utimes(input, new Date(), new Date());
    expect(await isBundleCurrent(root, dist)).toBe(false);
    await bundle({ root });
    await rm(join(root, chunks()[0] ?? ''));
    expect(await isBundleCurrent(root, dist)).toBe(false);
    await bundle({ root });
    await rm(input);
    expect(await isBundleCurrent(root, dist)).toBe(false);
  });
});

/** Bundling takes a second, on a busy machine many. */
describe('the bundle of this repository', { timeout: 60_000 }, () => {
  const filesOf = (folder: string) =>
    globSync('**/*.js', { cwd: folder })
      .sort()
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]);

  it('is the same, byte for byte, each time it is made', async () => {
    const [one, two] = [join(root, 'one'), join(root, 'two')];
    await bundle({ outFolder: one });
    await bundle({ outFolder: two });
    expect(filesOf(two)).toEqual(filesOf(one));
    expect(filesOf(one).length).toBeGreaterThan(2);
  });

  it('says nothing of the machine that it was made on', async () => {
    await bundle({ outFolder: root });
    const repository = join(import.meta.dirname, '../..');
    expect(filesOf(root).filter(([, text]) => text?.includes(`${repository}/`))).toEqual([]);
  });

  it('has a tool that starts without the client of the cluster and without the translations of the schema library', async () => {
    const { outputs } = await bundle({ outFolder: root });
    const loaded = filesLoadedBy('cli/render.ts', outputs);
    expect(loaded).toContain('synth/synthesize.ts');
    expect(loaded.filter((input) => /@kubernetes|zod\/v4\/locales\/(?!en\.js)/.test(input))).toEqual([]);
  });
});

type Outputs = Awaited<ReturnType<typeof bundle>>['outputs'];

/** Inputs in the chunk of an entry and in all that this chunk imports at once. */
function filesLoadedBy(entry: string, outputs: Outputs): string[] {
  const start = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === entry);
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const { path, kind } of outputs[name]?.imports ?? []) if (kind === 'import-statement') visit(path);
  };
  visit(start ?? '');
  return [...seen].flatMap((name) => Object.keys(outputs[name]?.inputs ?? {}));
}
