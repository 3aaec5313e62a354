import { bytes, mebibytes, milliCores, pgKilobytes } from '../crds/units.ts';
import { connectionBudget, fittingPool } from './connections.ts';
import type { Rule } from './findings.ts';

/** The rules across fields and tiers. One entry each: id, field, predicate, message with the numbers, fix. */

const managed = (spec: { postgres: { mode?: string | undefined } }) => (spec.postgres.mode ?? 'Managed') === 'Managed';

export const RULES: readonly Rule[] = [
  {
    id: 'INV-05',
    path: 'backend.pool',
    check: ({ spec, effective }) => {
      if (!managed(spec)) return undefined;
      const budget = connectionBudget(effective);
      const fit = fittingPool(effective);
      const sum = `${budget.replicas} pod(s) × ${budget.workers} workers × (${budget.poolSize} + ${budget.maxOverflow}) = ${budget.steady} database connections, ${budget.peak} during a rolling update`;
      const fix = `set backend.pool to {size: ${fit.size}, maxOverflow: ${fit.maxOverflow}}, or postgres.maxConnections to ${budget.neededMaxConnections}`;
      const limit = `PostgreSQL leaves ${budget.usable} of ${budget.maxConnections} to the application`;
      if (budget.steady > budget.usable) return { severity: 'Error', message: `${sum}; ${limit}`, fix };
      if (budget.peak > budget.usable) return { severity: 'Warning', message: `${sum}; ${limit}`, fix };
      return undefined;
    },
  },
  {
    id: 'INV-06',
    path: 'backend.keepAliveSeconds',
    check: ({ effective }) => {
      const upstream = effective.value('edge.upstreamKeepalive.timeoutSeconds');
      const backend = effective.value('backend.keepAliveSeconds');
      if (effective.value('edge.upstreamKeepalive.connections') === 0 || backend >= upstream + 10) return undefined;
      return {
        severity: 'Warning',
        message: `the backend closes idle connections after ${backend} s while nginx reuses them for ${upstream} s: a POST sent in that moment is answered 502`,
        fix: `set backend.keepAliveSeconds to ${upstream + 15}, or edge.upstreamKeepalive.timeoutSeconds to ${Math.max(1, backend - 2)}`,
      };
    },
  },
  {
    id: 'INV-07',
    path: 'requestDeadlineSeconds',
    check: ({ spec, effective }) => {
      if (!managed(spec)) return undefined;
      const deadline = effective.value('requestDeadlineSeconds');
      const pool = effective.value('backend.pool.timeoutSeconds');
      const statement = effective.value('postgres.statementTimeoutSeconds');
      if (pool + statement < deadline) return undefined;
      return {
        severity: 'Warning',
        message: `waiting for a connection (${pool} s) and the statement (${statement} s) may take ${pool + statement} s, but nginx gives up after ${deadline} s: the client sees 504 while the query still runs`,
        fix: `set postgres.statementTimeoutSeconds to ${Math.max(1, Math.floor(deadline * 0.66))} or requestDeadlineSeconds to ${pool + statement + 10}`,
      };
    },
  },
  {
    id: 'INV-12',
    path: 'postgres.parameters.maxWalSize',
    check: ({ spec, effective }) => {
      const size = spec.postgres.storage?.size;
      if (!managed(spec) || size === undefined) return undefined;
      const volume = bytes(size) / 1024;
      const wal = pgKilobytes(effective.value('postgres.parameters.maxWalSize'));
      const fix = `set postgres.parameters.maxWalSize to at most ${Math.floor((volume * 0.2) / 1024)}MB, or postgres.storage.size to ${Math.ceil((wal * 5) / 1024 ** 2)}Gi`;
      if (wal >= volume)
        return {
          severity: 'Error',
          message: `maxWalSize (${Math.floor(wal / 1024)}MB) does not fit on the volume of ${size}`,
          fix,
        };
      if (wal > volume * 0.2)
        return {
          severity: 'Warning',
          message: `maxWalSize (${Math.floor(wal / 1024)}MB) may take more than 20 % of the volume of ${size}`,
          fix,
        };
      return undefined;
    },
  },
  {
    id: 'INV-13',
    path: 'postgres.parameters.sharedBuffers',
    check: ({ spec, effective }) => {
      if (!managed(spec)) return undefined;
      const limit = mebibytes(effective.value('postgres.resources.limits.memory'));
      const buffers = pgKilobytes(effective.value('postgres.parameters.sharedBuffers')) / 1024;
      const fix = `set postgres.parameters.sharedBuffers to ${Math.floor(limit / 4)}MB, or postgres.resources.limits.memory to ${Math.ceil(buffers * 4)}Mi`;
      if (buffers > limit * 0.5)
        return {
          severity: 'Error',
          message: `sharedBuffers of ${buffers}MB is more than half of the memory limit of ${limit}Mi`,
          fix,
        };
      if (buffers > limit * 0.4)
        return {
          severity: 'Warning',
          message: `sharedBuffers of ${buffers}MB is more than 40 % of the memory limit of ${limit}Mi`,
          fix,
        };
      return undefined;
    },
  },
  {
    id: 'INV-17',
    path: 'backend.workers',
    check: ({ effective }) => {
      const workers = effective.value('backend.workers');
      const limit = effective.value('backend.resources.limits.cpu');
      const most = Math.max(1, Math.ceil(milliCores(limit) / 1000));
      if (workers <= 2 * most) return undefined;
      return {
        severity: 'Warning',
        message: `${workers} workers share a CPU limit of ${limit}: together they spend it early in each 100 ms and then stand still`,
        fix: `set backend.workers to ${most}, or backend.resources.limits.cpu to ${workers}`,
      };
    },
  },
  {
    id: 'INV-18',
    path: 'backend.resources.limits.memory',
    check: ({ effective }) => {
      const workers = effective.value('backend.workers');
      const limit = mebibytes(effective.value('backend.resources.limits.memory'));
      const needed = Math.ceil(64 + (workers * WORKER_MIB) / 0.85);
      if (limit >= needed) return undefined;
      return {
        severity: 'Error',
        message: `${workers} workers of about ${WORKER_MIB} MiB need ${needed}Mi, the limit is ${limit}Mi`,
        fix: `set backend.resources.limits.memory to ${needed}Mi, or backend.workers to ${Math.max(1, Math.floor(((limit - 64) * 0.85) / WORKER_MIB))}`,
      };
    },
  },
];

/** BE-02: what one FastAPI worker is taken to need. */
const WORKER_MIB = 160;
