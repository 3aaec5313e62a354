import type { Facts } from '../../../charts/facts.ts';
import type { KubeObject } from '../port.ts';
import type { Kind } from '../resources.ts';
import { add, type Requests } from './pod-requests.ts';

/** Facts about what else is in the cluster: none of it is ours, and all of it may change at any time. */
export type SurroundingFacts = Pick<Facts, (typeof SURROUNDING)[number]>;

const SURROUNDING = [
  'otherCpuMillis',
  'otherMemoryMiB',
  'defaultStorageProvisioner',
  'clusterDnsAddress',
] as const satisfies readonly (keyof Facts)[];

/** What all pods request that take room on our nodes. */
export interface PodTally<Pod> {
  /** Of all that were not kept, together. */
  readonly rest: Requests;
  /** Those of which it is still to be said whose they are. */
  readonly kept: ReadonlyArray<{ readonly pod: Pod; readonly requests: Requests }>;
}

/** What was read of the cluster's surroundings. */
export interface Surroundings<Pod> {
  /** Undefined: pods may not be read everywhere, there are too many of them, or there is no node to ask it of. */
  readonly pods: PodTally<Pod> | undefined;
  readonly defaultStorageProvisioner: string | undefined;
  readonly clusterDnsAddress: string | undefined;
  /** Kinds that we may not read. */
  readonly forbidden: readonly Kind[];
}

/** Steps in which other pods are counted, rounded up: a small job that comes or goes says nothing new. */
const CPU_STEP_MILLIS = 50;
const MEMORY_STEP_MIB = 64;

/** The facts as they are for one profile, whose own pods are no others. What is not known is not there. Pure. */
export function surroundingFacts<Pod>(around: Surroundings<Pod>, isOurs: (pod: Pod) => boolean): SurroundingFacts {
  const { pods, defaultStorageProvisioner, clusterDnsAddress } = around;
  const others = pods?.kept
    .filter(({ pod }) => !isOurs(pod))
    .map(({ requests }) => requests)
    .reduce(add, pods.rest);
  return known({
    otherCpuMillis: others === undefined ? undefined : upTo(CPU_STEP_MILLIS, others.cpuMillis),
    otherMemoryMiB: others === undefined ? undefined : upTo(MEMORY_STEP_MIB, others.memoryBytes / 2 ** 20),
    defaultStorageProvisioner,
    clusterDnsAddress,
  });
}

const upTo = (step: number, amount: number): number => Math.ceil(amount / step) * step;

/** The same facts out of recorded ones. Pure. */
export const recordedSurroundings = (facts: Facts): SurroundingFacts =>
  known(Object.fromEntries(SURROUNDING.map((name) => [name, facts[name]])));

/** The facts of a cluster in which nothing else runs. Pure. */
export function withoutOthers({ otherCpuMillis: _cpu, otherMemoryMiB: _memory, ...facts }: Facts): Facts {
  return facts;
}

const known = (facts: SurroundingFacts): SurroundingFacts =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));

const DEFAULT_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/**
 * Provisioner of the class that a claim without one gets: of several that are the default, the newest, then the first
 * by name. Source: kubernetes.io, "Storage Classes", default StorageClass. Pure.
 */
export function defaultProvisioner(classes: readonly KubeObject[]): string | undefined {
  const made = ({ metadata }: KubeObject) => Date.parse(metadata.creationTimestamp ?? '') || 0;
  const [first] = classes
    .filter(({ metadata }) => DEFAULT_CLASS.some((name) => metadata.annotations?.[name] === 'true'))
    .sort((a, b) => made(b) - made(a) || (a.metadata.name < b.metadata.name ? -1 : 1));
  return typeof first?.provisioner === 'string' ? first.provisioner : undefined;
}

/** Address of a Service; undefined where it has none of its own. Pure. */
export function serviceAddress(service: KubeObject | undefined): string | undefined {
  const { clusterIP } = (service?.spec ?? {}) as { readonly clusterIP?: string };
  return clusterIP === 'None' || clusterIP === '' ? undefined : clusterIP;
}
