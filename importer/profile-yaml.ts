import { stringify } from 'yaml';
import type { Profile } from '../crds/performance-profile.ts';
import { type Entry, orderOf } from './draft.ts';

/** The profile as YAML for people: in the order of the reference, and behind each value where it comes from. */

interface Line {
  readonly text: string;
  readonly comment?: string;
}

/** `head` are the lines of the comment at the top. */
export function profileYaml(profile: Profile, entries: readonly Entry[], head: readonly string[]): string {
  const sorted = [...entries].sort((a, b) => compare(orderOf(a.path), orderOf(b.path)));
  const lines = linesBelow(sorted, 0, '  ');
  const { name, namespace } = profile.metadata;
  return [
    ...head.map((line) => `# ${line}`.trimEnd()),
    `apiVersion: ${profile.apiVersion}`,
    `kind: ${profile.kind}`,
    `metadata: {name: ${scalar(name)}, namespace: ${scalar(namespace)}}`,
    'spec:',
    ...lines.map(({ text, comment }) => (comment === undefined ? text : `${text}  # ${comment}`)),
    '',
  ].join('\n');
}

/** Entries of a common beginning follow each other; each step that is new is a line. */
function linesBelow(entries: readonly Entry[], depth: number, indent: string): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < entries.length; ) {
    const step = entries[at]?.path[depth] ?? '';
    const same = entries.slice(at).findIndex(({ path }) => path[depth] !== step);
    const group = entries.slice(at, same < 0 ? entries.length : at + same);
    lines.push(...groupLines(step, group, depth, indent));
    at += group.length;
  }
  return lines;
}

function groupLines(step: string, group: readonly Entry[], depth: number, indent: string): Line[] {
  const [entry] = group;
  if (entry === undefined || entry.path.length > depth + 1) {
    return [{ text: `${indent}${step}:` }, ...linesBelow(group, depth + 1, `${indent}  `)];
  }
  const lead = step.startsWith('[') ? `${indent}- ` : `${indent}${step}: `;
  return [{ text: `${lead}${scalar(entry.value)}`, comment: entry.comment }];
}

/** A value on one line, quoted where YAML 1.1, which kubectl reads, would else see something different. */
function scalar(value: unknown): string {
  return stringify(value, {
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
    compat: 'yaml-1.1',
    blockQuote: false,
  }).trimEnd();
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((place, index) => place !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? -1);
}
