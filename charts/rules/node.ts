import { bytes, mebibytes, milliCores } from '../../crds/units.ts';
import { type Cel, cel, say } from '../admission/cel.ts';
import { given, said } from '../admission/fields.ts';
import { bytesOf, limit, milliCoresOf } from '../admission/quantities.ts';
import { managed } from '../admission/values.ts';
import type { Admission, Fix, Rule, RuleInput } from '../findings.ts';
import { postgresManaged } from '../stack.ts';
import { buffersTooLarge, expectedTooLarge } from './memory-checks.ts';
import { working } from './trial.ts';

/** What all pods together request and may take, against what the node has. */

/** RES-06: what a k3s server with its own workload takes. Its kubelet evicts nobody for memory: the kernel kills. */
const CLUSTER_MIB = 1638;
/** Below these a request says nothing any more. */
const LEAST_REQUEST = { cpu: 10, memory: 32 };

const TIERS = ['edge', 'backend', 'frontend', 'postgres'] as const;
type Tier = (typeof TIERS)[number];
type Amount = 'cpu' | 'memory';

/** One tier: its pods, and what each of them requests. CPU in millicores, memory in MiB. */
interface Share {
  readonly tier: Tier;
  readonly pods: number;
  readonly cpu: number;
  readonly memory: number;
}

/** Shares of all tiers that the profile has, by requests or by limits. */
function shares({ spec, effective }: RuleInput, kind: 'requests' | 'limits'): Share[] {
  const isThere = { edge: true, backend: true, frontend: spec.frontend !== undefined, postgres: postgresManaged(spec) };
  const pods = (tier: Tier) => (tier === 'postgres' ? 1 : effective.value(`${tier}.replicas`));
  return TIERS.filter((tier) => isThere[tier]).map((tier) => ({
    tier,
    pods: pods(tier),
    cpu: milliCores(effective.value(`${tier}.resources.${kind}.cpu`)),
    memory: mebibytes(effective.value(`${tier}.resources.${kind}.memory`)),
  }));
}

const total = (all: readonly Share[], amount: Amount): number =>
  all.reduce((sum, share) => sum + share.pods * share[amount], 0);

/**
 * The pod that comes on top during a rolling update. Only the largest counts: the Deployments roll one after the
 * other where there is no room for all of them, but where there is none for the largest, its update never ends.
 */
const surge = (all: readonly Share[], amount: Amount): number =>
  Math.max(0, ...all.filter(({ tier }) => tier !== 'postgres').map((share) => share[amount]));

interface Demand {
  readonly amount: Amount;
  readonly rest: number;
  readonly surge: number;
  readonly others: number;
  readonly allocatable: number;
  readonly missing: number;
}

function demand(input: RuleInput, amount: Amount): Demand {
  const { facts } = input;
  const all = shares(input, 'requests');
  const others = (amount === 'cpu' ? facts.otherCpuMillis : facts.otherMemoryMiB) ?? 0;
  const allocatable = amount === 'cpu' ? facts.allocatableCpuMillis : facts.allocatableMemoryMiB;
  const [rest, onTop] = [total(all, amount), surge(all, amount)];
  return { amount, rest, surge: onTop, others, allocatable, missing: rest + onTop + others - allocatable };
}

const missing = (input: RuleInput): Demand[] =>
  (['cpu', 'memory'] as const).map((amount) => demand(input, amount)).filter((found) => found.missing > 0);

/** INV-14: the node has no room for all pods and one more. */
export const nodeTooSmall = (input: RuleInput): boolean => missing(input).length > 0;

const unit = { cpu: 'm', memory: 'Mi' };

export const NODE_RULES: readonly Rule[] = [
  {
    id: 'INV-14',
    path: 'backend.resources.requests',
    check: (input) => {
      const short = missing(input);
      if (short.length === 0) return undefined;
      return {
        severity: 'Error',
        message: short.map(demandText).join('; '),
        fixes: working(input, smallerRequests(input, short), nodeTooSmall),
        advice: `a node with ${short.map(({ amount, missing: lacks, allocatable }) => `${Math.ceil(allocatable + lacks)}${unit[amount]} ${amount}`).join(' and ')} allocatable would carry it`,
      };
    },
  },
  {
    id: 'RES-06',
    path: 'backend.resources.limits',
    check: (input) => {
      const all = shares(input, 'limits');
      const reserve = CLUSTER_MIB * (input.facts.nodeCount ?? 1);
      const [rest, onTop] = [total(all, 'memory'), surge(all, 'memory')];
      const capacity = input.facts.allocatableMemoryMiB;
      if (rest + onTop + reserve <= capacity) return undefined;
      return {
        severity: 'Warning',
        message: `the memory limits add up to ${rest}Mi, ${onTop}Mi more during a rolling update; with ${reserve}Mi for Kubernetes that is ${rest + onTop + reserve}Mi of ${capacity}Mi: when all of it is used, the kernel kills whom it likes`,
        fixes: [],
        advice: `a node with ${Math.ceil((rest + onTop + reserve) / 1024)}Gi, or lower memory limits where the tiers use less`,
      };
    },
  },
  {
    id: 'RES-03',
    path: 'postgres.resources',
    check: (input) => (isBurstable(input) ? burstable(input) : undefined),
    admission: [burstableWarning()],
  },
];

