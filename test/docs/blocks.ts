import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a person would type from a page of docs/. A comment in the line before a block says what the tests do with it:
 * `run: node` runs it on a node, `run: not here: REASON` does not and says why, `file: NAME` is what a person saves.
 */

const root = join(import.meta.dirname, '..', '..');

/** The pages of which every command is run in a cluster, or says why it is not. */
export const PAGES = ['quick-start', 'migration', 'gitops', 'operations', 'troubleshooting', 'security'] as const;
export type Page = (typeof PAGES)[number];

export type Use =
  | { readonly kind: 'run' }
  | { readonly kind: 'not here'; readonly reason: string }
  | { readonly kind: 'file'; readonly name: string }
  /** Shown, not typed. */
  | { readonly kind: 'none' };

export interface Block {
  readonly page: Page;
  /** Of its fence, from 1 on. */
  readonly line: number;
  readonly language: string;
  /** The nearest heading before it. */
  readonly heading: string;
  readonly use: Use;
  readonly text: string;
}

export const textOf = (page: Page): string => readFileSync(join(root, 'docs', `${page}.md`), 'utf8');

/** All fenced blocks of a page, in order. Throws where a comment is none of ours. */
export function blocksOf(page: Page, text = textOf(page)): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let heading = '';
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (line.startsWith('#')) heading = line.replace(/^#+ /, '');
    if (!line.startsWith('```')) continue;
    const end = lines.indexOf('```', index + 1);
    if (end < 0) throw new Error(`docs/${page}.md:${index + 1}: the block has no end`);
    const use = useOf(lines[index - 1] ?? '', `docs/${page}.md:${index}`);
    blocks.push({
      ...{ page, line: index + 1, language: line.slice(3), heading, use },
      text: `${lines.slice(index + 1, end).join('\n')}\n`,
    });
    index = end;
  }
  return blocks;
}

function useOf(line: string, place: string): Use {
  const comment = /^<!-- (.*) -->$/.exec(line)?.[1];
  if (comment === undefined) return { kind: 'none' };
  if (comment === 'run: node') return { kind: 'run' };
  const reason = /^run: not here: (.+)$/.exec(comment)?.[1];
  if (reason !== undefined) return { kind: 'not here', reason };
  const name = /^file: ([\w.-]+)$/.exec(comment)?.[1];
  if (name !== undefined) return { kind: 'file', name };
  throw new Error(`${place}: <!-- ${comment} --> is none of: run: node, run: not here: REASON, file: NAME`);
}
