import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ADVANCES, HAPPENINGS, REFUSALS, STATES, TROUBLES } from '../../controller/reconcile/reasons.ts';
import { blocksOf, PAGES, textOf } from './blocks.ts';

/** What can be said of the pages without a cluster. test/docs/cluster follows them. */
const root = join(import.meta.dirname, '..', '..');
const SHELLS = ['sh', 'bash', 'console', 'shell'];

describe.each(PAGES)('docs/%s.md', (page) => {
  const blocks = blocksOf(page);

  it('says of every command whether it is run, and why not', () => {
    const unsaid = blocks.filter(({ language, use }) => SHELLS.includes(language) && use.kind === 'none');
    expect(unsaid.map(({ line, text }) => `docs/${page}.md:${line}: ${text}`)).toEqual([]);
    const others = blocks.filter(({ language, use }) => !['sh'].includes(language) && use.kind === 'run');
    expect(others.map(({ line }) => `docs/${page}.md:${line} is run and is no sh`)).toEqual([]);
  });

  it('leads to files and headings that are there', () => {
    expect(brokenLinks(`docs/${page}.md`)).toEqual([]);
  });

  it('is linked by README', () => {
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(`(docs/${page}.md`);
  });
});

it('docs/troubleshooting.md has one section for each reason, and none without', () => {
  const sections = [...textOf('troubleshooting').matchAll(/^### (.*)$/gm)].map(([, title = '']) => title);
  // `Ready`, `Suspended` and `Stalled` are reasons of events too.
  const reasons = new Set<string>([...REFUSALS, ...ADVANCES, ...TROUBLES, ...STATES, ...HAPPENINGS]);
  expect(sections.toSorted()).toEqual([...reasons].toSorted());
});

it('a comment that says none of what is known is refused', () => {
  const page = (comment: string) => `<!-- ${comment} -->\n\`\`\`sh\ntrue\n\`\`\`\n`;
  expect(() => blocksOf('security', page('run: not here:'))).toThrow(/docs\/security.md:1.*REASON/);
  expect(() => blocksOf('security', page('run: nodes'))).toThrow(/run: nodes/);
});

function brokenLinks(file: string): string[] {
  const links = [...readFileSync(join(root, file), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links.filter((link) => !/^https?:/.test(link) && !isThere(file, link));
}

function isThere(file: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : normalize(join(dirname(file), path));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(readFileSync(join(root, target), 'utf8')).includes(anchor);
}

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
