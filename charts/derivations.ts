import { BACKEND_DERIVATIONS } from './derivations/backend.ts';
import { EDGE_DERIVATIONS } from './derivations/edge.ts';
import { FRONTEND_DERIVATIONS } from './derivations/frontend.ts';
import { POOL_DERIVATIONS } from './derivations/pool.ts';
import { POSTGRES_DERIVATIONS } from './derivations/postgres.ts';
import { RESOURCE_DERIVATIONS } from './derivations/resources.ts';
import { TIMEOUT_DERIVATIONS } from './derivations/timeouts.ts';
import type { Derivations } from './effective.ts';

/**
 * How each knob follows from others when the user leaves it out. One entry a knob: rule, formula as text,
 * function. The user's value always wins, so none of these runs when it is set.
 */
export const DERIVATIONS: Derivations = {
  ...EDGE_DERIVATIONS,
  ...BACKEND_DERIVATIONS,
  ...FRONTEND_DERIVATIONS,
  ...POSTGRES_DERIVATIONS,
  ...POOL_DERIVATIONS,
  ...TIMEOUT_DERIVATIONS,
  ...RESOURCE_DERIVATIONS,
};
