import {
  CONFIG_HASH,
  MANAGED_BY,
  OPERATOR_NAME,
  PROFILE_LABEL,
  ROLE_LABEL,
  TIER_LABEL,
} from '../../charts/kit/labels.ts';
import { GROUP, KIND } from '../../crds/group.ts';
import { ownershipHash } from '../cluster/ownership.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { Kind } from '../cluster/resources.ts';
import { claimSizeOf } from './claim-template.ts';

/** Annotation of every object that we apply: hash of what was sent. */
export const DESIRED_HASH = `${GROUP}/desired-hash`;

/** How far a Deployment or a StatefulSet is. */
export interface WorkloadState {
  readonly type: 'workload';
  readonly wanted: number;
  readonly observedGeneration: number;
  /** Pods of any revision, the updated ones among them, the ready ones, the ones ready for long enough. */
  readonly total: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
  /** Why no pods can be made: quota, Pod Security, a missing ServiceAccount. */
  readonly refusal: string | undefined;
  /** What the claim template of a StatefulSet asks for. */
  readonly claimSize?: string | undefined;
}

/** How far a Job is. */
export interface JobState {
  readonly type: 'job';
  readonly active: number;
  readonly outcome: 'open' | 'complete' | 'failed';
  /** Reason and message of its Failed condition. */
  readonly failure: string | undefined;
}

/** A volume claim. */
export interface ClaimState {
  readonly type: 'claim';
  readonly phase: string;
}

/** A ControllerRevision. */
export interface RevisionState {
  readonly type: 'revision';
  readonly number: number;
}

export type ChildState = WorkloadState | JobState | ClaimState | RevisionState;

/** What is kept of an object that belongs to a profile. Small, and nothing that changes without a meaning for us. */
export interface Child {
  /** `Kind/name`. */
  readonly ref: string;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly deleting: boolean;
  /** Whether it carries our managed-by label. */
  readonly managed: boolean;
  readonly profile: string | undefined;
  readonly tier: string | undefined;
  readonly role: string | undefined;
  /** The object's controller. */
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
  readonly desiredHash: string | undefined;
  /** Hash of the set of fields that we own. */
  readonly ownedHash: string | undefined;
  readonly configHash: string | undefined;
  readonly state: ChildState | undefined;
}

/** `Kind/name`, by which objects of one namespace are told apart. */
export const refOf = (kind: string, name: string): string => `${kind}/${name}`;

/** Pure: keeps nothing of the object alive but a few strings. */
export function childOf(object: KubeObject): Child {
  const { metadata } = object;
  const labels = metadata.labels ?? {};
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  return {
    ref: refOf(object.kind, metadata.name),
    kind: object.kind as Kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation ?? 0,
    createdAt: metadata.creationTimestamp ?? '',
    deleting: metadata.deletionTimestamp !== undefined,
    managed: labels[MANAGED_BY] === OPERATOR_NAME,
    profile: labels[PROFILE_LABEL],
    tier: labels[TIER_LABEL],
    role: labels[ROLE_LABEL],
    owner: owner === undefined ? undefined : { kind: owner.kind, name: owner.name, uid: owner.uid },
    desiredHash: metadata.annotations?.[DESIRED_HASH],
    ownedHash: ownershipHash(object),
    configHash: metadata.annotations?.[CONFIG_HASH],
    state: stateOf(object),
  };
}

/** Whether two digests of one object say the same; its version alone says nothing. */
export const saysTheSame = <T extends object>(a: T, b: T): boolean =>
  JSON.stringify({ ...a, resourceVersion: '' }) === JSON.stringify({ ...b, resourceVersion: '' });

/** Whether the child is controlled by the profile of this uid. */
export const isOwnedBy = (child: Child, profileUid: string): boolean =>
  child.owner?.kind === KIND && child.owner.uid === profileUid;

interface ConditionLike {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface Loose {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly active?: number;
    readonly phase?: string;
    readonly conditions?: readonly ConditionLike[];
  };
  readonly revision?: number;
}

function stateOf(object: KubeObject): ChildState | undefined {
  const loose = object as unknown as Loose;
  switch (object.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return workloadState(loose, object.kind);
    case 'Job':
      return jobState(loose);
    case 'PersistentVolumeClaim':
      return { type: 'claim', phase: loose.status?.phase ?? 'Pending' };
    case 'ControllerRevision':
      return { type: 'revision', number: loose.revision ?? 0 };
    default:
      return undefined;
  }
}

function workloadState(loose: Loose, kind: string): WorkloadState {
  const { status = {} } = loose;
  const replicas = status.replicas ?? 0;
  // A StatefulSet at rest counts no updated pods in some versions: its two revisions say it.
  const settled = kind === 'StatefulSet' && status.updateRevision !== undefined;
  const updated =
    settled && status.updateRevision === status.currentRevision ? replicas : (status.updatedReplicas ?? 0);
  return {
    type: 'workload',
    wanted: loose.spec?.replicas ?? 1,
    observedGeneration: status.observedGeneration ?? 0,
    total: replicas,
    updated,
    ready: status.readyReplicas ?? 0,
    available: status.availableReplicas ?? 0,
    refusal: trueCondition(status.conditions, 'ReplicaFailure')?.message,
    ...(kind === 'StatefulSet' ? { claimSize: claimSizeOf(loose) } : {}),
  };
}

function jobState(loose: Loose): JobState {
  const { status = {} } = loose;
  const failed = trueCondition(status.conditions, 'Failed');
  const complete = trueCondition(status.conditions, 'Complete') !== undefined;
  return {
    type: 'job',
    active: status.active ?? 0,
    outcome: failed !== undefined ? 'failed' : complete ? 'complete' : 'open',
    failure: failed === undefined ? undefined : [failed.reason, failed.message].filter(Boolean).join(': '),
  };
}

const trueCondition = (conditions: readonly ConditionLike[] | undefined, type: string): ConditionLike | undefined =>
  conditions?.find((condition) => condition.type === type && condition.status === 'True');
