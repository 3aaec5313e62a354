import { type ConnectionBudget, connectionBudget, fittingPool } from '../connections.ts';
import type { Fix, Rule, RuleInput } from '../findings.ts';
import { postgresManaged } from '../stack.ts';
import { expectedTooLarge } from './memory-checks.ts';
import { nodeTooSmall } from './node.ts';
import { working } from './trial.ts';

/** Database connections: what the pools may open against what PostgreSQL accepts. */
const MOST_CONNECTIONS = 500; // The upper bound of postgres.maxConnections.

/** A server of others is checked too, once the profile says how many connections it accepts. */
const isCounted = ({ spec }: RuleInput): boolean => postgresManaged(spec) || spec.postgres.maxConnections !== undefined;

const tooMany = (input: RuleInput): boolean => {
  const { peak, usable } = connectionBudget(input.effective);
  return peak > usable;
};

export const CONNECTION_RULES: readonly Rule[] = [
  {
    id: 'INV-05',
    path: 'backend.pool',
    check: (input) => {
      if (!isCounted(input)) return undefined;
      const budget = connectionBudget(input.effective);
      if (budget.peak <= budget.usable) return undefined;
      const fixes = working(input, waysOut(input, budget), tooMany, [expectedTooLarge, nodeTooSmall]);
      return {
        severity: budget.steady > budget.usable ? 'Error' : 'Warning',
        message:
          `${budget.replicas} pod(s) × ${budget.workers} workers × (${budget.poolSize} + ${budget.maxOverflow}) = ` +
          `${budget.steady} database connections, ${budget.peak} during a rolling update; ` +
          `PostgreSQL leaves ${budget.usable} of ${budget.maxConnections} to the application`,
        fixes,
        ...(fixes.length > 0 ? {} : { advice: 'a pooler such as PgBouncer lets many clients share few connections' }),
      };
    },
  },
  {
    id: 'DB-01',
    path: 'backend.pool.maxOverflow',
    check: (input) => {
      const { effective } = input;
      const size = effective.value('backend.pool.size');
      const overflow = effective.value('backend.pool.maxOverflow');
      if (overflow <= size) return undefined;
      const same = size + overflow;
      const even: Fix = { 'backend.pool.size': Math.ceil(same / 2), 'backend.pool.maxOverflow': Math.floor(same / 2) };
      const ways = [...(same <= 200 ? [even] : []), { 'backend.pool.maxOverflow': size }];
      const fixes = working(input, ways, () => false, [expectedTooLarge]);
      return {
        severity: 'Info',
        message: `up to ${overflow} connections of each worker are opened and closed on demand, and only ${size} are kept: each new one costs the database a process and the request a handshake`,
        fixes,
        ...(fixes.length > 0 ? {} : { advice: 'the database needs more memory to keep more of them' }),
      };
    },
  },
];

/** Smaller pools; a larger server; where neither is enough by itself, fewer workers with small pools. */
function waysOut({ spec }: RuleInput, budget: ConnectionBudget): Fix[] {
  const fit = fittingPool(budget);
  const shrink: Fix = { 'backend.pool.size': fit.size, 'backend.pool.maxOverflow': fit.maxOverflow };
  const grow: Fix = { 'postgres.maxConnections': Math.max(10, budget.neededMaxConnections) };
  const canGrow = postgresManaged(spec) && budget.neededMaxConnections <= MOST_CONNECTIONS;
  const smallest: Fix = {
    'backend.replicas': 1,
    'backend.workers': Math.min(budget.workers, Math.max(1, Math.floor(budget.usable / 2))),
    'backend.pool.size': 1,
    'backend.pool.maxOverflow': 0,
  };
  const fitsAtAll = budget.usable >= 2 * budget.replicas * budget.workers;
  if (fitsAtAll || canGrow) return [...(fitsAtAll ? [shrink] : []), ...(canGrow ? [grow] : [])];
  const larger: Fix = {
    ...smallest,
    'postgres.maxConnections': Math.max(100, budget.maxConnections),
    'postgres.reservedConnections': 0,
  };
  return [smallest, ...(postgresManaged(spec) ? [larger] : [])];
}
