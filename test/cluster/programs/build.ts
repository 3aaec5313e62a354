import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../host/lock.ts';
import { type OnProgress, step } from '../host/progress.ts';
import { run } from '../host/run.ts';
import { cacheRoot } from '../names.ts';
import { copyAssets } from './assets.ts';
import type { ProgramSet } from './catalog.ts';

/** A program that some job needs. */
export interface Wanted {
  set: ProgramSet;
  program: string;
}

const buildDeadlineMs = 45 * 60_000;
const buildFlags = ['-trimpath', '-buildvcs=false'];
const modules = join(import.meta.dirname, '..', 'go');

/** The folder of the cache that a set's programs are in, named by all that decides what they are. */
export function programFolder(set: ProgramSet): string {
  return join(cacheRoot(), `${set.name}-${keyOf(set)}`);
}

/** Path of a built program. */
export function programPath({ set, program }: Wanted): string {
  return join(programFolder(set), program);
}

/** Whether a program has yet to be built. */
export function isMissing(wanted: Wanted): boolean {
  return !existsSync(programPath(wanted));
}

/** Builds those of the wanted programs that the cache does not have yet, one after another. */
export async function ensurePrograms(wanted: readonly Wanted[], onProgress: OnProgress): Promise<void> {
  if (!wanted.some(isMissing)) return;
  await withLock(`programs in ${cacheRoot()}`, onProgress, async () => {
    const missing = wanted.filter(isMissing);
    for (const [index, one] of missing.entries()) {
      const place = `${index + 1} of ${missing.length}`;
      await step(onProgress, `building ${one.program} (${place})`, () => build(one));
    }
  });
}

async function build(wanted: Wanted): Promise<void> {
  const folder = programFolder(wanted.set);
  const work = join(folder, `.build-${process.pid}`);
  removeAbandoned(folder);
  mkdirSync(work, { recursive: true });
  try {
    const options = { cwd: sourceFolder(wanted.set) ?? work, env: goEnvironment(work), timeoutMs: buildDeadlineMs };
    await run('go', goArguments(wanted, work), options);
    const { assets } = wanted.set;
    if (assets !== undefined) {
      const source = await run('go', ['list', '-m', '-f', '{{.Dir}}', assets.module], options);
      copyAssets(source.trim(), assets.paths, folder);
    }
    // Last, since the program's presence says that all of it is there.
    renameSync(join(work, wanted.program), programPath(wanted));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function goArguments({ set, program }: Wanted, work: string): string[] {
  const path = set.programs[program];
  if (path === undefined) throw new Error(`${set.name} has no program ${program}`);
  const flags = [...buildFlags, '-ldflags', set.linkerFlags.join(' ')];
  return 'version' in set.source
    ? ['install', ...flags, `${path}@v${set.source.version}`]
    : ['build', ...flags, '-o', join(work, program), path];
}

function goEnvironment(work: string): NodeJS.ProcessEnv {
  // GOTOOLCHAIN: a module may ask for a newer Go than the one installed; "auto" lets the go command fetch it.
  return { GOTOOLCHAIN: 'auto', ...process.env, PATH: goSearchPath(), CGO_ENABLED: '0', GOBIN: work, GOFLAGS: '' };
}

/** Go's own installer puts it into a folder that is rarely on the search path of root. */
export function goSearchPath(): string {
  return `${process.env.PATH ?? ''}:/usr/local/go/bin`;
}

/** What a build that was ended in the middle has left; the lock says that none runs now. */
function removeAbandoned(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder)) {
    if (entry.startsWith('.build-')) rmSync(join(folder, entry), { recursive: true, force: true });
  }
}

function keyOf(set: ProgramSet): string {
  const hash = createHash('sha256').update(JSON.stringify([set, buildFlags, process.arch]));
  const folder = sourceFolder(set);
  const files = folder === undefined ? [] : readdirSync(folder).filter((file) => /^go\.(mod|sum)$|\.go$/.test(file));
  for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(join(folder ?? '', file)));
  return hash.digest('hex').slice(0, 12);
}

function sourceFolder(set: ProgramSet): string | undefined {
  return 'folder' in set.source ? join(modules, set.source.folder) : undefined;
}
