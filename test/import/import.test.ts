import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pitcrew } from '../../cli/pitcrew.ts';

/**
 * Stacks of different make, as `pitcrew import` reads them. `make golden` writes what comes out today beside each of
 * them; the diff is for a person to read. No file here is anybody's: passwords in them are made up, to be left out.
 */

interface Stack {
  readonly folder: string;
  readonly compose: string;
  readonly nginx?: string;
  readonly dotenv?: string;
  readonly code: 0 | 1;
}

const STACKS: readonly Stack[] = [
  { folder: 'guide', compose: 'docker-compose.prod.yml', nginx: 'nginx.conf', dotenv: '.env.prod', code: 1 },
  { folder: 'uvicorn', compose: 'compose.yaml', code: 1 },
  { folder: 'v2', compose: 'docker-compose.yml', code: 1 },
  { folder: 'traefik', compose: 'compose.yml', code: 1 },
  { folder: 'external', compose: 'docker-compose.yml', nginx: 'default.conf', code: 1 },
  { folder: 'django', compose: 'compose.yaml', nginx: 'nginx/nginx.conf', code: 0 },
  { folder: 'swarm', compose: 'stack.yml', code: 1 },
  { folder: 'hardened', compose: 'compose.yaml', nginx: 'nginx/nginx.conf', code: 0 },
];

/** What must not come out, whatever file it stands in. */
const SECRETS = readFileSync(join(import.meta.dirname, 'secrets.txt'), 'utf8')
  .trim()
  .split('\n');

const plain = { columns: 100, colour: false };
let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pitcrew-import-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const run = (words: readonly string[], stdin = '') =>
  pitcrew(words, { terminal: plain, errors: plain, readStdin: async () => stdin });

function wordsFor({ folder, compose, nginx, dotenv }: Stack): string[] {
  const at = (file: string) => join(import.meta.dirname, folder, file);
  return [
    'import',
    '--compose',
    at(compose),
    ...(nginx === undefined ? [] : ['--nginx', at(nginx)]),
    ...(dotenv === undefined ? [] : ['--dotenv', at(dotenv)]),
  ];
}

describe.each(STACKS)('$folder', (stack) => {
  const golden = join(import.meta.dirname, stack.folder, 'profile.yaml');

  it('becomes this profile', async () => {
    const { code, stdout = '' } = await run(wordsFor(stack));
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, stdout);
    expect(stdout).toBe(readFileSync(golden, 'utf8'));
    expect(code).toBe(stack.code);
  });

  it('can be checked, and is what the same findings are about', async () => {
    const { stdout = '' } = await run(['check', '-', '-o', 'json'], readFileSync(golden, 'utf8'));
    const { problems, profiles } = JSON.parse(stdout);
    expect(problems).toEqual([]);
    const said = [...readFileSync(golden, 'utf8').matchAll(/^# - (?:error|warning|note) (\S+) (\S+)$/gm)];
    const found = profiles[0].findings as ReadonlyArray<{ id: string; path: string }>;
    expect(said.map(([, id, path]) => `${id} ${path}`).sort()).toEqual(
      found.map(({ id, path }) => `${id} ${path}`).sort(),
    );
  });

  it('goes into a file, with the rest on the terminal and no secret in either', async () => {
    const file = join(scratch, `${stack.folder}.yaml`);
    const { code, stdout = '', stderr = '' } = await run([...wordsFor(stack), '-o', file]);
    expect({ code, stderr }).toEqual({ code: stack.code, stderr: '' });
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(golden, 'utf8'));
    for (const secret of SECRETS) expect(`${stdout}${readFileSync(file, 'utf8')}`).not.toContain(secret);
  });
});

it('every secret of the list stands in one of the stacks', () => {
  const files = ['.env.prod', 'app.env', 'common.yaml', 'nginx/conf.d/site.conf'];
  const text = STACKS.flatMap(({ folder, compose, nginx }) =>
    [compose, ...(nginx === undefined ? [] : [nginx]), ...files].map((file) => join(import.meta.dirname, folder, file)),
  )
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  expect(SECRETS.filter((secret) => !text.includes(secret))).toEqual([]);
});
