import { readFileSync } from 'node:fs';
import { succeeds } from './run.ts';

/** One mount as this process sees it. */
export interface Mount {
  path: string;
  type: string;
  options: string;
}

/** Reads the text of a mountinfo file. */
export function parseMounts(text: string): Mount[] {
  return text
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [type = '', , options = ''] = after.split(' ');
      return { path: unescapePath(before.split(' ')[4] ?? ''), type, options };
    });
}

/** The mounts of this machine, in the order they were made. */
export function mounts(): Mount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The mounts at or below a folder, deepest and youngest first: the order to undo them in. */
export function mountsBelow(folder: string, table: Mount[] = mounts()): string[] {
  return table
    .map((mount) => mount.path)
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse()
    .sort((a, b) => b.split('/').length - a.split('/').length);
}

/** Undoes every mount at or below a folder; a busy one goes when its last user goes. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const path of mountsBelow(folder)) await succeeds('umount', ['--lazy', path]);
}

/** Spaces and the like are written in octal there. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
