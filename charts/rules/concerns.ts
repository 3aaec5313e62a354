import type { KnobPath } from '../effective.ts';
import type { Fix, Severity, Violation } from '../findings.ts';

/** One of several things that a rule may find wrong, each of its own weight and with its own ways out. */
export interface Concern {
  readonly severity: Severity;
  readonly message: string;
  readonly fixes: readonly Fix[];
  readonly advice?: string;
  readonly path?: KnobPath;
}

const WEIGHT: Readonly<Record<Severity, number>> = { Error: 2, Warning: 1, Info: 0 };

/**
 * A rule speaks once. Of a single concern all ways out are said; of several, the first of each together, since only
 * that clears the finding.
 */
export function speakOnce(concerns: readonly (Concern | false | undefined)[]): Violation | undefined {
  const found = concerns.filter((concern) => typeof concern === 'object');
  const [first, ...others] = found;
  if (first === undefined) return undefined;
  if (others.length === 0) return first;
  const advice = found.flatMap((concern) => concern.advice ?? []).join('; or ');
  const firsts = found.flatMap(({ fixes }) => fixes.slice(0, 1));
  return {
    severity: found.map(({ severity }) => severity).reduce((a, b) => (WEIGHT[a] >= WEIGHT[b] ? a : b)),
    message: found.map(({ message }) => message).join('; '),
    fixes: firsts.length === found.length ? [Object.assign({}, ...firsts) as Fix] : [],
    ...(advice === '' ? {} : { advice }),
  };
}
