import { mebibytes } from '../../crds/units.ts';
import type { Derivations } from '../effective.ts';
import { clamp, KEEPALIVE_MARGIN_SECONDS } from './arithmetic.ts';

/** How the frontend's knobs follow from others. */
export const FRONTEND_DERIVATIONS: Derivations = {
  'frontend.keepAliveSeconds': {
    rule: 'INV-06',
    formula: 'edge.upstreamKeepalive.timeoutSeconds + 15',
    derive: (read) => clamp(read.value('edge.upstreamKeepalive.timeoutSeconds') + KEEPALIVE_MARGIN_SECONDS, 1, 650),
  },
  'frontend.maxOldSpaceMiB': {
    rule: 'RES-07',
    formula: 'frontend.resources.limits.memory − max(256Mi, 25 %)',
    derive: (read) => {
      const limit = mebibytes(read.value('frontend.resources.limits.memory'));
      return clamp(limit - Math.max(256, Math.floor(limit / 4)), 128, 65_536);
    },
  },
};
