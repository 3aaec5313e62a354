import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { VERSION } from '../synth/version.ts';
import { pitcrew } from './pitcrew.ts';

const plain = { columns: 100, colour: false };
const main = join(import.meta.dirname, 'main.ts');
const GOOD = 'edge: {hosts: [shop.example]}, backend: {image: shop:1}, postgres: {storage: {size: 20Gi}}';
const profile = (name: string, spec = GOOD): string =>
  `apiVersion: performance.bahamm.ir/v1alpha1\nkind: PerformanceProfile\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
/** Four workers may open 1200 connections. */
const REFUSED = GOOD.replace('image: shop:1', 'image: shop:1, workers: 4, pool: {size: 100, maxOverflow: 200}');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the tool on a file with this text; FILE in the words stands for it. */
function run(text: string, ...words: string[]) {
  const file = join(folder, 'profile.yaml');
  writeFileSync(file, text);
  const args = words.map((word) => (word === 'FILE' ? file : word));
  return pitcrew(args, { terminal: plain, errors: plain, readStdin: async () => text });
}

describe('check', () => {
  it('exits 0 for a profile that the operator takes, 1 for one that it refuses', async () => {
    expect(await run(profile('shop'), 'check', 'FILE')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Exit 0.'),
    });
    const refused = await run(profile('shop', REFUSED), 'check', 'FILE');
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('refuses it because of INV-05') });
  });

  it('reads standard input, takes several profiles, passes over other kinds', async () => {
    const text = `kind: Service\n---\n${profile('one')}---\n${profile('two', REFUSED)}`;
    const { code, stdout = '' } = await run(text, 'check', '-');
    expect(code).toBe(1);
    expect(stdout).toContain('Review of one in namespace default');
    expect(stdout).toContain('Review of two in namespace default');
  });

  it('says where a file is no profile', async () => {
    const { code, stdout = '' } = await run(profile('shop', GOOD.replace('hosts', 'host')), 'check', '-');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^standard input:4:15:\n {2}spec\.edge\.host: edge has no field host; did you mean hosts\?/);
  });

  it('gives machines the same as data', async () => {
    const { code, stdout = '' } = await run(profile('shop', REFUSED), 'check', 'FILE', '-o', 'json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [],
      profiles: [
        { name: 'shop', refused: true, findings: expect.arrayContaining([expect.objectContaining({ id: 'INV-05' })]) },
      ],
    });
    const broken = await run('a: [', 'check', 'FILE', '-o', 'yaml');
    expect(parse(broken.stdout ?? '')).toMatchObject({ profiles: [], problems: [{ line: 1 }] });
  });

  it('uses the facts of a file', async () => {
    const facts = join(folder, 'facts.yaml');
    writeFileSync(facts, 'kubernetesVersion: 1.35.4\nallocatableCpuMillis: 8000\nallocatableMemoryMiB: 32000\n');
    expect(await run(profile('shop'), 'check', 'FILE', '--facts', facts)).toMatchObject({
      stdout: expect.stringContaining('Judged for 8 CPUs and 32000 MiB, Kubernetes 1.35.4'),
    });
  });
});

describe('render', () => {
  it('prints one document an object', async () => {
    const { code, stdout = '' } = await run(profile('shop'), 'render', 'FILE');
    expect(code).toBe(0);
    const documents = parseAllDocuments(stdout);
    const list = await run(profile('shop'), 'render', 'FILE', '-o', 'json');
    expect(JSON.parse(list.stdout ?? '').items).toHaveLength(documents.length);
    expect(documents.length).toBeGreaterThan(10);
  });

  it('prints nothing that the operator would refuse', async () => {
    const refused = await run(profile('shop', REFUSED), 'render', 'FILE');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('because of INV-05') });
    expect(refused.stdout).toBeUndefined();
  });
});

describe('explain', () => {
  it('takes a path as people write it', async () => {
    for (const path of ['backend.workers', 'spec.backend.workers', '.spec.backend.workers']) {
      const { stdout } = await run(profile('shop'), 'explain', 'FILE', path, '-o', 'json');
      expect(JSON.parse(stdout ?? '')).toMatchObject([{ name: 'shop', fields: [{ path: 'backend.workers' }] }]);
    }
  });

  it.each([
    ['workers', 'did you mean backend.workers?'],
    ['backend.worker', 'did you mean backend.workers'],
    ['postgres.parameters.workmem', 'did you mean postgres.parameters.workMem'],
    ['xyzzyxyzzy', 'a path begins with'],
  ])('%s is unknown, and near ones are named', async (path, said) => {
    expect(await run(profile('shop'), 'explain', 'FILE', path)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(said),
    });
  });
});

describe('what is not understood', () => {
  it.each([
    [['check', '/nowhere.yaml'], '/nowhere.yaml: no such file'],
    [['check', '/'], '/ is a folder'],
    [['check', 'FILE', '--facts', '/nowhere.yaml'], 'pitcrew facts > /nowhere.yaml'],
    [['check', 'FILE', '--facts', 'FILE'], 'is no file of facts'],
    [['completion', 'bahs'], 'did you mean bash?'],
  ])('%j exits 2 and says what to do', async (words, said) => {
    const { code, stderr } = await run(profile('shop'), ...words);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
    expect(stderr).toMatch(/usage: pitcrew \w+/);
  });

  it('without a word it helps, and exits 2 for scripts', async () => {
    expect(await run('')).toMatchObject({ code: 2, stderr: expect.stringContaining('Commands:') });
    expect(await run('', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('Commands:') });
  });
});

describe('the process', () => {
  it('prints its version', () => {
    expect(spawnSync(process.execPath, [main, '--version'], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: `${VERSION}\n`,
    });
  });

  it('reads standard input, writes no colour into a pipe, and exits by the verdict', () => {
    const { status, stdout } = spawnSync(process.execPath, [main, 'check', '-'], {
      encoding: 'utf8',
      input: profile('shop', REFUSED),
    });
    expect(status).toBe(1);
    expect(stdout).toContain('INV-05');
    expect(stdout).not.toContain('\u001b');
  });

  it('ends quietly when nobody reads on', async () => {
    const child = spawn(process.execPath, [main, 'render', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdout.destroy();
    child.stdin.end(profile('shop'));
    const said: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, said }).toEqual({ code: 0, said: [] });
  });
});