function demandText({ amount, rest, surge: onTop, others, allocatable }: Demand): string {
  const of = unit[amount];
  const besides = others === 0 ? '' : `, other pods ${others}${of}`;
  return `the pods request ${rest}${of} of ${amount === 'cpu' ? 'CPU' : 'memory'}, one more during a rolling update ${onTop}${of}${besides}: ${rest + onTop + others}${of} of ${allocatable}${of} that can be allocated, so an update waits for ever`;
}

/** One tier that asks for less, at least half of what it asked for; else all of them in proportion. */
function smallerRequests(input: RuleInput, short: readonly Demand[]): Fix[] {
  const all = shares(input, 'requests');
  const single = all.flatMap((share): Fix[] => {
    const wanted = short.map(({ amount, missing: lacks }) => [amount, Math.floor(share[amount] - lacks)] as const);
    const isFair = wanted.every(([amount, size]) => size >= Math.max(share[amount] / 2, LEAST_REQUEST[amount]));
    return isFair ? [requestFix(share.tier, wanted)] : [];
  });
  if (single.length > 0) return single.slice(-2);
  const parts = all.map((share) =>
    requestFix(
      share.tier,
      short.map(({ amount, rest, surge: onTop, others, allocatable }) => {
        const factor = Math.max(0, allocatable - others) / Math.max(1, rest + onTop);
        return [amount, Math.floor(share[amount] * factor)] as const;
      }),
    ),
  );
  const sizes = parts.flatMap((part) => Object.entries(part));
  const isSensible = sizes.every(([path, value]) =>
    path.endsWith('cpu') ? milliCores(value as string) >= 10 : mebibytes(value as string) >= LEAST_REQUEST.memory,
  );
  return isSensible ? [Object.assign({}, ...parts) as Fix] : [];
}

function requestFix(tier: Tier, sizes: ReadonlyArray<readonly [Amount, number]>): Fix {
  return Object.fromEntries(
    sizes.map(([amount, size]) => [`${tier}.resources.requests.${amount}`, `${size}${unit[amount]}`]),
  ) as Fix;
}

/** Whether the user has the database request less than it may take. */
function isBurstable({ spec, effective }: RuleInput): boolean {
  if (!postgresManaged(spec) || spec.postgres.resources?.requests === undefined) return false;
  const { value } = effective;
  const cpu = milliCores(value('postgres.resources.requests.cpu')) < milliCores(value('postgres.resources.limits.cpu'));
  const memory = bytes(value('postgres.resources.requests.memory')) < bytes(value('postgres.resources.limits.memory'));
  return cpu || memory;
}

function burstable(input: RuleInput) {
  const { value } = input.effective;
  const [cpu, memory] = [value('postgres.resources.limits.cpu'), value('postgres.resources.limits.memory')];
  const request = value('postgres.resources.requests.cpu');
  const fixes: Fix[] = [
    { 'postgres.resources.requests.cpu': cpu, 'postgres.resources.requests.memory': memory },
    // Less CPU than half would cost more than the guarantee is worth.
    ...(milliCores(request) * 2 >= milliCores(cpu)
      ? [{ 'postgres.resources.limits.cpu': request, 'postgres.resources.requests.memory': memory }]
      : []),
  ];
  return {
    severity: 'Warning' as const,
    message: `the database requests ${request} CPU and ${value('postgres.resources.requests.memory')} memory and may take ${cpu} and ${memory}: it is Burstable, and when the node runs out of memory the kernel may kill it before the others`,
    fixes: working(input, fixes, isBurstable, [nodeTooSmall, expectedTooLarge, buffersTooLarge]),
    advice: 'requests equal to the limits make it Guaranteed, the last to be killed',
  };
}

/** Of what the user requests; what is derived depends on the node. */
function burstableWarning(): Admission {
  const isLess = (amount: Amount, sizeOf: (quantity: Cel) => Cel): Cel => {
    const path = `postgres.resources.requests.${amount}` as const;
    return cel`${given(path)} && ${sizeOf(said(path))} < ${sizeOf(limit('postgres', amount))}`;
  };
  const [cpu, memory] = [limit('postgres', 'cpu'), limit('postgres', 'memory')];
  return {
    wrong: cel`${managed} && (${isLess('cpu', milliCoresOf)} || ${isLess('memory', bytesOf)})`,
    says: say`the database may take ${cpu} CPU and ${memory} and requests less: it is Burstable, and the kernel may kill it before the others`,
    fix: say`set postgres.resources.requests.cpu to ${cpu} and postgres.resources.requests.memory to ${memory}`,
  };
}
