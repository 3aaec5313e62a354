import type { Failure } from '../cluster/classify.ts';
import type { Why } from './plan.ts';

/** How one write of a pass ended. */
export interface Result {
  /** `Kind/name`. */
  readonly ref: string;
  readonly outcome: 'applied' | 'created' | 'removed' | 'touched' | 'contended' | 'clash' | 'failed';
  /** For `applied`: why it was sent. */
  readonly why?: Why | undefined;
  /** For `contended`, `clash` and `failed`: for people; never holds a secret. */
  readonly message: string;
  readonly failure?: Failure | undefined;
  /** For a failure of before that is told again and was not tried: until it is, in milliseconds. */
  readonly standsForMs?: number | undefined;
}
