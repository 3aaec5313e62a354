import type { Fix, Rule } from '../findings.ts';
import { postgresManaged } from '../stack.ts';

/** The ladder of timeouts: whoever waits for another must have more time than the other. */

/** The side that serves keeps an idle connection longer than the side that uses it by at least this much. */
const KEEPALIVE_MARGIN_SECONDS = 10;
const DERIVED_MARGIN_SECONDS = 15;

export const TIMEOUT_RULES: readonly Rule[] = [
  {
    id: 'INV-06',
    path: 'backend.keepAliveSeconds',
    check: ({ effective }) => {
      const upstream = effective.value('edge.upstreamKeepalive.timeoutSeconds');
      const backend = effective.value('backend.keepAliveSeconds');
      const isReused = effective.value('edge.upstreamKeepalive.connections') > 0;
      if (!isReused || backend >= upstream + KEEPALIVE_MARGIN_SECONDS) return undefined;
      const longer: Fix = { 'backend.keepAliveSeconds': upstream + DERIVED_MARGIN_SECONDS };
      const shorter: Fix = { 'edge.upstreamKeepalive.timeoutSeconds': backend - KEEPALIVE_MARGIN_SECONDS };
      return {
        severity: 'Warning',
        message: `the backend closes idle connections after ${backend} s while nginx reuses them for ${upstream} s: a POST sent in that moment is answered 502`,
        fixes: backend > KEEPALIVE_MARGIN_SECONDS ? [longer, shorter] : [longer],
      };
    },
  },
  {
    id: 'INV-07',
    path: 'requestDeadlineSeconds',
    check: ({ spec, effective }) => {
      if (!postgresManaged(spec)) return undefined;
      const deadline = effective.value('requestDeadlineSeconds');
      const pool = effective.value('backend.pool.timeoutSeconds');
      const statement = effective.value('postgres.statementTimeoutSeconds');
      if (pool + statement < deadline) return undefined;
      const shorter: Fix = {
        'backend.pool.timeoutSeconds': Math.max(1, Math.floor(deadline * 0.11)),
        'postgres.statementTimeoutSeconds': Math.max(1, Math.floor(deadline * 0.66)),
      };
      const longer: Fix = { requestDeadlineSeconds: pool + statement + 10 };
      const fixes = [...(deadline >= 3 ? [shorter] : []), ...(pool + statement + 10 <= 600 ? [longer] : [])];
      return {
        severity: 'Warning',
        message: `waiting for a connection (${pool} s) and the statement (${statement} s) may take ${pool + statement} s, but nginx gives up after ${deadline} s: the client sees 504 while the query still runs`,
        fixes,
      };
    },
  },
];
