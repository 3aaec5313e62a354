import type { Rule } from './findings.ts';
import { CONNECTION_RULES } from './rules/connections.ts';
import { DATABASE_RULES } from './rules/database.ts';
import { TIMEOUT_RULES } from './rules/timeouts.ts';
import { WORKER_RULES } from './rules/workers.ts';

/** All rules across fields and tiers, in the order in which they speak. A new rule is one entry in one of these files. */
export const RULES: readonly Rule[] = [...CONNECTION_RULES, ...TIMEOUT_RULES, ...WORKER_RULES, ...DATABASE_RULES];
