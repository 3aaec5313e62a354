import { connectionBudget, fittingPool } from '../connections.ts';
import type { Fix, Rule } from '../findings.ts';
import { postgresManaged } from '../stack.ts';

/** Database connections: what the pools may open against what PostgreSQL accepts. */
const MOST_CONNECTIONS = 500; // The upper bound of postgres.maxConnections.

export const CONNECTION_RULES: readonly Rule[] = [
  {
    id: 'INV-05',
    path: 'backend.pool',
    check: ({ spec, effective }) => {
      if (!postgresManaged(spec)) return undefined;
      const budget = connectionBudget(effective);
      if (budget.peak <= budget.usable) return undefined;
      const fit = fittingPool(effective);
      const shrink: Fix = { 'backend.pool.size': fit.size, 'backend.pool.maxOverflow': fit.maxOverflow };
      const grow: Fix = { 'postgres.maxConnections': budget.neededMaxConnections };
      return {
        severity: budget.steady > budget.usable ? 'Error' : 'Warning',
        message:
          `${budget.replicas} pod(s) × ${budget.workers} workers × (${budget.poolSize} + ${budget.maxOverflow}) = ` +
          `${budget.steady} database connections, ${budget.peak} during a rolling update; ` +
          `PostgreSQL leaves ${budget.usable} of ${budget.maxConnections} to the application`,
        fixes: budget.neededMaxConnections > MOST_CONNECTIONS ? [shrink] : [shrink, grow],
      };
    },
  },
];
