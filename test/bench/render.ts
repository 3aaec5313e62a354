import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { DesiredObject } from '../../charts/object.ts';
import { parseManifest } from '../../synth/manifest.ts';
import { alternate } from './alternate.ts';
import { writeChart } from './chart.ts';
import type { Benchmark } from './report.ts';

const ROUNDS = 15;

/** What is compared, and where it may write. */
export interface Programs {
  /** Path of the bundled tool. */
  readonly pitcrew: string;
  readonly helm: string;
  /** An empty folder. */
  readonly folder: string;
}

/** How long a new process takes for a profile's objects, beside Helm's for a chart of the very same objects. */
export function benchRender({ pitcrew, helm, folder }: Programs, profile: string): Benchmark {
  const home = join(folder, 'home');
  const renderIn = (cache: string) => start(process.execPath, [pitcrew, 'render', profile], cache);
  const objects = parseManifest(renderIn(home).output) as DesiredObject[];
  const { name, namespace } = releaseOf(objects);
  const chart = join(folder, 'chart');
  writeChart(chart, name, objects);
  const template = () => start(helm, ['template', name, chart, '--namespace', namespace], home);
  assertSame(objects, parseManifest(template().output) as DesiredObject[]);

  const series = alternate(
    [
      { name: 'pitcrew render', measure: () => renderIn(home).duration },
      {
        name: 'pitcrew render, first start',
        measure: () => inFreshFolder(folder, (cache) => renderIn(cache).duration),
      },
      { name: 'node --eval 0', measure: () => start(process.execPath, ['--eval', '0'], home).duration },
      { name: 'helm template', measure: () => template().duration },
    ],
    ROUNDS,
  );
  return { title: `a process for ${objects.length} objects`, series, anchor: 3 };
}

interface Run {
  readonly output: string;
  /** In milliseconds, from before the start of the process to after its end. */
  readonly duration: number;
}

/** Runs a program to its end, with its caches and settings below a folder instead of the user's home. */
function start(program: string, args: readonly string[], home: string): Run {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const own = Object.fromEntries(['CACHE', 'CONFIG', 'DATA'].map((kind) => [`XDG_${kind}_HOME`, home]));
  const options = { encoding: 'utf8', env: { ...env, ...own }, maxBuffer: 2 ** 24 } as const;
  const begin = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  const duration = performance.now() - begin;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
  return { output: stdout, duration };
}

/** A start with a cache of compiled code that is still empty. */
function inFreshFolder<T>(parent: string, work: (folder: string) => T): T {
  const fresh = mkdtempSync(join(parent, 'first-'));
  try {
    return work(fresh);
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

function releaseOf(objects: readonly DesiredObject[]): { name: string; namespace: string } {
  const { labels, namespace = '' } = objects[0]?.metadata ?? {};
  return { name: labels?.['app.kubernetes.io/part-of'] ?? '', namespace };
}

/** The comparison is fair only as long as both make the same. */
function assertSame(ours: readonly DesiredObject[], theirs: readonly DesiredObject[]): void {
  const keyOf = ({ kind, metadata }: DesiredObject) => `${kind}/${metadata.name}`;
  const byKey = new Map(theirs.map((object) => [keyOf(object), object]));
  const different = ours.filter((object) => !isDeepStrictEqual(object, byKey.get(keyOf(object)))).map(keyOf);
  if (different.length > 0 || ours.length !== theirs.length) {
    throw new Error(`the chart makes ${theirs.length} objects of ${ours.length}; different: ${different.join(', ')}`);
  }
}
