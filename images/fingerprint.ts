import { createHash } from 'node:crypto';
import { readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readContextFiles } from './context-files.ts';

export interface BuildInputs {
  readonly reference: string;
  /** Absolute paths. */
  readonly dockerfile: string;
  readonly context: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Identity of the image that the Dockerfile starts from. */
  readonly baseId: string;
}

/** Equal fingerprints mean equal inputs: the name, Dockerfile, context (content and run bits), arguments and base. */
export async function fingerprintOf(inputs: BuildInputs): Promise<string> {
  const hash = createHash('sha256');
  // JSON keeps the parts apart, so that no two different lists run together into the same text.
  const add = (...parts: string[]): unknown => hash.update(`${JSON.stringify(parts)}\n`);
  add('reference', inputs.reference);
  add('base', inputs.baseId);
  for (const [name, value] of Object.entries(inputs.buildArgs).sort()) add('arg', name, value);
  add('dockerfile', await readFile(inputs.dockerfile, 'utf8'));
  for (const { path, kind } of await readContextFiles(inputs.context)) {
    const file = join(inputs.context, path);
    add(kind, path, kind === 'link' ? await readlink(file) : await contentOf(file));
  }
  return hash.digest('hex').slice(0, 16);
}

async function contentOf(file: string): Promise<string> {
  const [content, { mode }] = await Promise.all([readFile(file), stat(file)]);
  const runnable = (mode & 0o111) !== 0 ? 'x' : '-';
  return runnable + createHash('sha256').update(content).digest('hex');
}
