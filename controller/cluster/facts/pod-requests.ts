import { bytes, milliCores } from '../../../crds/units.ts';
import type { KubeObject } from '../port.ts';

/** CPU and memory that are requested. */
export interface Requests {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

export const NO_REQUESTS: Requests = { cpuMillis: 0, memoryBytes: 0 };

export const add = (a: Requests, b: Requests): Requests => ({
  cpuMillis: a.cpuMillis + b.cpuMillis,
  memoryBytes: a.memoryBytes + b.memoryBytes,
});

const larger = (a: Requests, b: Requests): Requests => ({
  cpuMillis: Math.max(a.cpuMillis, b.cpuMillis),
  memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
});

interface Quantities {
  readonly cpu?: string | undefined;
  readonly memory?: string | undefined;
}

interface LooseContainer {
  readonly restartPolicy?: string;
  readonly resources?: { readonly requests?: Quantities };
}

interface LoosePod {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly LooseContainer[];
    readonly initContainers?: readonly LooseContainer[];
    readonly resources?: { readonly requests?: Quantities };
    readonly overhead?: Quantities;
  };
  readonly status?: { readonly phase?: string };
}

const amounts = ({ cpu = '0', memory = '0' }: Quantities = {}): Requests => ({
  cpuMillis: milliCores(cpu),
  memoryBytes: bytes(memory),
});

const requestsOfContainer = ({ resources }: LooseContainer): Requests => amounts(resources?.requests);

/**
 * What the scheduler keeps free for a pod: all containers together with the sidecars, or what starting it needs where
 * that is more, or what the pod as a whole asks for; and the overhead of its runtime. A limit without a request has
 * become a request when the pod was stored. Source: kubernetes.io, "Sidecar Containers", resource sharing within
 * containers. Pure.
 */
export function requestsOf(object: KubeObject): Requests {
  const { spec = {} } = object as unknown as LoosePod;
  let sidecars = NO_REQUESTS;
  let starting = NO_REQUESTS;
  for (const container of spec.initContainers ?? []) {
    const own = requestsOfContainer(container);
    const isSidecar = container.restartPolicy === 'Always';
    // A sidecar stays; any other is alone with the sidecars that were started before it.
    if (isSidecar) sidecars = add(sidecars, own);
    starting = larger(starting, isSidecar ? sidecars : add(sidecars, own));
  }
  const running = (spec.containers ?? []).map(requestsOfContainer).reduce(add, sidecars);
  return add(asAWhole(larger(running, starting), spec.resources?.requests), amounts(spec.overhead));
}

/** A request of the pod itself stands in for those of its containers, each resource by itself. */
function asAWhole(ofContainers: Requests, whole: Quantities = {}): Requests {
  const { cpuMillis, memoryBytes } = amounts(whole);
  return {
    cpuMillis: whole.cpu === undefined ? ofContainers.cpuMillis : cpuMillis,
    memoryBytes: whole.memory === undefined ? ofContainers.memoryBytes : memoryBytes,
  };
}

/**
 * Whether a pod takes room on these nodes: it runs there, or waits for a place. One that has ended takes none, and one
 * that is being deleted makes room. Pure.
 */
export function takesRoom(object: KubeObject, nodes: ReadonlySet<string>): boolean {
  const { spec = {}, status = {} } = object as unknown as LoosePod;
  if (object.metadata.deletionTimestamp !== undefined) return false;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return false;
  return spec.nodeName === undefined || spec.nodeName === '' || nodes.has(spec.nodeName);
}
