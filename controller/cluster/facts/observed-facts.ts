import { DEFAULT_FACTS, type Facts } from '../../../charts/facts.ts';
import { type NodeDigest, usableNodes } from './nodes.ts';
import type { SurroundingFacts } from './surroundings.ts';

/** What the facts are put together from. */
export interface Seen {
  readonly nodes: readonly NodeDigest[];
  /** Without the leading v. */
  readonly kubernetesVersion: string;
  readonly surroundings: SurroundingFacts;
}

/** Facts and where they come from. */
export interface ObservedFacts {
  readonly facts: Facts;
  /** False: nothing could be seen of the nodes, so assumptions stand in for them. */
  readonly observed: boolean;
}

/** A reboot into another kernel moves the memory by a few MiB, which must not change what is derived. */
const MEMORY_STEP_MIB = 64;

/**
 * What the nodes offer together, and what is around; without any node, what was recorded before; without that, the
 * assumptions of an offline rendering. Pure.
 */
export function factsOf({ nodes, kubernetesVersion, surroundings }: Seen, recorded: Facts | undefined): ObservedFacts {
  const usable = usableNodes(nodes);
  if (usable.length === 0) {
    return { facts: { ...(recorded ?? DEFAULT_FACTS), ...surroundings, kubernetesVersion }, observed: false };
  }
  const memory = usable.reduce((sum, node) => sum + node.memoryMiB, 0);
  return {
    facts: {
      kubernetesVersion,
      allocatableCpuMillis: usable.reduce((sum, node) => sum + node.cpuMillis, 0),
      allocatableMemoryMiB: Math.floor(memory / MEMORY_STEP_MIB) * MEMORY_STEP_MIB,
      nodeCount: usable.length,
      ...surroundings,
    },
    observed: true,
  };
}

/** `v1.35.4+k3s1` → `1.35.4`. */
export const plainVersion = (gitVersion: string): string => gitVersion.replace(/^v/, '').replace(/[-+].*$/, '');
