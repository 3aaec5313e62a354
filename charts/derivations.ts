import { BACKEND_DERIVATIONS } from './derivations/backend.ts';
import { EDGE_DERIVATIONS } from './derivations/edge.ts';
import { FRONTEND_DERIVATIONS } from './derivations/frontend.ts';
import { POSTGRES_DERIVATIONS } from './derivations/postgres.ts';
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
};
