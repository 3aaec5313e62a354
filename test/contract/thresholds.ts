import type { KnobPath } from '../../charts/effective.ts';
import type { Finding, Fix } from '../../charts/findings.ts';
import { withFix } from '../../charts/fix.ts';
import type { Spec } from '../../crds/performance-profile.ts';
import { bytes, milliCores, PG_SIZE_PATTERN, pgKilobytes, QUANTITY_PATTERN } from '../../crds/units.ts';

/** Profiles on both sides of the number at which a rule begins to speak, where two copies of it would differ first. */

/** What is asked about a profile. */
export interface Judge {
  readonly findingsOf: (spec: Spec) => readonly Finding[];
  /** The value in force; undefined where there is none. */
  readonly valueOf: (spec: Spec, path: KnobPath) => unknown;
  readonly isValid: (spec: Spec) => boolean;
}

/** One pair for each field of each finding. */
export function atThresholds(specs: readonly Spec[], judge: Judge): Spec[] {
  const made = new Map<string, readonly Spec[]>();
  for (const spec of specs) {
    for (const finding of judge.findingsOf(spec)) {
      for (const [path, value] of finding.fixes.flatMap((fix) => Object.entries(fix))) {
        const key = `${finding.id} ${finding.path} ${path}`;
        if ((made.get(key) ?? []).length < 2) made.set(key, pair(spec, finding, path as KnobPath, value, judge));
      }
    }
  }
  return [...made.values()].flat();
}

/** The last value that is found wrong on the way to the one of the fix, and the first that is not. */
function pair(spec: Spec, { id, path }: Finding, field: KnobPath, value: unknown, judge: Judge): Spec[] {
  const [now, wanted] = [scaleOf(field, judge.valueOf(spec, field)), scaleOf(field, value)];
  if (now === undefined || wanted === undefined) return [];
  const at = (size: number): Spec => withFix(spec, { [field]: wanted.write(size) } as Fix);
  const isWrong = (size: number) =>
    judge.findingsOf(at(size)).some((finding) => finding.id === id && finding.path === path);
  if (!isWrong(now.size) || isWrong(wanted.size)) return [];
  let [wrong, right] = [now.size, wanted.size];
  while (Math.abs(wrong - right) > 1) {
    const middle = Math.trunc((wrong + right) / 2);
    if (isWrong(middle)) wrong = middle;
    else right = middle;
  }
  return [at(wrong), at(right)].filter(judge.isValid);
}

/** A value as a whole number of its smallest unit, and how to write such a number. */
interface Scale {
  readonly size: number;
  readonly write: (size: number) => string | number;
}

function scaleOf(path: KnobPath, value: unknown): Scale | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  if (new RegExp(PG_SIZE_PATTERN).test(String(value))) {
    return { size: pgKilobytes(String(value)), write: (size) => `${size}kB` };
  }
  if (!new RegExp(QUANTITY_PATTERN).test(String(value))) return undefined;
  if (path.endsWith('.cpu')) return { size: milliCores(value), write: (size) => `${size}m` };
  return { size: typeof value === 'number' ? value : bytes(value), write: (size) => size };
}
