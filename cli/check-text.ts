import type { EffectiveValue } from '../charts/effective.ts';
import type { Facts } from '../charts/facts.ts';
import { blocking, type Finding, type Fix, idsOf, REMOVE, type Severity } from '../charts/findings.ts';
import type { Profile } from '../crds/performance-profile.ts';
import { plain } from './formula.ts';
import type { Mending } from './mending.ts';
import { alignedLines, flow, specLines } from './spec-lines.ts';
import { counted, paint, type Style, type Terminal, wrap } from './terminal.ts';

/** A profile and what there is to say about it. */
export interface Review {
  readonly profile: Profile;
  readonly findings: readonly Finding[];
  readonly effective: readonly EffectiveValue[];
  readonly facts: Facts;
  /** Undefined: the facts are assumed. */
  readonly factsFile: string | undefined;
  readonly mending: Mending | undefined;
}

/** A group of findings that ask for the same attention. */
interface Section {
  readonly severity: Severity;
  readonly word: string;
  readonly style: Style;
  /** What the group means for the reader. */
  readonly meaning: string;
}

const SECTIONS: readonly Section[] = [
  { severity: 'Error', word: 'error', style: 'red', meaning: 'cannot work; refused until mended or accepted' },
  { severity: 'Warning', word: 'warning', style: 'yellow', meaning: 'admitted; works, but not well or not always' },
  { severity: 'Info', word: 'note', style: 'cyan', meaning: 'worth knowing; nothing has to be done' },
];

/** The review: the worst first, each finding with its numbers and with lines that can be pasted, a verdict at the end. */
export function reviewText(terminal: Terminal, review: Review): string {
  const open = review.findings.filter(({ acknowledged }) => !acknowledged);
  const accepted = review.findings.filter(({ acknowledged }) => acknowledged);
  const sections = SECTIONS.flatMap((section) => {
    const own = open.filter(({ severity }) => severity === section.severity);
    return own.length === 0 ? [] : [sectionText(terminal, section, own, review)];
  });
  return [
    headText(terminal, review),
    ...sections,
    ...(accepted.length === 0 ? [] : [acceptedText(terminal, accepted, review)]),
    ...(review.mending === undefined ? [] : [mendingText(terminal, review, review.mending)]),
    verdictText(terminal, review, open, accepted),
  ].join('\n');
}

function headText(terminal: Terminal, { profile: { metadata }, facts, factsFile }: Review): string {
  const node = `${plain(facts.allocatableCpuMillis / 1000)} CPUs and ${plain(facts.allocatableMemoryMiB)} MiB, Kubernetes ${facts.kubernetesVersion}`;
  const origin =
    factsFile === undefined
      ? `Judged for an assumed node of ${node}; \`pitcrew facts > facts.yaml\` and \`--facts facts.yaml\` judge it for yours.`
      : `Judged for ${node}, as in ${factsFile}.`;
  const title = paint(terminal, 'bold', `Review of ${metadata.name} in namespace ${metadata.namespace}`);
  return `${title}\n${wrap(terminal, origin)}\n`;
}

function sectionText(terminal: Terminal, section: Section, findings: readonly Finding[], review: Review): string {
  const title = `${counted(findings.length, section.word).toUpperCase()}: ${section.meaning}`;
  const texts = findings.map((finding) => findingText(terminal, section, finding, review));
  return [paint(terminal, section.style, title), '', ...texts].join('\n');
}

function findingText(terminal: Terminal, { style }: Section, finding: Finding, review: Review): string {
  const ways = finding.fixes.flatMap((fix, index) => [
    `    ${wayHeading(fix, finding.fixes[index - 1])}`,
    ...fixLines(fix, review).map((line) => `      ${paint(terminal, 'green', line)}`),
  ]);
  const advice = adviceOf(finding);
  const hasFix = finding.fixes.length > 0;
  return [
    `  ${paint(terminal, style, finding.id)} ${paint(terminal, 'bold', finding.path)}`,
    wrap(terminal, sentence(finding.message), '    '),
    ...ways,
    ...(advice === undefined ? [] : [wrap(terminal, sentence(advice), hasFix ? '    also: ' : '    fix: ')]),
    ...(finding.severity === 'Error' ? acceptLines(terminal, [finding.id], review) : []),
    '',
  ].join('\n');
}

