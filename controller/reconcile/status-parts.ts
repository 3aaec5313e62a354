import type { Facts } from '../../charts/facts.ts';
import type { Finding } from '../../charts/findings.ts';
import { TIERS } from '../../charts/kit/labels.ts';
import type { FindingStatus, Status } from '../../crds/status.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { TierSync } from './config-sync.ts';
import type { Child } from './digest.ts';
import type { AppliedRecord } from './memory.ts';
import type { RenderingRecord } from './rendering.ts';
import { isWorkload, readiness } from './rollout.ts';

/** What is in force after a pass that was allowed to change things. */
export interface InForce {
  readonly revision: number;
  readonly renderVersion: string;
  readonly record: RenderingRecord;
  /** Version that renders otherwise. */
  readonly available?: string | undefined;
  /** By `Kind/name`, in the order of the desired objects. */
  readonly applied: ReadonlyMap<string, AppliedRecord>;
}

/** The parts of the status that tell what is in force. Pure. */
export function inForceOf(synthesis: Synthesis, inForce: InForce, generation: number): Status {
  const { connections, facts, effective } = synthesis;
  return {
    revision: inForce.revision,
    renderVersion: inForce.renderVersion,
    rendering: { generation, digest: inForce.record.digest, available: inForce.available },
    connections:
      connections === undefined
        ? undefined
        : {
            peak: connections.peak,
            steady: connections.steady,
            usable: connections.usable,
            summary: `${connections.peak}/${connections.usable}`,
          },
    effective: effective.map(({ path, value, source }) => ({ path, value: textOf(value), source })),
    facts: factsStatus(facts),
    applied: [...inForce.applied].map(([object, { desired, owned }]) => ({ object, desired, owned })),
  };
}

/** Field by field: the API server refuses what its schema does not know. */
export function factsStatus(facts: Facts): NonNullable<Status['facts']> {
  const { kubernetesVersion, allocatableCpuMillis, allocatableMemoryMiB, nodeCount } = facts;
  const { otherCpuMillis, otherMemoryMiB, defaultStorageProvisioner, clusterDnsAddress } = facts;
  return {
    kubernetesVersion,
    allocatableCpuMillis,
    allocatableMemoryMiB,
    nodeCount,
    otherCpuMillis,
    otherMemoryMiB,
    defaultStorageProvisioner,
    clusterDnsAddress,
  };
}

const MAX_VALUE = 4_096;

/** A value in force as text: what a person would write. */
export const textOf = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, MAX_VALUE);

/** Field by field: the API server refuses what its schema does not know. */
export function findingStatus({ id, severity, path, message, fix, acknowledged }: Finding): FindingStatus {
  return { id, severity, path, message: message.slice(0, MAX_TEXT), fix: fix.slice(0, MAX_TEXT), acknowledged };
}

const MAX_TEXT = 2_048;
const MAX_HASH = 64;

export const configStatus = (syncs: readonly TierSync[]): Status['config'] =>
  syncs.map(({ tier, desired, loaded }) => ({ tier, desired, loaded: loaded.slice(0, MAX_HASH) }));

/** Ready pods of each tier that runs, in the usual order. */
export function tiersOf(children: ReadonlyMap<string, Child>): Status['tiers'] {
  const workloads = [...children.values()].filter(isWorkload);
  const entries = TIERS.flatMap((tier) => {
    const workload = workloads.find((candidate) => candidate.tier === tier);
    return workload === undefined ? [] : [[tier, readiness(workload)]];
  });
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Status['tiers']);
}

/** Server-side apply takes null for a value: what is undefined must not be there at all. */
export function withoutUndefined(status: Status): Status {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined)) as Status;
}
