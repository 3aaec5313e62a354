import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Size and time of every file that went into a bundle or came out of it; bundling takes a second, asking them some milliseconds. */
type Stamps = Record<string, string>;

const recordName = '.bundle.json';

/** Remembers beside a bundle what it was made of, and what was made. Paths are relative to `root`. */
export async function recordBundle(root: string, outFolder: string, files: readonly string[]): Promise<void> {
  await writeFile(join(outFolder, recordName), JSON.stringify(await stampsOf(root, files)));
  // The record tells nothing about the content, so it must not reach an image or its fingerprint.
  await writeFile(join(outFolder, '.dockerignore'), `.dockerignore\n${recordName}\n`);
}

/** True when none of the files that were recorded has changed or gone. */
export async function isBundleCurrent(root: string, outFolder: string): Promise<boolean> {
  try {
    const recorded = JSON.parse(await readFile(join(outFolder, recordName), 'utf8')) as Stamps;
    const current = await stampsOf(root, Object.keys(recorded));
    return Object.entries(recorded).every(([path, stamp]) => current[path] === stamp);
  } catch {
    return false;
  }
}

async function stampsOf(root: string, paths: readonly string[]): Promise<Stamps> {
  const stamped = paths.map(async (path) => {
    const { size, mtimeMs } = await stat(join(root, path));
    return [path, `${size} ${mtimeMs}`] as const;
  });
  return Object.fromEntries(await Promise.all(stamped));
}
