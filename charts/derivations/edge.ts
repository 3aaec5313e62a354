import type { Derivations } from '../effective.ts';
import { clamp, wholeCores } from './arithmetic.ts';

/** How the edge's knobs follow from others. */
export const EDGE_DERIVATIONS: Derivations = {
  'edge.workerProcesses': {
    rule: 'NG-32',
    formula: 'max(1, ceil(edge.resources.limits.cpu))',
    derive: (read) => clamp(wholeCores(read.value('edge.resources.limits.cpu')), 1, 64),
  },
};
