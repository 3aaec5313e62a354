import type { Failure } from '../cluster/classify.ts';
import type { Why } from './plan.ts';

/** How one write of a pass ended. */
export interface Result {
  /** `Kind/name`. */
  readonly ref: string;
  readonly outcome: 'applied' | 'created' | 'removed' | 'touched' | 'clash' | 'failed';
  /** For `applied`: why it was sent. */
  readonly why?: Why | undefined;
  /** For `clash` and `failed`: for people; never holds a secret. */
  readonly message: string;
  readonly failure?: Failure | undefined;
}
