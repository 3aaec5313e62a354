import { GROUP } from './group.ts';

/**
 * What may be asked for by an annotation of the profile. The spec may belong to Git, where a hand on the cluster is
 * drift; an annotation that Git does not know is none.
 */

export const SUSPEND = `${GROUP}/suspend`;
export const REQUESTED_AT = `${GROUP}/requestedAt`;
export const ADOPT_RENDERING = `${GROUP}/adopt-rendering`;

/** A request of more letters than this is known by its first ones. */
export const MAX_REQUEST = 256;

/** For the reference. */
export const ANNOTATIONS: ReadonlyArray<{ readonly name: string; readonly value: string; readonly meaning: string }> = [
  {
    name: SUSPEND,
    value: '`true`; anything else is as if it were not there',
    meaning: 'Suspends as `spec.suspend` does; one of the two suffices, and the conditions say which it is.',
  },
  {
    name: REQUESTED_AT,
    value: `any text, usually the time; its first ${MAX_REQUEST} letters count`,
    meaning:
      'Has everything looked at anew: what the processes have loaded, what the stack needs of others, what else runs in the cluster. Then `status.lastHandledRequest` is that text.',
  },
  {
    name: ADOPT_RENDERING,
    value: 'the version in `status.rendering.available`; any other does nothing',
    meaning: 'Takes over how a newer operator renders the profile, without an edit.',
  },
];
