import type { Requirement } from '../../charts/requirement.ts';
import type { Status } from '../../crds/status.ts';
import type { ObservedFacts } from '../cluster/facts/observed-facts.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { Proof } from '../probe/proof.ts';
import type { Child } from './digest.ts';
import type { PodDigest } from './pod-digest.ts';
import type { UrlParts } from './url-parts.ts';

/** A Warning event about one of the profile's objects. */
export interface Warning {
  /** `Kind/name`. */
  readonly about: string;
  readonly reason: string;
  readonly note: string;
  readonly at: string;
}

/** All that was read for one pass, at one time. Nothing of it holds a secret. */
export interface Observed {
  readonly profile: KubeObject;
  /** The profile's status as last written, by the watch or by our own memory, whichever is newer. */
  readonly status: Status;
  /** A request that has no answer yet: nothing here was believed that could be asked for. */
  readonly request: string | undefined;
  /** By `Kind/name`: what carries the profile's label or is controlled by a profile of its name. */
  readonly children: ReadonlyMap<string, Child>;
  readonly pods: readonly PodDigest[];
  /** Proofs by `processKey` of the pod. */
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly warnings: readonly Warning[];
  readonly facts: ObservedFacts;
  readonly now: Date;
}

/** Something that other people must provide and that is not there. */
export interface Missing {
  readonly requirement: Requirement;
  /** Keys that are missing; undefined: the object itself is. */
  readonly keys: readonly string[] | undefined;
}

/** A certificate and its key that are there and will not do. */
export interface Unusable {
  readonly requirement: Requirement;
  readonly problem: string;
}

/** A certificate whose end is near. */
export interface Expiring {
  readonly requirement: Requirement;
  readonly expiresAt: string;
}

/** What the synthesis asks of the namespace, as found. */
export interface Needs {
  readonly missing: readonly Missing[];
  readonly unusable: readonly Unusable[];
  readonly expiring: readonly Expiring[];
  /** What a URL is put together from and cannot hold. */
  readonly brokenUrl: UrlParts | undefined;
  /** Names of the database's Secrets that do not exist yet. */
  readonly absentSecrets: readonly string[];
  /** Which version of the application's Secret is there: its uid and resourceVersion, nothing of its content. */
  readonly credentials: string | undefined;
}

/** A stack that needs nothing of others. */
export const NO_NEEDS: Needs = {
  missing: [],
  unusable: [],
  expiring: [],
  brokenUrl: undefined,
  absentSecrets: [],
  credentials: undefined,
};
