import { NginxSyntaxError, type ReadDirective, readNginx } from '../../charts/kit/nginx-reader.ts';
import { type SourceFile, UnreadableError } from '../source.ts';

/** An nginx configuration with the files that it includes, each directive with its place. */

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** `nginx.conf:12`. */
  readonly at: string;
  readonly children: readonly Directive[];
}

export interface NginxReading {
  readonly file: SourceFile;
  readonly included: (pattern: string) => readonly SourceFile[];
  /** Called for an include of which nothing is there. */
  readonly missing: (where: string, pattern: string) => void;
}

/** Lists of types and of variables for other protocols, which come with nginx. */
const OF_NGINX = /(^|\/)(mime\.types|(fastcgi|uwsgi|scgi)_params|proxy_params|modules-enabled\/\*\.conf)$/;
/** Includes of includes, at most: a circle would have no end. */
const DEPTH = 10;

/** Throws UnreadableError where nginx would refuse the text; the message quotes nothing of it. */
export function readConfiguration(reading: NginxReading): Directive[] {
  return directivesOf(reading.file, reading, DEPTH);
}

function directivesOf(file: SourceFile, reading: NginxReading, depth: number): Directive[] {
  return placed(parsed(file), file, reading, depth);
}

function parsed({ name, text }: SourceFile): ReadDirective[] {
  try {
    return readNginx(text);
  } catch (error) {
    if (!(error instanceof NginxSyntaxError)) throw error;
    throw new UnreadableError(
      `${name}:${error.line} is not nginx configuration: see what \`nginx -t\` says, and mend it`,
    );
  }
}

function placed(read: readonly ReadDirective[], file: SourceFile, reading: NginxReading, depth: number): Directive[] {
  return read.flatMap(({ words: [name = '', ...args], line, children = [] }) => {
    const at = `${file.name}:${line}`;
    if (name === 'include') return included(args[0] ?? '', at, reading, depth);
    return [{ name, args, at, children: placed(children, file, reading, depth) }];
  });
}

function included(pattern: string, at: string, reading: NginxReading, depth: number): Directive[] {
  if (OF_NGINX.test(pattern)) return [];
  const files = depth > 0 ? reading.included(pattern) : [];
  if (files.length === 0) reading.missing(`${at} include`, pattern);
  return files.flatMap((file) => directivesOf(file, reading, depth - 1));
}

/** The directives of a name in a block. */
export const named = (block: readonly Directive[], name: string): Directive[] =>
  block.filter((directive) => directive.name === name);

/** The one that holds, where a name may stand once. */
export const single = (block: readonly Directive[], name: string): Directive | undefined => named(block, name).at(-1);

/** All blocks of a name, at any depth. */
export const all = (block: readonly Directive[], name: string): Directive[] =>
  block.flatMap((directive) => [...(directive.name === name ? [directive] : []), ...all(directive.children, name)]);
