import type { Derivations } from '../effective.ts';
import { clamp, KEEPALIVE_MARGIN_SECONDS, wholeCores } from './arithmetic.ts';

/** How the backend's knobs follow from others. */
export const BACKEND_DERIVATIONS: Derivations = {
  'backend.workers': {
    rule: 'BE-02',
    formula: 'max(1, ceil(backend.resources.limits.cpu))',
    derive: (read) => clamp(wholeCores(read.value('backend.resources.limits.cpu')), 1, 32),
  },
  'backend.maxRequestsJitter': {
    rule: 'BE-05',
    formula: 'ceil(0.3 × backend.maxRequests)',
    derive: (read) => Math.ceil(0.3 * read.value('backend.maxRequests')),
  },
  'backend.keepAliveSeconds': {
    rule: 'INV-06',
    formula: 'edge.upstreamKeepalive.timeoutSeconds + 15',
    derive: (read) => clamp(read.value('edge.upstreamKeepalive.timeoutSeconds') + KEEPALIVE_MARGIN_SECONDS, 1, 650),
  },
};
