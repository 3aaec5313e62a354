import type { Status } from '../../crds/status.ts';
import type { PairDigest } from './certificate.ts';
import type { Fight } from './contention.ts';
import type { Child } from './digest.ts';
import type { Warning } from './observed.ts';
import type { Rejection } from './rejected.ts';

/** What was sent for one object and what the server then said of our ownership. */
export interface AppliedRecord {
  readonly desired: string;
  readonly owned: string;
}

/** An object as one of our own writes returned it: newer than the watch for a moment. */
export interface OwnWrite {
  readonly child: Child;
  readonly atMs: number;
}

/** A refresh that was asked of the kubelet by touching a pod. */
export interface Nudge {
  readonly hash: string;
  readonly atMs: number;
  readonly times: number;
}

/** What was seen of a requirement or a Secret, and until when that is believed. Never a value. */
export interface Found {
  readonly untilMs: number;
  readonly pair?: PairDigest | undefined;
  /** uid and resourceVersion. */
  readonly version?: string | undefined;
}

/** What is remembered of one profile between passes. Losing it costs requests, never correctness. */
export interface ProfileMemory {
  readonly uid: string;
  readonly applied: Map<string, AppliedRecord>;
  readonly ownWrites: Map<string, OwnWrite>;
  readonly nudges: Map<string, Nudge>;
  /** Requirements and Secrets that were found. */
  readonly found: Map<string, Found>;
  /** What the API server would not have, by `Kind/name`. */
  readonly rejected: Map<string, Rejection>;
  /** What others undo, by `Kind/name`. */
  readonly fights: Map<string, Fight>;
  /** Whether the last pass found something contended: then events of its objects can wait a moment. */
  contended: boolean;
  /** The status as last written, and the version of the profile that this made. */
  written: { readonly status: Status; readonly resourceVersion: string } | undefined;
  warnings: { readonly held: readonly Warning[]; readonly readAtMs: number };
  /** Version of the profile, as the watch has told it, of which the server says that it is the newest no more. */
  superseded: string | undefined;
}

/** Memory of all profiles by key. */
export interface Memory {
  /** What is remembered of this very profile; a new one of the same name starts with what its status records. */
  readonly of: (key: string, uid: string, status: Status | undefined) => ProfileMemory;
  readonly peek: (key: string) => ProfileMemory | undefined;
  readonly forget: (key: string) => void;
}

/** An empty memory. */
export function createMemory(): Memory {
  const profiles = new Map<string, ProfileMemory>();
  return {
    of: (key, uid, status) => {
      const held = profiles.get(key);
      if (held?.uid === uid) return held;
      const fresh = remembered(uid, status);
      profiles.set(key, fresh);
      return fresh;
    },
    peek: (key) => profiles.get(key),
    forget: (key) => {
      profiles.delete(key);
    },
  };
}

const NEVER_READ: ProfileMemory['warnings'] = { held: [], readAtMs: Number.NEGATIVE_INFINITY };

function remembered(uid: string, status: Status | undefined): ProfileMemory {
  const records = (status?.applied ?? []).map(({ object, desired, owned }) => [object, { desired, owned }] as const);
  return {
    uid,
    applied: new Map(records),
    ownWrites: new Map(),
    nudges: new Map(),
    found: new Map(),
    rejected: new Map(),
    fights: new Map(),
    contended: false,
    written: undefined,
    warnings: NEVER_READ,
    superseded: undefined,
  };
}

/** Forgets what was seen of others, what they would not have and what they undo: all of that can be tried again. */
export function doubt(memory: ProfileMemory): void {
  memory.found.clear();
  memory.rejected.clear();
  memory.fights.clear();
  memory.warnings = NEVER_READ;
}

/** How long an own write is believed against a watch that has not told of it. */
const OWN_WRITE_MS = 10_000;

/** The newer of what the watch told and what our own writes returned. Forgets what the watch has caught up with. */
export function withOwnWrites(
  told: ReadonlyMap<string, Child>,
  memory: ProfileMemory,
  nowMs: number,
): Map<string, Child> {
  const merged = new Map(told);
  for (const [ref, { child, atMs }] of memory.ownWrites) {
    const caughtUp = !isOlder(told.get(ref)?.resourceVersion, child.resourceVersion);
    if (caughtUp || nowMs - atMs > OWN_WRITE_MS) memory.ownWrites.delete(ref);
    else merged.set(ref, child);
  }
  return merged;
}

/** Whether one resourceVersion comes before another. They are numbers since 1.35 by contract, and before by practice. */
export function isOlder(version: string | undefined, than: string): boolean {
  if (version === undefined) return true;
  return version.length === than.length ? version < than : version.length < than.length;
}
