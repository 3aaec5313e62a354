import { MANAGED_BY, OPERATOR_NAME, PROFILE_LABEL } from '../../charts/kit/labels.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import { keyOf } from '../../controller/cluster/store.ts';
import { LEASE_NAME } from '../../controller/leader/lease.ts';
import { KIND } from '../../crds/group.ts';
import { OPERATOR_NAMESPACE } from './replica.ts';
import { type Address, addressOf } from './server/address.ts';
import type { SimServer } from './server/api-server.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What the server saw of the operator, and what of it must not be. */
export interface Audit {
  readonly left: (process: number, method: string, path: string) => void;
  readonly write: (process: number, method: string, path: string, body: string) => void;
  /** A write was let through, whether or not it changed anything. */
  readonly done: (path: string) => void;
  readonly note: (what: string) => void;
  readonly violations: string[];
  /** All writes but those of the Lease. */
  readonly writes: () => number;
  readonly lastWriteMs: () => number;
  readonly requests: () => number;
  readonly takenBack: (object: KubeObject) => void;
  readonly collected: () => number;
  /** Most requests of one process in a second, and in a minute. */
  readonly peaks: () => { readonly second: number; readonly minute: number };
  /** What happened, for people. */
  readonly story: readonly string[];
}

/** O5. A start asks for a hundred rights and fills a dozen caches; a new stack has about forty calls. */
export const MOST_IN_A_SECOND = 400;
export const MOST_IN_A_MINUTE = 2_000;

/** An audit without entries; `tells` keeps the story, which costs memory. */
export function createAudit(server: SimServer, time: VirtualTime, tells: boolean): Audit {
  const [seconds, minutes] = [peakOver(1_000), peakOver(60_000)];
  const story: string[] = [];
  const violations: string[] = [];
  let statusOf = '';
  let [writes, requests, lastWriteMs, collected] = [0, 0, 0, 0];

  const note = (what: string) => {
    if (tells) story.push(`${(time.nowMs() / 1000).toFixed(3)} ${what}`);
  };
  const violation = (rule: string, what: string) => {
    note(`${rule} ${what}`);
    violations.push(`${rule} at ${(time.nowMs() / 1000).toFixed(3)} s: ${what}`);
  };
  return {
    done: (path) => {
      if (path.includes('/leases/')) return;
      if (path.includes('/performanceprofiles/') && !isOfLiving(server, statusOf)) {
        violation('O3', `${path}: the status of one profile is written to its successor`);
      }
      writes += 1;
      lastWriteMs = time.nowMs();
    },
    violations,
    story,
    note,
    writes: () => writes,
    requests: () => requests,
    collected: () => collected,
    takenBack: ({ kind, metadata }) => {
      collected += 1;
      note(`${kind}/${metadata.name} was to be kept, was taken back and is collected`);
    },
    lastWriteMs: () => lastWriteMs,
    peaks: () => ({ second: seconds.most(), minute: minutes.most() }),
    left: (process) => {
      requests += 1;
      const nowMs = time.nowMs();
      if (seconds.add(process, nowMs) === MOST_IN_A_SECOND + 1)
        violation('O5', `${MOST_IN_A_SECOND} requests in a second`);
      if (minutes.add(process, nowMs) === MOST_IN_A_MINUTE + 1)
        violation('O5', `${MOST_IN_A_MINUTE} requests in a minute`);
    },
    write: (process, method, path, body) => {
      const at = addressOf(new URL(path, 'http://server').pathname);
      if (at === undefined || at.kind === 'Lease') return;
      note(`pitcrew-${process} ${method} ${path.replace(/\?.*/, '')}`);
      const holder = holderOf(server);
      const isAnothers = holder?.startsWith('pitcrew-') === true && holder !== `pitcrew-${process}`;
      if (isAnothers) violation('O6', `pitcrew-${process} writes ${path} while ${holder} leads`);
      if (!makesOnly(body) && !isOurs(server, at))
        violation('O3', `${method} ${path}: what is there is somebody else's`);
      if (at.kind === KIND) statusOf = body;
      const isData = at.kind === 'Secret' || at.kind === 'PersistentVolumeClaim';
      if (method === 'DELETE' && isData) violation('O3', `${path} holds data and is deleted`);
    },
  };
}

function holderOf({ storage }: SimServer): string | undefined {
  const lease = storage.get('Lease', keyOf({ namespace: OPERATOR_NAMESPACE, name: LEASE_NAME }));
  return (lease?.object.spec as { holderIdentity?: string } | undefined)?.holderIdentity;
}

/** Whether what was sent for a profile was meant for the one that has the name. */
function isOfLiving({ storage }: SimServer, body: string): boolean {
  const { metadata } = JSON.parse(body) as KubeObject;
  return storage.get(KIND, keyOf(metadata))?.object.metadata.uid === metadata.uid;
}

/** Names a version that nothing has: the server does not let it near what is there. */
const makesOnly = (body: string): boolean => body.includes('"resourceVersion":"1"');

/** Absent, a profile, or something that carries our mark or is owned by a profile. */
function isOurs({ storage }: SimServer, { kind, namespace, name }: Address): boolean {
  if (name === undefined || kind === 'Event' || kind === KIND) return true;
  const found = storage.get(kind, keyOf({ namespace, name }))?.object;
  return found === undefined || isMarked(found);
}

export const isMarked = ({ metadata: { labels = {}, ownerReferences = [] } }: KubeObject): boolean =>
  labels[MANAGED_BY] === OPERATOR_NAME ||
  labels[PROFILE_LABEL] !== undefined ||
  ownerReferences.some(({ kind }) => kind === KIND);

/** Counts by windows that follow one another. */
function peakOver(windowMs: number) {
  const counts = new Map<number, { window: number; count: number }>();
  let most = 0;
  return {
    most: () => most,
    add: (process: number, nowMs: number): number => {
      const window = Math.floor(nowMs / windowMs);
      const held = counts.get(process);
      const count = held?.window === window ? held.count + 1 : 1;
      counts.set(process, { window, count });
      most = Math.max(most, count);
      return count;
    },
  };
}
