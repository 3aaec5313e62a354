/**
 * How soon a failed key comes again, unless an event comes first.
 * `immediate`: the state moved under us, read again (still backs off when it happens over and over);
 * `backoff`: something is down; `slow`: somebody has to change something first.
 */
export type Pace = 'immediate' | 'backoff' | 'slow';

/** What the loop has to know of a failure; richer failures fit as they are. */
export interface PassFailure {
  readonly pace: Pace;
  /** For people; never holds a secret. */
  readonly message: string;
  /** Not sooner than this: the server asked for it. */
  readonly retryAfterMs?: number | undefined;
}

/** How a pass ended. The loop alone turns it into a retry. */
export type Outcome =
  /** Nothing left to do; come again after `resyncAfterMs`, if given, at low priority. */
  | { readonly kind: 'settled'; readonly resyncAfterMs?: number | undefined }
  /** Nothing wrong, but not there yet: come again after `afterMs`. Not a failure, so no backoff. */
  | { readonly kind: 'waiting'; readonly afterMs: number; readonly reason: string }
  /** Cannot work as it is written: no retry until a new event. */
  | { readonly kind: 'invalid' }
  | { readonly kind: 'failed'; readonly failure: PassFailure };