/** `fix: put into spec`, `or`, `or remove from spec`: the verb is said again where it changes. */
function wayHeading(fix: Fix, previous: Fix | undefined): string {
  const verb = ` ${verbOf(fix)} spec`;
  if (previous === undefined) return `fix:${verb}`;
  return verbOf(previous) === verbOf(fix) ? 'or' : `or${verb}`;
}

const verbOf = (fix: Fix): string =>
  Object.values(fix).every((value) => value === REMOVE) ? 'remove from' : 'put into';

/** The lines of a fix; what stands there today is a comment behind each. A line that is to go has no value to paste. */
function fixLines(fix: Fix, { effective }: Review): string[] {
  const now = new Map(effective.map((entry) => [entry.path, entry]));
  const nowText = (path: string): string => {
    const entry = now.get(path);
    if (entry === undefined) return 'new';
    return `now ${flow(entry.value)}, ${entry.source === 'user' ? 'set by you' : entry.source}`;
  };
  const noteOf = (path: string, value: unknown) => (value === REMOVE ? `remove, ${nowText(path)}` : nowText(path));
  return alignedLines(specLines(fix, noteOf));
}

/** Advice that is no field of the spec stands behind the fixes in `fix`. */
export function adviceOf({ fix, fixes }: Finding): string | undefined {
  if (fixes.length === 0) return fix === '' ? undefined : fix;
  const [, ...advice] = fix.split('; or ');
  return advice.length === 0 ? undefined : advice.join('; or ');
}

/** The policy that accepts findings in addition to what is accepted already, since a second list would replace the first. */
function acceptLines(terminal: Terminal, ids: readonly string[], { profile }: Review): string[] {
  const { acknowledge = [], reason } = profile.spec.policy ?? {};
  const policy = flow({
    acknowledge: [...acknowledge, ...ids],
    reason: reason ?? 'say here why this is right for you',
  });
  return [`    or accept it: put into spec`, `      ${paint(terminal, 'dim', `policy: ${policy}`)}`];
}

function acceptedText(terminal: Terminal, findings: readonly Finding[], { profile }: Review): string {
  const { reason } = profile.spec.policy ?? {};
  const title = `ACCEPTED by spec.policy${reason === undefined ? '' : ` (${reason})`}: still true`;
  const lines = findings.map(({ id, path, message }) => wrap(terminal, `${path}: ${sentence(message)}`, `  ${id} `));
  return [paint(terminal, 'dim', title), '', ...lines, ''].join('\n');
}

/** Fixes that are pasted one by one would repeat their keys, which YAML forbids; so they stand here once more in one piece. */
function mendingText(terminal: Terminal, review: Review, { fix, remaining }: Mending): string {
  const title = 'ALL AT ONCE: the first fix of each error and warning, and what follows from them, for spec';
  const lines = fixLines(fix, review).map((line) => `      ${paint(terminal, 'green', line)}`);
  const open = remaining.filter(({ acknowledged }) => !acknowledged);
  const after = wrap(terminal, `With it: ${countsText(open)}.`, '    ');
  return [paint(terminal, 'bold', title), '', ...lines, after, ''].join('\n');
}

function countsText(findings: readonly Finding[]): string {
  return SECTIONS.map(({ severity, word }) =>
    counted(findings.filter((finding) => finding.severity === severity).length, word),
  ).join(', ');
}

function verdictText(
  terminal: Terminal,
  review: Review,
  open: readonly Finding[],
  accepted: readonly Finding[],
): string {
  const total = `${countsText(open)}${accepted.length === 0 ? '' : `, ${accepted.length} accepted`}`;
  const { name } = review.profile.metadata;
  const ids = idsOf(blocking(review.findings));
  if (ids.length === 0) return `${wrap(terminal, `${name}: ${total}. The operator takes it. Exit 0.`)}\n`;
  const all = ids.length > 1 ? ['', '  To accept all of them:', ...acceptLines(terminal, ids, review).slice(1)] : [];
  const verdict = `${name}: ${total}. The operator refuses it because of ${ids.join(', ')}. Exit 1.`;
  return [paint(terminal, 'bold', wrap(terminal, verdict)), ...all, ''].join('\n');
}

/** Names that keep their small letter at the beginning of a sentence, as fields of the spec do. */
const NAMES = new Set(['nginx', 'gunicorn', 'uvicorn', 'k3s', 'pitcrew']);

function sentence(text: string): string {
  const [word = ''] = text.split(/[\s,:]/);
  const isName = NAMES.has(word) || /[A-Z0-9._()]/.test(word.slice(1));
  const begun = isName ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
