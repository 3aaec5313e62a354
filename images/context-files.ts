import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, matchesGlob } from 'node:path';

export interface ContextFile {
  /** Relative to the context, with forward slashes. */
  readonly path: string;
  readonly kind: 'file' | 'link';
}

/** What a build would be sent: the files of a context less those that its .dockerignore leaves out, sorted by path. */
export async function readContextFiles(context: string): Promise<ContextFile[]> {
  const files: ContextFile[] = [];
  await walk(context, '', await readIgnorePatterns(context), files);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Plain patterns only: our contexts need no exceptions, and a silent half-support would give wrong fingerprints. */
async function readIgnorePatterns(context: string): Promise<string[]> {
  const file = join(context, '.dockerignore');
  if (!existsSync(file)) return [];
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  const patterns = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const exception = patterns.find((pattern) => pattern.startsWith('!'));
  if (exception !== undefined) throw new Error(`${file}: exceptions such as ${exception} are not supported`);
  return patterns.map((pattern) => pattern.replace(/^\//, '').replace(/\/$/, ''));
}

async function walk(context: string, folder: string, ignored: string[], found: ContextFile[]): Promise<void> {
  for (const entry of await readdir(join(context, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (ignored.some((pattern) => matchesGlob(path, pattern))) continue;
    if (entry.isDirectory()) await walk(context, path, ignored, found);
    else found.push({ path, kind: entry.isSymbolicLink() ? 'link' : 'file' });
  }
}
