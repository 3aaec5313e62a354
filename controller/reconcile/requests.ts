import { MAX_REQUEST, REQUESTED_AT, SUSPEND } from '../../crds/annotations.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import type { KubeObject } from '../cluster/port.ts';

/** What is asked for by annotation, without an edit of the spec. */

/**
 * The request to look at everything anew that has no answer yet; undefined: there is none. The pass that finds one
 * believes nothing that it could ask for, and its status names the request as handled. Pure.
 */
export function pendingRequest({ metadata }: KubeObject, { lastHandledRequest }: Status): string | undefined {
  // As the API server would store it: half a letter at the end would never compare equal.
  const asked = metadata.annotations?.[REQUESTED_AT]?.slice(0, MAX_REQUEST).toWellFormed();
  return asked === lastHandledRequest ? undefined : asked;
}

/** What suspends the profile, in words; undefined: nothing does. Pure. */
export function suspendedBy({ metadata, spec }: Profile): string | undefined {
  const by = [
    ...(spec.suspend === true ? ['spec.suspend'] : []),
    ...(metadata.annotations?.[SUSPEND] === 'true' ? [`annotation ${SUSPEND}`] : []),
  ];
  return by.length === 0 ? undefined : by.join(' and ');
}
