import type { PassFailure } from '../loop/outcome.ts';
import { ApiError, ConnectionError, type StatusCause, WriteRefused } from './errors.ts';

/** One field that the server complains about, in its words. */
export interface FieldCause {
  /** Path in the object, as the server writes it. */
  readonly field: string;
  readonly message: string;
  /** Who else holds the field; only on `FieldConflict`. */
  readonly manager?: string | undefined;
}

/** Why a call failed, in the words that the rest of the code decides by. */
export type FailureKind =
  /** There is no such object. */
  | 'Gone'
  /** The object is not the one, or not the version, that we had in mind: read again. */
  | 'Stale'
  /** Another manager holds fields that we wanted. */
  | 'FieldConflict'
  /** The server understood and will not have it: somebody has to change something. */
  | 'Rejected'
  /** The namespace is being deleted: nothing can be made in it any more. */
  | 'Terminating'
  /** No answer, or not now. */
  | 'Unavailable'
  /** Everything else: ours to mend. */
  | 'Bug';

/** A failure, ready for the loop (`pace`, `retryAfterMs`) and for the status (`message`, `causes`). */
export interface Failure extends PassFailure {
  readonly kind: FailureKind;
  readonly causes: readonly FieldCause[];
  /** What was thrown; for the log only. */
  readonly cause: unknown;
}

const PACE: Record<FailureKind, PassFailure['pace']> = {
  Gone: 'immediate',
  Stale: 'immediate',
  FieldConflict: 'slow',
  Rejected: 'slow',
  Terminating: 'slow',
  Unavailable: 'backoff',
  Bug: 'backoff',
};

/** What a thrown error means. Pure and total: anything at all can be given. */
export function classify(error: unknown): Failure {
  if (error instanceof ApiError) return classifyAnswer(error);
  if (error instanceof ConnectionError || error instanceof WriteRefused)
    return failure('Unavailable', error.message, error);
  if (isCutOff(error)) return failure('Unavailable', (error as Error).message, error);
  return failure('Bug', 'internal error', error);
}

/** Shorthand for the most frequent question. */
export const isGone = (error: unknown): boolean => classify(error).kind === 'Gone';

/** The server knows who we are, and we have no right to this. */
export const isForbidden = (error: unknown): boolean => error instanceof ApiError && error.status === 403;

function classifyAnswer(error: ApiError): Failure {
  const kind = kindOf(error);
  const causes = error.body.details?.causes?.map(causeOf) ?? causesInWords(error);
  // The server quotes rejected values, and a Secret's values are nobody's business.
  if (/\/secrets(\/|$)/.test(error.asked.path) && kind !== 'Gone') {
    const fields = causes.map(({ field, manager }) => ({ field, message: 'not shown for a Secret', manager }));
    return { ...failure(kind, `the server refused a Secret (${error.status})`, error), causes: fields };
  }
  const { retryAfterMs } = error;
  return {
    ...failure(kind, shortened(error.message), error),
    causes,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

function kindOf(error: ApiError): FailureKind {
  switch (error.status) {
    case 404:
      return isAbsentObject(error) ? 'Gone' : 'Rejected';
    case 409:
      return isFieldConflict(error) ? 'FieldConflict' : 'Stale';
    case 410:
      return 'Stale';
    // Our credentials are re-read before anybody gets to see a 401: it passes when the new ones arrive.
    case 401:
    case 408:
    case 429:
      return 'Unavailable';
    case 403:
      return isTerminating(error) ? 'Terminating' : 'Rejected';
    case 400:
    case 413:
      return 'Rejected';
    case 422:
      return isAnotherObject(error) ? 'Stale' : 'Rejected';
    case 500:
      return isUnfit(error) ? 'Rejected' : 'Unavailable';
    default:
      return error.status >= 500 ? 'Unavailable' : 'Bug';
  }
}

const isTerminating = (error: ApiError): boolean =>
  error.body.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true;

/** A patch with the uid of an object that has been replaced by a namesake. */
const isAnotherObject = (error: ApiError): boolean =>
  error.body.details?.causes?.some((cause) => cause.field === 'metadata.uid') === true;

const UNFIT = /^failed to (?:create typed patch object|convert new object) \(/;

/**
 * Server-side apply answers an object that does not fit its schema with 500 and no reason (kubernetes issue 139253):
 * only the words tell it from a broken server. Trying it again would never help.
 */
const isUnfit = (error: ApiError): boolean => UNFIT.test(error.message);

/** The field, where the server tells it in its message only. */
function causesInWords(error: ApiError): FieldCause[] {
  const [, field, message] = /\): (\.[^:\s]+): (.+)$/s.exec(UNFIT.test(error.message) ? error.message : '') ?? [];
  return field === undefined || message === undefined ? [] : [{ field, message: shortened(message) }];
}

const LONGEST = 1_000;

/** The server quotes whole objects now and then; what is wrong stands at the ends. */
const shortened = (message: string): string =>
  message.length <= LONGEST ? message : `${message.slice(0, LONGEST / 2)} … ${message.slice(-LONGEST / 2)}`;

/** A 404 without a name means that the server does not know the kind; one that names the namespace means there is no place. */
function isAbsentObject(error: ApiError): boolean {
  const { details } = error.body;
  if (details?.name === undefined || details.name === '') return false;
  return details.kind !== 'namespaces' || /\/namespaces\/[^/]+$/.test(error.asked.path);
}

const isFieldConflict = (error: ApiError): boolean =>
  error.body.details?.causes?.some((cause) => cause.reason === 'FieldManagerConflict') === true;

function causeOf(cause: StatusCause): FieldCause {
  const message = shortened(cause.message ?? '');
  const manager = /^conflict with "([^"]*)"/.exec(message)?.[1];
  return { field: cause.field ?? '', message, ...(manager === undefined ? {} : { manager }) };
}

const isCutOff = (error: unknown): boolean =>
  error instanceof Error && ['AbortError', 'TimeoutError', 'PassCutOff'].includes(error.name);

const failure = (kind: FailureKind, message: string, cause: unknown): Failure => ({
  kind,
  pace: PACE[kind],
  message,
  causes: [],
  cause,
});
