import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VERSION } from '../synth/version.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pitcrew-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const { NODE_COMPILE_CACHE: _, XDG_CACHE_HOME: __, NODE_V8_COVERAGE: ___, ...plain } = process.env;
const start = (env: NodeJS.ProcessEnv) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), '--version'], {
    encoding: 'utf8',
    env: { ...plain, ...env },
  });
const fine = { status: 0, stdout: `${VERSION}\n`, stderr: '' };

it("keeps compiled code in the user's own cache", () => {
  expect(start({ HOME: home })).toMatchObject(fine);
  expect(readdirSync(join(home, '.cache/pitcrew/compiled'), { recursive: true }).length).toBeGreaterThan(1);
});

it('starts where nothing can be kept', () => {
  const file = join(home, 'file');
  writeFileSync(file, '');
  expect(start({ XDG_CACHE_HOME: file })).toMatchObject(fine);
  expect(readdirSync(home)).toEqual(['file']);
});
