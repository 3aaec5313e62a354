import type { Facts } from '../charts/facts.ts';
import type { Finding, Fix } from '../charts/findings.ts';
import { withFix } from '../charts/fix.ts';
import { type Profile, parseProfile } from '../crds/performance-profile.ts';
import { synthesize } from '../synth/synthesize.ts';

/** What the first fixes of all findings make of a profile when they are taken together. */
export interface Mending {
  readonly fix: Fix;
  /** What is still found with them. */
  readonly remaining: readonly Finding[];
}

/** One fix may call for another: a larger limit for a larger request. More rounds than this were never needed. */
const ROUNDS = 4;

/** Undefined where there is nothing to put together, or where the fixes do not go together. */
export function mendingOf(profile: Profile, findings: readonly Finding[], facts: Facts): Mending | undefined {
  const first = firstFixes(findings);
  if (first.length < 2) return undefined;
  let fix = together(first);
  for (let round = 1; ; round += 1) {
    const parsed = parseProfile({ ...profile, spec: withFix(profile.spec, fix) });
    if ('issues' in parsed) return undefined;
    const remaining = synthesize(parsed.profile, facts).findings;
    const more = together(firstFixes(remaining));
    if (Object.keys(more).length === 0 || round === ROUNDS) return { fix, remaining };
    fix = { ...fix, ...more };
  }
}

/** Of errors and warnings that nobody has accepted. */
function firstFixes(findings: readonly Finding[]): Fix[] {
  const open = findings.filter(({ acknowledged, severity }) => !acknowledged && severity !== 'Info');
  return open.flatMap(({ fixes }) => fixes.slice(0, 1));
}

/** One fix out of many: where two want the same field, the earlier wins. */
function together(fixes: readonly Fix[]): Fix {
  const merged = new Map<string, unknown>();
  for (const [path, value] of fixes.flatMap((fix) => Object.entries(fix))) {
    if (!merged.has(path)) merged.set(path, value);
  }
  return Object.fromEntries(merged) as Fix;
}
