import { stringify } from 'yaml';
import { REMOVE } from '../charts/findings.ts';

/** One line of YAML, and what stands in its place now. */
export interface SpecLine {
  readonly text: string;
  readonly note?: string;
}

/** What to say of a field, by path and value. */
type NoteOf = (path: string, value: unknown) => string | undefined;

/** Fields by path as the YAML lines to put below `spec:`, nested, each value with a note. */
export function specLines(fields: Readonly<Record<string, unknown>>, noteOf: NoteOf): SpecLine[] {
  const root: Branch = new Map();
  for (const [path, value] of Object.entries(fields)) plant(root, path.split('.'), { path, value });
  return linesOf(root, '', noteOf);
}

interface Leaf {
  readonly path: string;
  readonly value: unknown;
}
type Branch = Map<string, Branch | Leaf>;

function plant(branch: Branch, parts: readonly string[], leaf: Leaf): void {
  const [part = '', ...rest] = parts;
  if (rest.length === 0) {
    branch.set(part, leaf);
    return;
  }
  const below = branch.get(part);
  const next: Branch = below instanceof Map ? below : new Map();
  branch.set(part, next);
  plant(next, rest, leaf);
}

function linesOf(branch: Branch, indent: string, noteOf: NoteOf): SpecLine[] {
  return [...branch].flatMap(([name, below]): SpecLine[] => {
    if (below instanceof Map) return [{ text: `${indent}${name}:` }, ...linesOf(below, `${indent}  `, noteOf)];
    const note = noteOf(below.path, below.value);
    const value = below.value === REMOVE ? '…' : flow(below.value);
    return [{ text: `${indent}${name}: ${value}`, ...(note === undefined ? {} : { note }) }];
  });
}

/** A value on one line, quoted where YAML would else read something different. */
export function flow(value: unknown): string {
  return stringify(value, {
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
    compat: 'yaml-1.1',
  }).trimEnd();
}

/** Lines with their notes in one column, as comments. */
export function alignedLines(lines: readonly SpecLine[]): string[] {
  const column = Math.max(...lines.map(({ text, note }) => (note === undefined ? 0 : text.length)));
  return lines.map(({ text, note }) => (note === undefined ? text : `${text.padEnd(column)}  # ${note}`));
}
