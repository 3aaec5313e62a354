import type { Finding, Severity } from '../charts/findings.ts';

/** Findings as a person reads them: the worst first, each with its fix. */

const COLOUR: Readonly<Record<Severity, string>> = { Error: '\u001b[31m', Warning: '\u001b[33m', Info: '\u001b[36m' };
const RESET = '\u001b[0m';
const ORDER: readonly Severity[] = ['Error', 'Warning', 'Info'];

export function findingsText(profile: string, findings: readonly Finding[], colour: boolean): string {
  if (findings.length === 0) return `${profile}: nothing to say\n`;
  const sorted = [...findings].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return sorted.map((finding) => findingText(profile, finding, colour)).join('\n');
}

function findingText(profile: string, finding: Finding, colour: boolean): string {
  const severity = finding.acknowledged ? `${finding.severity} (acknowledged)` : finding.severity;
  const mark = colour ? `${COLOUR[finding.severity]}${severity}${RESET}` : severity;
  return `${profile}: ${mark} ${finding.id} at ${finding.path}\n  ${finding.message}\n  fix: ${finding.fix}\n`;
}
