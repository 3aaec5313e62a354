import type { Rule } from './findings.ts';
import { CONNECTION_RULES } from './rules/connections.ts';
import { DATABASE_RULES } from './rules/database.ts';
import { DATABASE_SETTING_RULES } from './rules/database-settings.ts';
import { EDGE_RULES } from './rules/edge.ts';
import { ENVIRONMENT_RULES } from './rules/environment.ts';
import { FRONTEND_RULES } from './rules/frontend.ts';
import { NODE_RULES } from './rules/node.ts';
import { OBJECTIVE_RULES } from './rules/objective.ts';
import { TIMEOUT_RULES } from './rules/timeouts.ts';
import { WORKER_RULES } from './rules/workers.ts';

/** All rules across fields and tiers, in the order in which they speak. A new rule is one entry in one of these files. */
export const RULES: readonly Rule[] = [
  ...EDGE_RULES,
  ...CONNECTION_RULES,
  ...TIMEOUT_RULES,
  ...WORKER_RULES,
  ...FRONTEND_RULES,
  ...DATABASE_RULES,
  ...DATABASE_SETTING_RULES,
  ...NODE_RULES,
  ...ENVIRONMENT_RULES,
  ...OBJECTIVE_RULES,
];
