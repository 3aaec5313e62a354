import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundle } from './bundle.ts';
import { areInputsUnchanged } from './bundle-inputs.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bundle-'));
  await mkdir(join(root, 'controller'));
  await mkdir(join(root, 'cli'));
  // What CommonJS dependencies rely on, at the top level as they do.
  await writeFile(join(root, 'controller/old.cjs'), 'module.exports = require("node:path").basename(__dirname);');
  await writeFile(join(root, 'controller/main.ts'), 'import name from "./old.cjs"; console.log(name as string);');
  await writeFile(join(root, 'cli/main.ts'), 'class Tool {} console.log(Tool.name, process.argv[2]);');
});

afterEach(async () => rm(root, { recursive: true }));

const runFile = (file: string, ...args: string[]): string =>
  execFileSync(process.execPath, [join(root, 'dist', file), ...args], { encoding: 'utf8' }).trim();

describe('bundle', () => {
  it('gives two programs that run on their own, with class names kept', async () => {
    const { outputs } = await bundle({ root });
    expect(Object.keys(outputs).sort()).toEqual(['dist/operator.js', 'dist/pitcrew.js']);
    expect(runFile('operator.js')).toBe('dist');
    expect(runFile('pitcrew.js', 'render')).toBe('Tool render');
  });

  it('says which entry is missing', async () => {
    await rm(join(root, 'cli/main.ts'));
    await expect(bundle({ root })).rejects.toThrow(`cannot bundle: cli/main.ts missing in ${root}`);
  });

  it('notices a changed and a removed input', async () => {
    const dist = join(root, 'dist');
    expect(await areInputsUnchanged(root, dist)).toBe(false);
    await bundle({ root });
    expect(await areInputsUnchanged(root, dist)).toBe(true);
    const input = join(root, 'controller/old.cjs');
    await utimes(input, new Date(), new Date());
    expect(await areInputsUnchanged(root, dist)).toBe(false);
    await rm(input);
    expect(await areInputsUnchanged(root, dist)).toBe(false);
  });
});
