import type { Derivations } from '../effective.ts';
import { clamp } from './arithmetic.ts';

/** The ladder of timeouts below requestDeadlineSeconds (BE-03, INV-07): whoever waits for another has more time than the other. */

/** gunicorn's own heartbeat, unless a statement may block a worker for longer. */
export const HEARTBEAT_SECONDS = 60;
export const HEARTBEAT_MARGIN_SECONDS = 10;

/** Two thirds of the deadline for the statement, and always a second less than the deadline leaves. */
export const statementSeconds = (deadline: number, pool: number): number =>
  clamp(Math.min(Math.floor((2 * deadline) / 3), deadline - pool - 1), 1, 600);

/** A ninth of the deadline to wait for a connection. */
export const poolSeconds = (deadline: number, statement = 0): number =>
  clamp(Math.min(Math.floor(deadline / 9), deadline - statement - 1), 1, 30);

export const TIMEOUT_DERIVATIONS: Derivations = {
  'backend.pool.timeoutSeconds': {
    rule: 'INV-07',
    formula: 'requestDeadlineSeconds / 9, from 1 to 30, and less than what postgres.statementTimeoutSeconds leaves',
    derive: (read) => poolSeconds(read.value('requestDeadlineSeconds'), read.given('postgres.statementTimeoutSeconds')),
  },
  'postgres.statementTimeoutSeconds': {
    rule: 'INV-07',
    formula: 'min(requestDeadlineSeconds × 2 / 3, requestDeadlineSeconds − backend.pool.timeoutSeconds − 1)',
    derive: (read) => statementSeconds(read.value('requestDeadlineSeconds'), read.value('backend.pool.timeoutSeconds')),
  },
  'backend.gracefulTimeoutSeconds': {
    rule: 'INV-08',
    formula: 'requestDeadlineSeconds: what nginx still waits for is not cut off when a pod stops',
    derive: (read) => read.value('requestDeadlineSeconds'),
  },
  'backend.timeoutSeconds': {
    rule: 'INV-07',
    formula: 'max(60, postgres.statementTimeoutSeconds + 10)',
    derive: (read) =>
      clamp(read.value('postgres.statementTimeoutSeconds') + HEARTBEAT_MARGIN_SECONDS, HEARTBEAT_SECONDS, 600),
  },
};
