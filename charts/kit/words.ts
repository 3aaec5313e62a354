import type { Knob } from '../../crds/knob.ts';

/** The value of a knob as its target writes it: `RelaxedCommit` → `off`. */
export function wordOf(knob: Knob, value: unknown): string {
  const text = String(value);
  return knob.words?.[text] ?? text;
}
