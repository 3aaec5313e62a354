import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The house as docs/architecture.md draws it: one direction of imports, pure rooms, small files. Broken by a single import. */
const root = join(import.meta.dirname, '..', '..');

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sources(path);
    if (!entry.name.endsWith('.ts')) return [];
    const text = readFileSync(join(root, path), 'utf8');
    return [{ path, text, imports: importsOf(path, text) }];
  });
}

/** Imports as paths from the root, packages by name. */
function importsOf(path: string, text: string): string[] {
  return [
    ...text.matchAll(/^(?:import|export)\b[^;]*?from '([^']+)'/gms),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ].map(([, specifier = '']) =>
    specifier.startsWith('.') ? relative(root, resolve(root, dirname(path), specifier)) : specifier,
  );
}

const isTest = ({ path }: Source) => path.endsWith('.test.ts') || path.includes('/fake-') || path.includes('/testing/');
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  crds: [],
  charts: ['crds'],
  synth: ['charts', 'crds'],
  controller: ['synth', 'charts', 'crds'],
  importer: ['synth', 'charts', 'crds'],
  cli: ['importer', 'synth', 'charts', 'crds', 'controller'],
};
const rooms = Object.keys(ROOMS);
const code = rooms.flatMap(sources).filter((source) => !isTest(source));

function offenders(files: readonly Source[], isWrong: (name: string) => boolean): string[] {
  return files.flatMap(({ path, imports }) => imports.filter(isWrong).map((name) => `${path} imports ${name}`));
}

describe('imports', () => {
  it.each(rooms)('%s looks only at the rooms below it', (room) => {
    const allowed = [room, ...(ROOMS[room] ?? [])];
    const known = [...rooms, 'test', 'deploy', 'images', 'release', 'examples'];
    const wrong = (name: string) =>
      known.some((other) => name.startsWith(`${other}/`)) && !allowed.some((other) => name.startsWith(`${other}/`));
    expect(
      offenders(
        code.filter(({ path }) => path.startsWith(`${room}/`)),
        wrong,
      ),
    ).toEqual([]);
  });

  it('only controller/cluster knows the client libraries', () => {
    const outside = code.filter(
      ({ path }) => !path.startsWith('controller/cluster/') && !path.startsWith('controller/probe/'),
    );
    expect(offenders(outside, (name) => name.startsWith('@kubernetes/') || name === 'undici')).toEqual([]);
  });

  it('the command line reads a cluster as the operator does, and knows nothing of its passes', () => {
    const cli = code.filter(({ path }) => path.startsWith('cli/'));
    const wrong = (name: string) => name.startsWith('controller/') && !name.startsWith('controller/cluster/');
    expect(offenders(cli, wrong)).toEqual([]);
  });

  it('controller/cluster knows no pass', () => {
    const cluster = code.filter(({ path }) => path.startsWith('controller/cluster/'));
    expect(offenders(cluster, (name) => /^controller\/(reconcile|probe)\//.test(name))).toEqual([]);
  });

  it('only charts knows cdk8s', () => {
    expect(
      offenders(
        code.filter(({ path }) => !path.startsWith('charts/')),
        (name) => name.startsWith('cdk8s') || name === 'constructs',
      ),
    ).toEqual([]);
  });

  it('the loop knows no other room', () => {
    const loop = code.filter(({ path }) => path.startsWith('controller/loop/'));
    expect(loop.length).toBeGreaterThan(0);
    expect(
      offenders(
        loop,
        (name) => name.includes('/') && !name.startsWith('controller/loop/') && !name.startsWith('node:'),
      ),
    ).toEqual([]);
  });
});

describe('purity', () => {
  const pure = code.filter(
    ({ path }) =>
      (path.startsWith('crds/') && !path.startsWith('crds/bin/')) ||
      path.startsWith('charts/') ||
      path.startsWith('importer/') ||
      path === 'synth/synthesize.ts' ||
      path === 'synth/synthesis.ts',
  );
  it('crds, charts, importer and synthesize touch no file, process, network or clock', () => {
    expect(
      offenders(pure, (name) => name.startsWith('node:') && name !== 'node:crypto' && name !== 'node:net'),
    ).toEqual([]);
    const forbidden =
      /\bprocess\.(?:env|cwd|argv|exit|stdout|stdin|hrtime|uptime)|\bDate\.now|\bnew Date\(|\bMath\.random|\bfetch\(|\brandomBytes|\brandomUUID|\bsetTimeout/;
    const withoutComments = (text: string) => text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
    expect(pure.filter(({ text }) => forbidden.test(withoutComments(text))).map(({ path }) => path)).toEqual([]);
  });

  it('keep no state between calls', () => {
    expect(pure.filter(({ text }) => /^(?:export )?let /m.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('size and names', () => {
  const all = [...code, ...['test', 'deploy', 'images', 'release'].flatMap(sources)];
  it('no file is longer than 400 lines', () => {
    expect(all.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => path)).toEqual([]);
  });

  it('files are named for one idea, in kebab-case', () => {
    expect(
      all
        .filter(({ path }) => !/^[a-z0-9/-]+(\.test)?\.ts$/.test(path) || /utils?\.ts$|helpers?\.ts$|common/.test(path))
        .map(({ path }) => path),
    ).toEqual([]);
  });

  it('no default exports', () => {
    expect(all.filter(({ text }) => /^export default/m.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('the room of tests is not imported by code', () => {
    expect(statSync(join(root, 'test')).isDirectory()).toBe(true);
    expect(offenders(code, (name) => name.startsWith('test/'))).toEqual([]);
  });
});
