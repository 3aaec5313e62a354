import { MANAGED_BY, OPERATOR_NAME, PROFILE_LABEL } from '../../charts/kit/labels.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import { canonicalJson } from '../cluster/ownership.ts';
import { type Owner, ownerReferenceOf } from './desired.ts';
import { type Child, isOwnedBy, type RevisionState, refOf } from './digest.ts';
import { packed, type RenderingRecord } from './rendering.ts';

/** Revisions: `apps/v1` ControllerRevisions owned by the profile (D16), named by the hash of all that is run. */

/** A ControllerRevision as it is sent. */
export interface RevisionObject {
  readonly apiVersion: 'apps/v1';
  readonly kind: 'ControllerRevision';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly ReturnType<typeof ownerReferenceOf>[];
  };
  /** The spec as JSON in a string; the rendering, packed; who rendered it first. */
  readonly data: { readonly renderVersion: string; readonly rendering: string; readonly spec: string };
  readonly revision: number;
}

type Held = Child & { readonly state: RevisionState };

/** What to do so that the newest revision is the wanted one. */
export interface RevisionPlan {
  readonly number: number;
  readonly step:
    | { readonly kind: 'keep' }
    | { readonly kind: 'create'; readonly object: RevisionObject }
    /** Left by an orphaning deletion, with the content that is wanted: it needs an owner and a number only. */
    | { readonly kind: 'adopt'; readonly child: Child; readonly object: RevisionObject }
    /** Wanted before and wanted again: its content is immutable, its number is not. */
    | { readonly kind: 'renumber'; readonly child: Child };
  /** Oldest ones beyond those that are kept. */
  readonly outdated: readonly Child[];
  /** Left by an orphaning deletion: history of nobody, and in the way of names. */
  readonly orphans: readonly Child[];
}

/** How many are kept. */
export const REVISIONS_KEPT = 10;

/** What a revision is made of. */
export interface RevisionInput {
  readonly profile: Profile;
  readonly owner: Owner;
  readonly record: RenderingRecord;
  readonly renderVersion: string;
  /** Number in the status: numbers never go back, not even when all objects were deleted. */
  readonly recorded: number;
}

/** Equal renderings are one revision. */
export const revisionName = (owner: Owner, digest: string): string => `${owner.name}-${digest.slice(0, 8)}`;

const isHeld = (child: Child): child is Held => child.state?.type === 'revision';

/** Pure. */
export function planRevision(input: RevisionInput, children: ReadonlyMap<string, Child>): RevisionPlan {
  const { owner } = input;
  const all = [...children.values()].filter(isHeld).filter((child) => !child.deleting);
  const held = all.filter((child) => isOwnedBy(child, owner.uid));
  const name = revisionName(owner, input.record.digest);
  const left = all.filter((child) => child.managed && child.owner === undefined && child.profile === owner.name);
  const orphans = left.filter((child) => child.name !== name);
  const newest = Math.max(0, ...held.map((child) => child.state.number));
  const wanted = held.find((child) => child.ref === refOf('ControllerRevision', name));
  const next = Math.max(newest, input.recorded) + 1;
  if (wanted !== undefined && wanted.state.number === newest) {
    return { number: newest, step: { kind: 'keep' }, outdated: outdatedOf(held, REVISIONS_KEPT), orphans };
  }
  if (wanted !== undefined) return { number: next, step: { kind: 'renumber', child: wanted }, outdated: [], orphans };
  const object = revisionObject(input, name, next);
  const adopted = left.find((child) => child.name === name);
  const step = adopted === undefined ? ({ kind: 'create', object } as const) : adopt(adopted, object);
  return { number: next, step, outdated: outdatedOf(held, REVISIONS_KEPT - 1), orphans };
}

const adopt = (child: Child, object: RevisionObject) => ({ kind: 'adopt', child, object }) as const;

/** This very profile controls it, or nobody does and it names us; a label that is gone is put back. Pure. */
export const isAdoptable = (child: Child, owner: Owner): boolean =>
  !child.deleting && (isOwnedBy(child, owner.uid) || (child.owner === undefined && child.profile === owner.name));

function outdatedOf(held: readonly Held[], kept: number): Child[] {
  return [...held].sort((a, b) => b.state.number - a.state.number).slice(kept);
}

function revisionObject(input: RevisionInput, name: string, revision: number): RevisionObject {
  const { owner, profile, record, renderVersion } = input;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name,
      namespace: owner.namespace,
      labels: { [MANAGED_BY]: OPERATOR_NAME, [PROFILE_LABEL]: owner.name, 'app.kubernetes.io/part-of': owner.name },
      ownerReferences: [ownerReferenceOf(owner)],
    },
    data: { renderVersion, rendering: packed(record.text), spec: plainJson(profile.spec) },
    revision,
  };
}

/**
 * The API server holds the bytes of `data` against those that a patch of anything else in the object makes of it, and
 * calls it changed when only the order of its keys is another, or when it has written `<` as `\u003c`, as Go does.
 * Then nobody could label, orphan or adopt a revision. So it is a string, with sorted keys, without those characters.
 */
const plainJson = (data: unknown): string =>
  canonicalJson(data).replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
