import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archivePath, findBuilt, imageFolder, pruneArchives, recordBuilt } from './image-cache.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-cache-'));
});

afterEach(async () => rm(folder, { recursive: true }));

const print = (digit: number): string => String(digit).repeat(16);

async function store(name: string, fingerprint: string, ageSeconds = 0): Promise<void> {
  const archive = archivePath(folder, name, fingerprint);
  await writeFile(`${archive}.partial`, 'tar');
  await recordBuilt({ name, reference: `localhost/${name}:1`, archive, digest: 'sha256:1' }, `${archive}.partial`);
  const at = new Date(Date.now() - ageSeconds * 1000);
  await utimes(`${archive}.json`, at, at);
}

describe('image cache', () => {
  it('finds what was recorded, and nothing else', async () => {
    await store('app', print(1));
    expect(await findBuilt(folder, 'app', print(1))).toEqual({
      name: 'app',
      reference: 'localhost/app:1',
      archive: archivePath(folder, 'app', print(1)),
      digest: 'sha256:1',
    });
    expect(await findBuilt(folder, 'app', print(2))).toBeUndefined();
  });

  it('does not count an archive whose record is missing', async () => {
    await writeFile(archivePath(folder, 'app', print(1)), 'tar');
    expect(await findBuilt(folder, 'app', print(1))).toBeUndefined();
  });

  it('keeps the two used last, of this image only, and drops broken builds', async () => {
    for (const age of [1, 2, 3]) await store('app', print(age), 100 * age);
    await store('app-backend', print(4), 900);
    await writeFile(`${archivePath(folder, 'app', print(5))}.partial`, 'half');
    await findBuilt(folder, 'app', print(3));
    await pruneArchives(folder, 'app');
    const archives = (await readdir(folder)).filter((file) => !file.endsWith('.json')).sort();
    expect(archives).toEqual([1, 3].map((n) => `app-${print(n)}.oci.tar`).concat(`app-backend-${print(4)}.oci.tar`));
  });
});

describe('imageFolder', () => {
  it.each([
    [{ PITCREW_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a/images'],
    [{ XDG_CACHE_HOME: '/b' }, '/b/pitcrew/images'],
    [{ XDG_CACHE_HOME: '' }, expect.stringMatching(/\/\.cache\/pitcrew\/images$/)],
  ])('reads %o', (env, expected) => {
    expect(imageFolder(env)).toEqual(expected);
  });
});
