import type { Target } from '../../knob.ts';

/** Where knobs land that are taken over by a reload of nginx. */

/** A knob whose place in nginx.conf is made by the charts of the edge. */
export const reload = (key: string) => landing({ file: 'nginx.conf', key });

/** A knob that is one directive with one argument; it is rendered from its entry alone. */
export const directiveIn = (block: 'main' | 'events' | 'http', key: string) =>
  landing({ file: 'nginx.conf', key, block });

/** A knob of the manifest that only new pods can take over. */
export const rolling = (key: string) => ({ target: { file: 'manifest', key } as Target, change: 'rolling' as const });

function landing(target: Target) {
  return { target, change: 'reload' as const };
}
