import { mebibytes, milliCores } from '../../crds/units.ts';
import type { Fix, Rule } from '../findings.ts';

/** Worker processes against the CPU and the memory that they share. */

/** BE-02: what one FastAPI worker is taken to need. */
const WORKER_MIB = 160;
const MASTER_MIB = 64;
/** Share of the limit that workers may fill; the rest is for the page cache and for peaks. */
const FILL = 0.85;

export const WORKER_RULES: readonly Rule[] = [
  {
    id: 'INV-17',
    path: 'backend.workers',
    check: ({ effective }) => {
      const workers = effective.value('backend.workers');
      const limit = effective.value('backend.resources.limits.cpu');
      const cores = Math.max(1, Math.ceil(milliCores(limit) / 1000));
      if (workers <= 2 * cores) return undefined;
      const fewer: Fix = { 'backend.workers': cores };
      const more: Fix = { 'backend.resources.limits.cpu': String(Math.ceil(workers / 2)) };
      return {
        severity: 'Warning',
        message: `${workers} workers share a CPU limit of ${limit}: together they spend it early in each 100 ms and then stand still`,
        fixes: [fewer, more],
      };
    },
  },
  {
    id: 'INV-18',
    path: 'backend.resources.limits.memory',
    check: ({ effective }) => {
      const workers = effective.value('backend.workers');
      const limit = mebibytes(effective.value('backend.resources.limits.memory'));
      const needed = Math.ceil(MASTER_MIB + (workers * WORKER_MIB) / FILL);
      if (limit >= needed) return undefined;
      const fitting = Math.floor(((limit - MASTER_MIB) * FILL) / WORKER_MIB);
      const more: Fix = { 'backend.resources.limits.memory': `${needed}Mi` };
      const fewer: Fix = { 'backend.workers': fitting };
      return {
        severity: 'Error',
        message: `${workers} workers of about ${WORKER_MIB} MiB need ${needed}Mi, the limit is ${limit}Mi`,
        fixes: fitting >= 1 ? [more, fewer] : [more],
      };
    },
  },
];
