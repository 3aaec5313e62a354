import { type Knob, knobsOf } from '../../../crds/knob.ts';
import { specSchema } from '../../../crds/performance-profile.ts';
import { bytes, formatNginxSize } from '../../../crds/units.ts';
import type { KnobPath } from '../../effective.ts';
import { directive, type Statement } from '../../kit/nginx.ts';
import type { Stack } from '../../stack.ts';

/** Knobs that are one directive with one argument. They are rendered from their entries; there is no line for any of them here. */
const PLAIN = knobsOf(specSchema).filter(({ knob }) => knob.target.block !== undefined);

/** The plain directives of a block of nginx.conf, in the order of the schema. */
export function plainDirectives(stack: Stack, block: 'main' | 'events' | 'http'): Statement[] {
  return PLAIN.filter(({ knob }) => knob.target.block === block).flatMap(({ path, knob }) => {
    const value = stack.effective.find(path as KnobPath);
    return value === undefined ? [] : [directive(knob.target.key, argument(value, knob))];
  });
}

/** A value as nginx writes it, by its type and the unit of its knob. */
function argument(value: unknown, { unit = '' }: Knob): string | number {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (unit.startsWith('bytes')) return formatNginxSize(bytes(value as string | number));
  if (unit === 'seconds') return `${value}s`;
  return typeof value === 'number' ? value : String(value).toLowerCase();
}
