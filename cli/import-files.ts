import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { SourceFile, Sources } from '../importer/source.ts';
import { type Request, type Surroundings, UsageError } from './command.ts';

/** Reads what `pitcrew import` is given, and what those files name. */

export async function sourcesFrom({ compose, ...options }: Request['options'], around: Surroundings): Promise<Sources> {
  if (compose === undefined) {
    throw new UsageError('import needs --compose FILE; for example: pitcrew import --compose docker-compose.yml');
  }
  const isStdin = compose === '-';
  const folder = isStdin ? '.' : dirname(compose);
  const { nginx, backend, frontend, edge, postgres } = options;
  const chosen = Object.entries({ backend, frontend, edge, postgres }).filter(([, name]) => name !== undefined);
  return {
    compose: isStdin ? { name: 'standard input', text: await around.readStdin() } : given(compose),
    nginx: nginx === undefined ? undefined : given(nginx),
    dotenv: options.dotenv === undefined ? undefined : given(options.dotenv),
    chosen: Object.fromEntries(chosen),
    name: label('name', options.name),
    namespace: label('namespace', options.namespace),
    folder: basename(resolve(folder)),
    beside: (path) => found(folder, path),
    included: (pattern) => (nginx === undefined ? [] : included(dirname(nginx), pattern)),
  };
}

/** A file that the user names: it must be there. Called by its name alone, since a profile is read elsewhere. */
function given(path: string): SourceFile {
  if (!existsSync(path)) throw new UsageError(`${path}: no such file; give the path of a file`);
  if (statSync(path).isDirectory()) throw new UsageError(`${path} is a folder; give the path of a file in it`);
  return { name: basename(path), text: readFileSync(path, 'utf8') };
}

function label(option: string, text: string | undefined): string | undefined {
  if (text === undefined || /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(text)) return text;
  throw new UsageError(`--${option} ${text}: write at most 40 small letters, digits and hyphens, a letter first`);
}

function found(folder: string, path: string): SourceFile | undefined {
  const file = resolve(folder, path);
  return path !== '' && existsSync(file) && statSync(file).isFile()
    ? { name: path.replace(/^\.\//, ''), text: readFileSync(file, 'utf8') }
    : undefined;
}

/** What nginx would find below /etc/nginx lies beside nginx.conf here; nothing outside of that folder is read. */
function included(folder: string, pattern: string): SourceFile[] {
  const path = join(folder, pattern.replace(/^\/(usr\/local\/)?etc\/nginx\//, ''));
  const within = resolve(dirname(path));
  if (!`${within}${sep}`.startsWith(`${resolve(folder)}${sep}`) || !existsSync(within)) return [];
  const shape = new RegExp(
    `^${basename(path)
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  const prefix = within.slice(resolve(folder).length + 1);
  return readdirSync(within)
    .filter((name) => shape.test(name))
    .sort()
    .flatMap((name) => found(folder, join(prefix, name)) ?? []);
}
