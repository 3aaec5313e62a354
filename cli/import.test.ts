import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pitcrew } from './pitcrew.ts';

const plain = { columns: 100, colour: false };
const COMPOSE =
  'services:\n  api: {image: "a:1", command: "gunicorn a:b", labels: ["traefik.http.routers.a.rule=Host(`a.example`)"]}\n  db: {image: "postgres:18"}\n';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-import-'));
  writeFileSync(join(folder, 'compose.yaml'), COMPOSE);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (words: readonly string[], stdin = '') =>
  pitcrew(['import', ...words.map((word) => word.replace('FOLDER', folder))], {
    terminal: plain,
    errors: plain,
    readStdin: async () => stdin,
  });

describe('import', () => {
  it('prints the profile, and beside it a line that counts', async () => {
    const { code, stdout, stderr } = await run(['--compose', '-', '--name', 'shop', '--namespace', 'web'], COMPOSE);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining('metadata: {name: shop, namespace: web}\nspec:\n'),
    });
    expect(stderr).toContain('the operator would take it.');
  });

  it('writes into a file that is not there yet, and into no other', async () => {
    const words = ['--compose', 'FOLDER/compose.yaml', '-o', 'FOLDER/profile.yaml'];
    expect(await run(words)).toMatchObject({ code: 0, stdout: expect.stringContaining('Wrote ') });
    const file = join(folder, 'profile.yaml');
    const written = readFileSync(file, 'utf8');
    writeFileSync(join(folder, 'compose.yaml'), COMPOSE.replace('a:1', 'a:2'));
    expect(await run(words)).toMatchObject({ code: 2, stderr: expect.stringMatching(/is there\s+already/) });
    expect(readFileSync(file, 'utf8')).toBe(written);
  });

  it.each([
    [[], 'import needs --compose FILE'],
    [['--compose', '/nowhere.yaml'], '/nowhere.yaml: no such file'],
    [['--compose', '/'], '/ is a folder'],
    [['--compose', '-'], 'standard input has no services'],
    [['--compose', 'FOLDER/compose.yaml', '--name', 'My Shop'], '--name My Shop: write at most 40'],
    [
      ['--compose', 'FOLDER/compose.yaml', '--backend', 'x'],
      '--backend x: there is no such service; there are api, db',
    ],
    [
      ['--compose', 'FOLDER/compose.yaml', '--nginx', 'FOLDER/compose.yaml'],
      'compose.yaml:2 is not nginx configuration',
    ],
    [['--compose', 'FOLDER/compose.yaml', '-o', 'FOLDER/no/where.yaml'], 'cannot be written (ENOENT)'],
    [['--compse', 'a'], 'did you mean --compose?'],
  ])('%j exits 2 and says what to do', async (words, said) => {
    const { code, stderr = '' } = await run(words);
    expect({ code, stderr: stderr.replaceAll(/\s+/g, ' ') }).toEqual({
      code: 2,
      stderr: expect.stringContaining(said),
    });
  });

  it('reads what nginx includes below its folder, and nothing outside', async () => {
    writeFileSync(join(folder, 'compose.yaml'), COMPOSE);
    writeFileSync(
      join(folder, 'nginx.conf'),
      'http { include /etc/nginx/site*.conf; include ../*; include /etc/passwd; }',
    );
    writeFileSync(join(folder, 'site1.conf'), 'server { server_name one.example; }');
    const { stdout = '' } = await run(['--compose', 'FOLDER/compose.yaml', '--nginx', 'FOLDER/nginx.conf']);
    expect(stdout).toContain('- one.example  # from site1.conf:1 server_name');
    expect(stdout).toContain('# - nginx.conf:1 include\n#     ../* is not there, so it was not read');
    expect(stdout).toContain('/etc/passwd is not there');
  });
});
