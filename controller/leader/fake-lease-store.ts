import { ApiError, ConnectionError } from '../cluster/errors.ts';
import { type Clock, pause } from '../loop/clock.ts';
import type { Lease, LeaseCall, LeaseSpec, LeaseStore } from './lease.ts';

/** A server with one Lease, versions and conflicts, whose network a test can cut; for fake clocks. */
export interface FakeLeaseServer {
  readonly lease: () => Lease | undefined;
  /** As somebody with an editor; undefined deletes it. */
  readonly edit: (spec: LeaseSpec | undefined) => void;
  /** Every write that was stored, by whom and when on the server's clock. */
  readonly stored: { readonly holder: string; readonly atMs: number }[];
  /** The way of one process to it. */
  readonly connect: (clock: Clock) => Connection;
}

/** One process's view of the server. */
export interface Connection extends LeaseStore {
  /** `silent`: nothing arrives, and the deadline ends the call. `mute`: it arrives, the answer does not (of writes). */
  network: 'good' | 'silent' | 'mute' | 'mute to writes';
  /** How long a request is on its way, by the clock of the process; less than any deadline. */
  delayMs: number;
}

const asked = { method: 'PUT', path: '/lease' };
const answer = (status: number, reason: string) =>
  new ApiError(status, { code: status, reason, details: { kind: 'leases', name: 'pitcrew' } }, asked);

/** A server without a Lease. */
export function createFakeLeaseServer(serverClock: Clock): FakeLeaseServer {
  let lease: Lease | undefined;
  let version = 0;
  const stored: { holder: string; atMs: number }[] = [];
  const put = (spec: LeaseSpec): Lease => {
    version += 1;
    lease = { metadata: { name: 'pitcrew', resourceVersion: String(version) }, spec };
    return lease;
  };
  const write = (before: Lease | undefined, spec: LeaseSpec): Lease => {
    if (before !== undefined && lease === undefined) throw answer(404, 'NotFound');
    if (before?.metadata.resourceVersion !== lease?.metadata.resourceVersion) throw answer(409, 'Conflict');
    stored.push({ holder: spec.holderIdentity ?? '', atMs: serverClock.nowMs() });
    return put(spec);
  };
  const connect = (clock: Clock): Connection => {
    const connection: Connection = {
      network: 'good',
      delayMs: 0,
      read: (call) => over('read', call, () => lease),
      write: (before, spec, call) => over('write', call, () => write(before, spec)),
    };
    const over = async <T>(what: 'read' | 'write', { deadlineMs, signal }: LeaseCall, run: () => T): Promise<T> => {
      const { network, delayMs } = connection;
      if (delayMs > 0) await pause(clock, delayMs, signal);
      const result = network === 'silent' ? undefined : run();
      if (network === 'good' || (network === 'mute to writes' && what === 'read')) return result as T;
      await pause(clock, deadlineMs - delayMs, signal);
      throw new ConnectionError(`no answer within ${deadlineMs} ms`, asked);
    };
    return connection;
  };
  return {
    lease: () => lease,
    edit: (spec) => {
      if (spec === undefined) lease = undefined;
      else put(spec);
    },
    stored,
    connect,
  };
}
