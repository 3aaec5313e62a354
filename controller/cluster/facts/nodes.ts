import { mebibytes, milliCores } from '../../../crds/units.ts';
import type { KubeObject } from '../port.ts';

/** What is kept of a node. */
export interface NodeDigest {
  readonly name: string;
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

/** Pure and total: a node that tells nothing counts as none. */
export function nodeOf(object: KubeObject): NodeDigest {
  const { spec = {}, status = {} } = object as unknown as LooseNode;
  const lasting = (spec.taints ?? []).filter(({ key }) => !key.startsWith(TRANSIENT_TAINT));
  const { cpu = '0', memory = '0' } = status.allocatable ?? {};
  return {
    name: object.metadata.name,
    cpuMillis: milliCores(cpu),
    memoryMiB: mebibytes(memory),
    ours: !lasting.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute'),
  };
}

/** The nodes that count. */
export const usableNodes = (nodes: readonly NodeDigest[]): NodeDigest[] =>
  nodes.filter((node) => node.ours && node.memoryMiB > 0);
