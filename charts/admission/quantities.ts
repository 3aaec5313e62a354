import { celKilobytes } from '../../crds/fields.ts';
import type { KnobPath } from '../effective.ts';
import { type Cel, cel, define, raw } from './cel.ts';
import { given, nameOf, said, value } from './fields.ts';

/** Sizes in CEL, as crds/units.ts reads them. A fraction of a byte, or of a millionth of a core, is rounded as there. */

type Tier = 'edge' | 'backend' | 'frontend' | 'postgres';
type ResourcePath = `${Tier}.resources.${'requests' | 'limits'}.${'cpu' | 'memory'}`;

/** Bytes of a Kubernetes quantity. */
export const bytesOf = (quantity: Cel): Cel => raw(`int(${approximate(quantity)} + 0.5)`, quantity);

/** CPU in millicores, rounded up. */
export const milliCoresOf = (quantity: Cel): Cel =>
  raw(`(int(${approximate(quantity)} * 1000000.0 + 0.5) + 999) / 1000`, quantity);

const approximate = ({ text }: Cel): string => `quantity(string(${text})).asApproximateFloat()`;

/** kB of a size of PostgreSQL that the user gave. */
export const kilobytesOf = (path: KnobPath): Cel => {
  const size = define(nameOf(path), said(path));
  return define(`${nameOf(path)}Kb`, raw(celKilobytes(size.text), size));
};

/** A limit: the user's, else his request where that is above the guide's limit, else the guide's (RES-01). */
export function limit(tier: Tier, amount: 'cpu' | 'memory'): Cel {
  const path: ResourcePath = `${tier}.resources.limits.${amount}`;
  const request: ResourcePath = `${tier}.resources.requests.${amount}`;
  const preset = value(path);
  const isAbove = cel`!${given(path)} && ${given(request)} && quantity(string(${said(request)})).isGreaterThan(quantity(string(${preset})))`;
  return define(`${nameOf(path)}InForce`, cel`${isAbove} ? string(${said(request)}) : string(${preset})`);
}

/** A memory limit in whole MiB. */
export const limitMiB = (tier: Tier): Cel =>
  define(`${tier}LimitMiB`, cel`${bytesOf(limit(tier, 'memory'))} / ${2 ** 20}`);

/** Cores that a CPU limit lets work. */
export const limitCores = (tier: Tier): Cel =>
  define(`${tier}LimitCores`, cel`(${milliCoresOf(limit(tier, 'cpu'))} + ${999}) / ${1000}`);
