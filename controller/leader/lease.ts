import { isGone } from '../cluster/classify.ts';
import type { ObjectMeta } from '../cluster/port.ts';
import { pathOf, RESOURCES } from '../cluster/resources.ts';
import type { Transport } from '../cluster/transport.ts';

/** The name of the operator's Lease, in the operator's namespace. */
export const LEASE_NAME = 'pitcrew';

/** Who leads, as every elector of Kubernetes writes it (coordination.k8s.io/v1 LeaseSpec). */
export interface LeaseSpec {
  /** Empty: nobody. */
  readonly holderIdentity?: string | undefined;
  /** For how long others believe the holder after each renewal. */
  readonly leaseDurationSeconds?: number | undefined;
  /** Both for people only: clocks of two machines cannot be compared. */
  readonly acquireTime?: string | undefined;
  readonly renewTime?: string | undefined;
  /** How often it went from one holder to another. */
  readonly leaseTransitions?: number | undefined;
}

/** The Lease as the server has it. */
export interface Lease {
  readonly metadata: Pick<ObjectMeta, 'name' | 'resourceVersion'>;
  readonly spec?: LeaseSpec | undefined;
}

/** How long a call may take. */
export interface LeaseCall {
  readonly signal?: AbortSignal | undefined;
  readonly deadlineMs: number;
}

/** The one Lease of an election. Throws what `classify` understands. */
export interface LeaseStore {
  /** What the server has at this moment, not what some cache had; undefined: there is none. */
  readonly read: (call: LeaseCall) => Promise<Lease | undefined>;
  /** Writes it in the place of `before`, or anew; `Stale` when another one is there by now, `Gone` when none is. */
  readonly write: (before: Lease | undefined, spec: LeaseSpec, call: LeaseCall) => Promise<Lease>;
}

/** A Lease behind an API server. Give it a transport of its own: a renewal must not wait for a free connection. */
export function leaseAt(
  transport: Transport,
  place: { readonly namespace: string; readonly name: string },
): LeaseStore {
  const { namespace, name } = place;
  const { apiVersion, kind } = RESOURCES.Lease;
  const path = pathOf(RESOURCES.Lease, place);
  return {
    read: async (call) => {
      try {
        return (await transport.request({ method: 'GET', path, ...call })).body as Lease;
      } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
      }
    },
    write: async (before, spec, call) => {
      const metadata = before?.metadata ?? { name, namespace };
      const body = { apiVersion, kind, metadata, spec };
      const [method, at] =
        before === undefined ? (['POST', pathOf(RESOURCES.Lease, { namespace })] as const) : (['PUT', path] as const);
      return (await transport.request({ method, path: at, body, ...call })).body as Lease;
    },
  };
}
