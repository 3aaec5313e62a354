import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../host/run.ts';
import { fullImageName } from './image-name.ts';
import { parseImageList } from './import.ts';
import { readArchive, writeScratchImage } from './oci-archive.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-image-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.30', 'docker.io/library/nginx:1.30'],
  ['someone/tool:2', 'docker.io/someone/tool:2'],
  ['localhost/pitcrew/pause:1', 'localhost/pitcrew/pause:1'],
  ['registry.example:5000/a', 'registry.example:5000/a:latest'],
  ['registry.example/a@sha256:00', 'registry.example/a@sha256:00'],
])('%s is looked up as %s', (short, full) => {
  expect(fullImageName(short)).toBe(full);
});

test('the same files give the same archive, which holds its name and digest', async () => {
  const program = join(folder, 'program');
  writeFileSync(program, '#!/bin/sh\n');
  const image = {
    name: 'localhost/pitcrew/test:1',
    entrypoint: ['/bin/program'],
    user: 65534,
    files: { '/bin/program': program },
    links: { '/bin/alias': 'program' },
  };
  const [one, two] = [join(folder, 'one.tar'), join(folder, 'two.tar')];
  await writeScratchImage(image, one);
  await writeScratchImage(image, two);
  expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
  const { name, digest } = await readArchive(one);
  expect(name).toBe(image.name);
  const manifest = await run('tar', ['-xOf', one, `blobs/${digest.replace(':', '/')}`]);
  const [layer] = (JSON.parse(manifest) as { layers: { digest: string }[] }).layers;
  await run('tar', ['-xf', one, '-C', folder]);
  const files = await run('tar', ['-tf', join(folder, 'blobs', layer?.digest.replace(':', '/') ?? '')]);
  expect(files.split('\n').filter((file) => !file.endsWith('/'))).toEqual(['./bin/alias', './bin/program', '']);
});

test('what is no archive is refused with a hint', async () => {
  const file = join(folder, 'no.tar');
  writeFileSync(file, 'text');
  await expect(readArchive(file)).rejects.toThrow(/not an OCI archive.*buildah push/);
});

test('the table of images is read by name', () => {
  const table = 'REF TYPE DIGEST SIZE PLATFORMS LABELS\nlocalhost/a:1 application/x sha256:01 1.2 MiB linux/amd64 -\n';
  expect(parseImageList(table)).toEqual(new Map([['localhost/a:1', 'sha256:01']]));
});
