import { blocking, type Severity } from '../charts/findings.ts';
import type { Note, NoteKind, SecretToMake } from '../importer/draft.ts';
import type { Imported } from '../importer/import.ts';
import { counted, paint, type Terminal, wrap } from './terminal.ts';

/** What there is to say of an import: at the top of the profile as a comment, and on the terminal. */

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Comments are as wide as people read well, whatever terminal they were written on. */
const PAPER: Terminal = { columns: 110, colour: false };

const TITLES: ReadonlyArray<readonly [NoteKind, string]> = [
  ['fill', 'Fill in before you apply it'],
  ['choose', 'Choose: values that no file tells'],
];
const FURTHER_TITLES: ReadonlyArray<readonly [NoteKind, string]> = [
  ['changed', 'Taken over differently'],
  ['unmapped', 'Not taken over, why, and what to do'],
];

/** The lines of the comment at the top of the profile. */
export function headLines(imported: Imported, files: readonly string[]): string[] {
  const from = files.length > 1 ? `${files.slice(0, -1).join(', ')} and ${files.at(-1)}` : files.join('');
  const intro = `Written by \`pitcrew import\` from ${from}. Behind each value stands where it comes from. What is not here is derived or a default: \`pitcrew explain\` says which and why. No value that looks like a credential was copied.`;
  const sections = [...sectionsOf(PAPER, imported), findingsSection(PAPER, imported)];
  return [...wrap(PAPER, intro).split('\n'), ...sections.flatMap(({ title, lines }) => ['', `${title}:`, ...lines])];
}

/** What is said on the terminal when the profile went into a file. */
export function reportText(terminal: Terminal, imported: Imported, file: string): string {
  const sections = sectionsOf(terminal, imported).flatMap(({ title, lines }) => [
    '',
    paint(terminal, 'bold', `${title}:`),
    ...lines,
  ]);
  const head = `Wrote ${file}: ${counted(imported.entries.length, 'value')} of the profile ${imported.profile.metadata.name}, each with the place that it comes from.`;
  const next = `${judgement(imported)} \`pitcrew check ${file}\` says of each what to write instead.`;
  return [wrap(terminal, head), ...sections, '', wrap(terminal, next), ''].join('\n');
}

/** One line beside a profile that went to standard output. */
export function countsLine(terminal: Terminal, imported: Imported): string {
  const left = imported.notes.filter(({ kind }) => kind === 'unmapped').length;
  const counts = `${counted(imported.entries.length, 'value')}, ${counted(imported.secrets.length, 'Secret')} to create, ${counted(left, 'thing')} not taken over: the comment at the top says all.`;
  return `${wrap(terminal, `pitcrew: ${counts} ${judgement(imported)}`)}\n`;
}

function sectionsOf(terminal: Terminal, { notes, secrets, profile }: Imported): Section[] {
  const noted = (titles: typeof TITLES): Section[] =>
    titles.map(([kind, title]) => ({
      title,
      lines: notes.filter((note) => note.kind === kind).flatMap((note) => noteLines(terminal, note)),
    }));
  const commands = secrets.flatMap((secret) => secretLines(secret, profile.metadata.namespace));
  const all = [
    ...noted(TITLES),
    { title: 'Create these Secrets, each VALUE from where it stands today', lines: commands },
    ...noted(FURTHER_TITLES),
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

function noteLines(terminal: Terminal, { where, text }: Note): string[] {
  return [...wrap(terminal, where, '- ').split('\n'), ...wrap(terminal, text, '    ').split('\n')];
}

/** Without values: they would stand in a profile that is kept in git. */
function secretLines({ name, type, keys }: SecretToMake, namespace: string): string[] {
  if (type === 'tls') {
    const [certificate, key] = [keys.get('tls.crt'), keys.get('tls.key')];
    return [
      `  kubectl -n ${namespace} create secret tls ${name} --cert=FILE --key=FILE`,
      `    FILE: ${certificate}`,
      `    FILE: ${key}`,
    ];
  }
  const literals = [...keys.keys()].map(
    (key, index) => `    --from-literal=${key}=VALUE${index + 1 < keys.size ? ' \\' : ''}`,
  );
  const places = new Map(
    [...keys].map(([key, from]) => [
      from,
      [...keys]
        .filter(([, other]) => other === from)
        .map(([each]) => each)
        .join(', ') || key,
    ]),
  );
  return [
    `  kubectl -n ${namespace} create secret generic ${name} \\`,
    ...literals,
    ...[...places].map(([from, names]) => `    ${names}: ${from}`),
  ];
}

const WORDS: ReadonlyArray<readonly [Severity, string]> = [
  ['Error', 'error'],
  ['Warning', 'warning'],
  ['Info', 'note'],
];

function findingsSection(terminal: Terminal, { findings }: Imported): Section {
  const lines = WORDS.flatMap(([severity, word]) =>
    findings
      .filter((finding) => finding.severity === severity)
      .flatMap(({ id, path, message }) => [`- ${word} ${id} ${path}`, ...wrap(terminal, message, '    ').split('\n')]),
  );
  const title = 'What `pitcrew check` says of it, with the lines to write instead';
  return { title, lines: lines.length > 0 ? lines : ['    nothing'] };
}

function judgement({ findings, notes }: Imported): string {
  const counts = WORDS.map(([severity, word]) =>
    counted(findings.filter((each) => each.severity === severity).length, word),
  );
  const verdict =
    blocking(findings).length > 0 ? 'the operator would refuse it as it is' : 'the operator would take it';
  const isOpen = notes.some(({ kind }) => kind === 'fill');
  return `It has ${counts.join(', ')}: ${verdict}.${isOpen ? ' Fill in first what no file tells.' : ''}`;
}
