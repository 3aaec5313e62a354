import { cel, define, either, least, say } from '../admission/cel.ts';
import { given, value } from '../admission/fields.ts';
import { connections, maxOverflow, poolSize, tooManyConnections, usable, workers } from '../admission/values.ts';
import { type ConnectionBudget, connectionBudget, fittingPool } from '../connections.ts';
import type { Admission, Fix, Rule, RuleInput, Violation } from '../findings.ts';
import { postgresManaged } from '../stack.ts';
import { expectedTooLarge } from './memory-checks.ts';
import { nodeTooSmall } from './node.ts';
import { type Check, working } from './trial.ts';

/** Database connections: what the pools may open against what PostgreSQL accepts. */
const MOST_OF_A_WORKER = 200; // As charts/connections.ts bounds a pool that is made to fit.
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
          `PostgreSQL leaves ${budget.usable} of ${budget.maxConnections} to the application and refuses the others ` +
          `("too many clients already", "remaining connection slots are reserved"): visitors get errors (500)`,
        fixes,
        ...(fixes.length > 0 ? {} : { advice: 'a pooler such as PgBouncer lets many clients share few connections' }),
      };
    },
    admission: [tooManyWarning()],
  },
  {
    id: 'DB-01',
    path: 'backend.pool.maxOverflow',
    check: (input) => (isLopsided(input) ? lopsided(input) : undefined),
    admission: [lopsidedWarning()],
  },
];

/** Without the number of workers, which is derived from the node too, one is counted: it is at least so bad. */
function tooManyWarning(): Admission {
  const replicas = value('backend.replicas');
  const each = define('fittingConnections', least(cel`${usable} / (2 * ${replicas} * ${workers})`, MOST_OF_A_WORKER));
  const atLeast = either(given('backend.workers'), say`up to `, say`at least `);
  const smaller = say`set backend.pool.size to ${cel`(${each} + 1) / 2`} and backend.pool.maxOverflow to ${cel`${each} / 2`}`;
  return {
    wrong: tooManyConnections,
    says: say`${replicas} pod(s) of ${workers} workers with ${poolSize} + ${maxOverflow} connections each open ${atLeast}${connections}, twice that in a rolling update; PostgreSQL leaves ${usable} and refuses the others: visitors get errors (500)`,
    refused: cel`${connections} > ${usable}`,
    fix: either(
      cel`${given('backend.workers')} && ${each} > 0`,
      smaller,
      say`lower backend.workers or backend.pool, or raise postgres.maxConnections`,
    ),
  };
}

/** Silent where the pools are too large altogether: what clears that clears this. */
function lopsidedWarning(): Admission {
  const isGiven = cel`${given('backend.pool.size')} && ${given('backend.pool.maxOverflow')}`;
  return {
    wrong: cel`!${tooManyConnections} && ${isGiven} && ${maxOverflow} > ${poolSize}`,
    says: say`up to ${maxOverflow} connections of each worker are opened and closed on demand, only ${poolSize} are kept`,
    fix: say`set backend.pool.maxOverflow to ${poolSize}`,
  };
}

const isLopsided: Check = ({ effective }) =>
  effective.value('backend.pool.maxOverflow') > effective.value('backend.pool.size');

/** DB-01. Of pools that are too large altogether, only what INV-05 would do is said, as far as it helps here. */
function lopsided(input: RuleInput): Violation | undefined {
  const size = input.effective.value('backend.pool.size');
  const overflow = input.effective.value('backend.pool.maxOverflow');
  const isTooMany = isCounted(input) && tooMany(input);
  const ways = isTooMany ? waysOut(input, connectionBudget(input.effective)) : evenWays(size, overflow);
  const fixes = working(input, ways, isLopsided, [expectedTooLarge, tooMany]);
  if (isTooMany && fixes.length === 0) return undefined;
  return {
    severity: 'Info',
    message: `up to ${overflow} connections of each worker are opened and closed on demand, and only ${size} are kept: each new one costs the database a process and the request a handshake`,
    fixes,
    ...(fixes.length > 0 ? {} : { advice: 'the database needs more memory to keep more of them' }),
  };
}

/** As many in all, half of them kept; or fewer on demand. */
function evenWays(size: number, overflow: number): Fix[] {
  const same = size + overflow;
  const even: Fix = { 'backend.pool.size': Math.ceil(same / 2), 'backend.pool.maxOverflow': Math.floor(same / 2) };
  return [...(same <= 200 ? [even] : []), { 'backend.pool.maxOverflow': size }];
}

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
