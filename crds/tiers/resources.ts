import * as z from 'zod';
import { quantityBetween, withCel } from '../fields.ts';
import { knob } from '../knob.ts';
import { parseQuantity } from '../units.ts';

/** Requests and limits of one tier as the guide gives them (RES-01). */
export interface ResourceTable {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly cpu: string; readonly memory: string };
}

const within = (request: string, limit: string) =>
  `(!has(self.requests) || !has(self.limits) || !has(${request}) || !has(${limit}) || quantity(string(${request})).compareTo(quantity(string(${limit}))) <= 0)`;

/** Compared as the API server does, to the millionth, without what binary fractions add. */
function fits(request: string | number | undefined, limit: string | number | undefined): boolean {
  if (request === undefined || limit === undefined) return true;
  return Math.round(parseQuantity(request) * 1e6) <= Math.round(parseQuantity(limit) * 1e6);
}

/** The `resources` block of a tier, each number a knob of its own with the guide's value as default. */
export function resources(table: ResourceTable) {
  const amount = (kind: 'requests' | 'limits', name: 'cpu' | 'memory') =>
    knob(name === 'cpu' ? quantityBetween('1m', '1000') : quantityBetween('1Mi', '64Ti'), {
      target: { file: 'manifest', key: `resources.${kind}.${name}` },
      change: 'rolling',
      description:
        kind === 'requests'
          ? `${name === 'cpu' ? 'CPU' : 'Memory'} that the scheduler reserves for one pod of this tier.`
          : `${name === 'cpu' ? 'CPU' : 'Memory'} above which the kernel ${name === 'cpu' ? 'throttles' : 'kills'} one pod of this tier.`,
      unit: name === 'cpu' ? 'cores or millicores (500m is half a core)' : 'bytes (512Mi, 1Gi)',
      default: table[kind][name],
      source: 'guide, table of resource limits; RES-01',
    });
  const block = z.strictObject({
    requests: z
      .strictObject({ cpu: amount('requests', 'cpu'), memory: amount('requests', 'memory') })
      .optional()
      .describe('What the scheduler reserves for one pod of this tier.'),
    limits: z
      .strictObject({ cpu: amount('limits', 'cpu'), memory: amount('limits', 'memory') })
      .optional()
      .describe('What the kernel enforces on one pod of this tier.'),
  });
  return withCel(
    block,
    {
      rule: `${within('self.requests.cpu', 'self.limits.cpu')} && ${within('self.requests.memory', 'self.limits.memory')}`,
      message: 'a request must not exceed its limit: raise the limit or lower the request',
    },
    (value) => {
      const { requests, limits } = value;
      return fits(requests?.cpu, limits?.cpu) && fits(requests?.memory, limits?.memory);
    },
  )
    .describe('CPU and memory of one pod of this tier.')
    .optional();
}
