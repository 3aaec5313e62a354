import { bytes, milliCores } from '../../crds/units.ts';
import { type Derivation, type Derivations, defaultOf, type KnobPath, type Reader } from '../effective.ts';

/**
 * Requests and limits (RES-01): the guide's table where the user says nothing, bent where what he says of one would
 * contradict the default of the other. The database asks for all that it may take (RES-03): a pod that does is
 * the last that the kernel kills.
 */

const TIERS = ['edge', 'backend', 'frontend', 'postgres'] as const;
type Tier = (typeof TIERS)[number];
type Amount = 'cpu' | 'memory';
type ResourcePath = `${Tier}.resources.${'requests' | 'limits'}.${Amount}`;

/** CPU that the database always requests, if it may take so much: the guide's number. */
const POSTGRES_REQUEST_MILLIS = 500;
/** It requests no more than this share of small nodes, or a rolling update of the others would find no room. */
const POSTGRES_NODE_SHARE = 4;

/**
 * The backend requests no more than a fifth of a small node: with two cores, of which k3s itself and its add-ons
 * request 200m to 350m, the guide's 500m would leave no room for the second pod of a rolling update (INV-14).
 */
const BACKEND_NODE_SHARE = 5;

const sizeOf = { cpu: milliCores, memory: bytes };
const path = (tier: Tier, kind: 'requests' | 'limits', amount: Amount): ResourcePath =>
  `${tier}.resources.${kind}.${amount}`;

function limit(tier: Tier, amount: Amount): Derivation {
  const own = path(tier, 'limits', amount);
  const request = path(tier, 'requests', amount);
  return {
    rule: 'RES-01',
    formula: `${request}, which is above the guide's limit`,
    derive: (read) => {
      const said = read.given(request);
      return said !== undefined && sizeOf[amount](said) > sizeOf[amount](defaultOf(own)) ? said : undefined;
    },
  };
}

function request(tier: Tier, amount: Amount): Derivation {
  const own = path(tier, 'requests', amount);
  const most = path(tier, 'limits', amount);
  return {
    rule: 'RES-01',
    formula: `${most}, which is below the guide's request`,
    derive: (read) => {
      const said = read.given(most);
      return said !== undefined && sizeOf[amount](said) < sizeOf[amount](defaultOf(own)) ? said : undefined;
    },
  };
}

const entries = TIERS.flatMap((tier) =>
  (['cpu', 'memory'] as const).flatMap(
    (amount): Array<[KnobPath, Derivation]> => [
      [path(tier, 'limits', amount), limit(tier, amount)],
      [path(tier, 'requests', amount), request(tier, amount)],
    ],
  ),
);

export const RESOURCE_DERIVATIONS: Derivations = {
  ...(Object.fromEntries(entries) as Derivations),
  'backend.resources.requests.cpu': {
    rule: 'RES-01',
    formula: 'the least of 500m, backend.resources.limits.cpu, and on a small node facts.allocatableCpuMillis / 5',
    derive: backendCpu,
  },
  'postgres.resources.requests.memory': {
    rule: 'RES-03',
    formula: 'postgres.resources.limits.memory',
    derive: (read) => read.value('postgres.resources.limits.memory'),
  },
  'postgres.resources.requests.cpu': {
    rule: 'RES-03',
    formula: 'postgres.resources.limits.cpu, on a small node the larger of 500m and facts.allocatableCpuMillis / 4',
    derive: postgresCpu,
  },
};

function backendCpu(read: Reader): string | number | undefined {
  const usual = defaultOf('backend.resources.requests.cpu');
  const most = read.value('backend.resources.limits.cpu');
  const share = Math.max(1, Math.floor(read.fact('allocatableCpuMillis') / BACKEND_NODE_SHARE));
  const least = Math.min(milliCores(usual), milliCores(most), share);
  if (least === milliCores(usual)) return undefined;
  return least === milliCores(most) ? most : `${least}m`;
}

function postgresCpu(read: Reader): string | number {
  const most = read.value('postgres.resources.limits.cpu');
  const share = Math.floor(read.fact('allocatableCpuMillis') / POSTGRES_NODE_SHARE);
  const fitting = Math.max(POSTGRES_REQUEST_MILLIS, share);
  return milliCores(most) <= fitting ? most : `${fitting}m`;
}
