import { bytes, mebibytes, pgKilobytes } from '../../crds/units.ts';
import type { Rule } from '../findings.ts';
import { postgresManaged } from '../stack.ts';

/** PostgreSQL's memory and disk against what its pod and its volume have. */

export const DATABASE_RULES: readonly Rule[] = [
  {
    id: 'INV-12',
    path: 'postgres.parameters.maxWalSize',
    check: ({ spec, effective }) => {
      const size = spec.postgres.storage?.size;
      if (!postgresManaged(spec) || size === undefined) return undefined;
      const volume = bytes(size) / 1024;
      const wal = pgKilobytes(effective.value('postgres.parameters.maxWalSize'));
      if (wal <= volume * 0.2) return undefined;
      const fitting = Math.floor((volume * 0.2) / 1024);
      const smaller = {
        'postgres.parameters.maxWalSize': `${fitting}MB`,
        'postgres.parameters.minWalSize': `${Math.floor(fitting / 4)}MB`,
      };
      return {
        severity: wal >= volume ? 'Error' : 'Warning',
        message: `maxWalSize (${Math.floor(wal / 1024)}MB) ${wal >= volume ? 'does not fit on' : 'may take more than 20 % of'} the volume of ${size}`,
        fixes: fitting >= 128 ? [smaller] : [],
        advice: `a volume of ${Math.ceil((wal * 5) / 1024 ** 2)}Gi would carry it`,
      };
    },
  },
  {
    id: 'INV-13',
    path: 'postgres.parameters.sharedBuffers',
    check: ({ spec, effective }) => {
      if (!postgresManaged(spec)) return undefined;
      const limit = mebibytes(effective.value('postgres.resources.limits.memory'));
      const buffers = pgKilobytes(effective.value('postgres.parameters.sharedBuffers')) / 1024;
      if (buffers <= limit * 0.4) return undefined;
      const isTooMuch = buffers > limit * 0.5;
      return {
        severity: isTooMuch ? 'Error' : 'Warning',
        message: `sharedBuffers of ${buffers}MB is more than ${isTooMuch ? 'half' : '40 %'} of the memory limit of ${limit}Mi`,
        fixes: [
          { 'postgres.parameters.sharedBuffers': `${Math.max(1, Math.floor(limit / 4))}MB` },
          { 'postgres.resources.limits.memory': `${Math.ceil(buffers * 4)}Mi` },
        ],
      };
    },
  },
];
