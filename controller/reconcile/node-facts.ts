import { DEFAULT_FACTS, type Facts } from '../../charts/facts.ts';
import { mebibytes, milliCores } from '../../crds/units.ts';
import type { KubeObject } from '../cluster/port.ts';

/** What is kept of a node. */
export interface NodeDigest {
  readonly cpuMillis: number;
  readonly memoryMiB: number;
  /** Whether our pods may run there at all. A node that is cordoned or not ready for a while is still one of them. */
  readonly ours: boolean;
}

interface LooseNode {
  readonly spec?: { readonly taints?: ReadonlyArray<{ readonly key: string; readonly effect: string }> };
  readonly status?: { readonly allocatable?: Readonly<Record<string, string>> };
}

/** Taints that the cluster itself sets and takes away again: a drain or a reboot must not change what is derived. */
const TRANSIENT_TAINT = 'node.kubernetes.io/';
/** A reboot into another kernel moves the memory by a few MiB, which must not change what is derived either. */
const MEMORY_STEP_MIB = 64;

/** Pure and total: a node that tells nothing counts as none. */
export function nodeOf(object: KubeObject): NodeDigest {
  const { spec = {}, status = {} } = object as unknown as LooseNode;
  const lasting = (spec.taints ?? []).filter(({ key }) => !key.startsWith(TRANSIENT_TAINT));
  const { cpu = '0', memory = '0' } = status.allocatable ?? {};
  return {
    cpuMillis: milliCores(cpu),
    memoryMiB: mebibytes(memory),
    ours: !lasting.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute'),
  };
}

/** Facts and where they come from. */
export interface ObservedFacts {
  readonly facts: Facts;
  /** False: nothing could be seen of the nodes, so assumptions stand in for them. */
  readonly observed: boolean;
}

/** What the nodes offer together; without any, what was recorded before; without that, the assumptions of an offline rendering. */
export function factsOf(
  nodes: readonly NodeDigest[],
  kubernetesVersion: string,
  recorded: Facts | undefined,
): ObservedFacts {
  const usable = nodes.filter((node) => node.ours && node.memoryMiB > 0);
  if (usable.length === 0) return { facts: { ...(recorded ?? DEFAULT_FACTS), kubernetesVersion }, observed: false };
  const memory = usable.reduce((sum, node) => sum + node.memoryMiB, 0);
  return {
    facts: {
      kubernetesVersion,
      allocatableCpuMillis: usable.reduce((sum, node) => sum + node.cpuMillis, 0),
      allocatableMemoryMiB: Math.floor(memory / MEMORY_STEP_MIB) * MEMORY_STEP_MIB,
    },
    observed: true,
  };
}

/** `v1.35.4+k3s1` → `1.35.4`. */
export const plainVersion = (gitVersion: string): string => gitVersion.replace(/^v/, '').replace(/[-+].*$/, '');
