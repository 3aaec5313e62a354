import { bytes, formatPgSize, mebibytes, pgKilobytes } from '../../crds/units.ts';
import { type Cel, cel, define, either, greatest, least, say } from '../admission/cel.ts';
import { given, said } from '../admission/fields.ts';
import { bytesOf, kilobytesOf, limitMiB } from '../admission/quantities.ts';
import { managed } from '../admission/values.ts';
import type { KnobPath } from '../effective.ts';
import {
  type Admission,
  type Fix,
  REMOVE,
  type Rule,
  type RuleInput,
  type Verdict,
  type Violation,
} from '../findings.ts';
import { FILL, postgresMemory } from '../postgres-memory.ts';
import { postgresManaged } from '../stack.ts';
import { bufferShare, buffersTooLarge, expectedTooLarge, worstTooLarge } from './memory-checks.ts';
import { nodeTooSmall } from './node.ts';
import { afterFix, type Check, smallest, working } from './trial.ts';

/** PostgreSQL's memory and disk against what its pod and its volume have. */

/** Steps in which a memory limit is looked for, up to the memory of the node. */
const STEP_MIB = 64;
const WORK_MEM_DEFAULT_KB = 4096;
const WORK_MEM_LEAST_KB = 1024;
const MAINTENANCE_MOST_KB = 2_097_151;
const MOST_BUFFERS_KB = 1_073_741_824; // The upper bound of sharedBuffers.

export const DATABASE_RULES: readonly Rule[] = [
  { id: 'INV-10', path: 'postgres.resources.limits.memory', check: onlyManaged(memory) },
  { id: 'INV-12', path: 'postgres.parameters.maxWalSize', check: onlyManaged(wal), admission: [walWarning()] },
  { id: 'INV-13', path: 'postgres.parameters.sharedBuffers', check: onlyManaged(caches), admission: cacheWarnings() },
  {
    id: 'S-13',
    path: 'postgres.parameters.workMem',
    check: onlyManaged(belowDefault),
    admission: [belowDefaultWarning()],
  },
  {
    id: 'PG-08',
    path: 'postgres.storage',
    check: onlyManaged(({ spec, facts }) => {
      const isDefaultClass = spec.postgres.storage?.storageClassName === undefined;
      if (!isDefaultClass || facts.defaultStorageProvisioner !== 'rancher.io/local-path') return undefined;
      return {
        severity: 'Info',
        message: `the default StorageClass (local-path) does not enforce the size of ${spec.postgres.storage?.size}: the database shares the disk of the node with everybody, and a full disk stops it`,
        fixes: [],
        advice:
          'watch the free space of the node, or name a StorageClass that enforces sizes in postgres.storage.storageClassName',
      };
    }),
  },
];

function onlyManaged(check: Rule['check']): Rule['check'] {
  return (input) => (postgresManaged(input.spec) ? check(input) : undefined);
}

/** INV-10, PG-06. */
function memory(input: RuleInput): Violation | undefined {
  const use = postgresMemory(input.effective);
  const isRefused = use.expected > FILL * use.limit;
  if (!isRefused && use.worst <= use.limit) return undefined;
  const parts = `${mib(use.shared)} shared, ${mib(use.autovacuum)} autovacuum, 64Mi the server, and for each query 6Mi and twice workMem (${mib(use.workMem)})`;
  return {
    severity: isRefused ? 'Error' : 'Warning',
    message: isRefused
      ? `PostgreSQL is expected to need ${mib(use.expected)} with ${use.active} queries at the same time and ${use.idle} idle connections: ${parts}; the limit of ${use.limit}Mi leaves ${mib(FILL * use.limit)}`
      : `when all ${use.busy} connections run a query, PostgreSQL needs ${mib(use.worst)}: ${parts}; the limit is ${use.limit}Mi, and the kernel kills the database when it is reached`,
    fixes: isRefused ? expectedFixes(input) : worstFixes(input),
    advice: 'fewer connections and smaller parameters need less',
  };
}

const mib = (size: number): string => `${Math.ceil(size)}Mi`;
const tooMuch: Check = (input) => expectedTooLarge(input) || worstTooLarge(input);

/** More memory; or the parameters as they would be derived, with more memory where even they need it. */
function expectedFixes(input: RuleInput): Fix[] {
  const fixes = [...moreMemory(input), ...moreMemory(input, modestParameters)];
  // A fix must clear the finding, so what remains must be less than a warning.
  return working(input, fixes, tooMuch, [nodeTooSmall, buffersTooLarge]);
}

const modestParameters = (limit: number): Fix => ({
  ...quarter(limit),
  'postgres.parameters.maintenanceWorkMem': formatPgSize(Math.min(MAINTENANCE_MOST_KB, Math.max(1024, limit * 64))),
  'postgres.parameters.workMem': formatPgSize(WORK_MEM_LEAST_KB),
});

function worstFixes(input: RuleInput): Fix[] {
  const { limit, worst, busy, workMem } = postgresMemory(input.effective);
  const left = Math.floor((workMem - (worst - limit) / busy / 2) * 1024);
  const less: Fix[] = left >= WORK_MEM_LEAST_KB ? [{ 'postgres.parameters.workMem': formatPgSize(left) }] : [];
  return working(input, [...moreMemory(input), ...less], tooMuch, [nodeTooSmall, buffersTooLarge]);
}

/** The smallest limit with which it would work; what follows from the limit grows with it. */
function moreMemory(input: RuleInput, parameters: (limit: number) => Fix = () => ({})): Fix[] {
  const start = Math.max(1, Math.ceil(postgresMemory(input.effective).limit / STEP_MIB));
  const fix = (steps: number): Fix => ({
    ...parameters(steps * STEP_MIB),
    'postgres.resources.limits.memory': `${steps * STEP_MIB}Mi`,
  });
  const most = Math.max(start, Math.floor(input.facts.allocatableMemoryMiB / STEP_MIB));
  const steps = smallest(start, most, (count) => !tooMuch(afterFix(input, fix(count))));
  return steps === undefined ? [] : [fix(steps)];
}

/** INV-12, S16. */
function wal({ spec, effective }: RuleInput): Violation | undefined {
  const size = spec.postgres.storage?.size;
  if (size === undefined) return undefined;
  const volume = bytes(size) / 1024;
  const most = pgKilobytes(effective.value('postgres.parameters.maxWalSize'));
  const least = pgKilobytes(effective.value('postgres.parameters.minWalSize'));
  const isUpsideDown = least >= most;
  if (most <= volume * 0.2 && !isUpsideDown) return undefined;
  const isTooMuch = most >= volume;
  const fitting = Math.floor((volume * 0.2) / 1024);
  const smaller: Fix = {
    'postgres.parameters.maxWalSize': `${Math.min(fitting, 4096)}MB`,
    'postgres.parameters.minWalSize': `${Math.max(32, Math.floor(Math.min(fitting, 4096) / 4))}MB`,
  };
  const relation = isTooMuch ? 'does not fit on' : 'may take more than 20 % of';
  return {
    severity: isTooMuch || isUpsideDown ? 'Error' : 'Warning',
    message: isUpsideDown
      ? `minWalSize (${formatPgSize(least)}) must be smaller than maxWalSize (${formatPgSize(most)})`
      : `maxWalSize (${Math.floor(most / 1024)}MB) ${relation} the volume of ${size}; it is a soft limit, and a full volume stops the database`,
    fixes: fitting >= 64 ? [smaller] : [],
    advice: `a volume of ${Math.ceil((most * 5) / 1024 ** 2)}Gi would carry it`,
  };
}

/** INV-13, S14. */
function caches(input: RuleInput): Verdict {
  const { spec, effective } = input;
  const limit = mebibytes(effective.value('postgres.resources.limits.memory'));
  const share = bufferShare(input);
  const buffers = effective.value('postgres.parameters.sharedBuffers');
  const cache = effective.value('postgres.parameters.effectiveCacheSize');
  const parameters = spec.postgres.parameters;
  return [
    share > 0.4 && large(input, limit, buffers, share > 0.5),
    parameters?.sharedBuffers !== undefined && share < 0.15 && small(input, limit, buffers, share),
    parameters?.effectiveCacheSize !== undefined &&
      pgKilobytes(cache) > limit * 768 && {
        severity: 'Warning',
        path: 'postgres.parameters.effectiveCacheSize',
        message: `effectiveCacheSize of ${cache} is ${Math.round(pgKilobytes(cache) / limit / 10.24)} % of the memory limit of ${limit}Mi, where the pages and the queries have to fit together: plans count on pages that are not cached`,
        fixes: [{ 'postgres.parameters.effectiveCacheSize': formatPgSize(limit * 768) }],
      },
  ];
}

const quarter = (limit: number): Fix => ({
  'postgres.parameters.sharedBuffers': formatPgSize(Math.max(128, Math.min(MOST_BUFFERS_KB, limit * 256))),
});
const isOutside: Check = (after) => bufferShare(after) > 0.4 || bufferShare(after) < 0.15;

function large(input: RuleInput, limit: number, buffers: string, isTooMuch: boolean): Violation {
  const enough: Fix = { 'postgres.resources.limits.memory': `${Math.ceil(pgKilobytes(buffers) / 256)}Mi` };
  return {
    severity: isTooMuch ? 'Error' : 'Warning',
    message: `sharedBuffers of ${buffers} is more than ${isTooMuch ? 'half' : '40 %'} of the memory limit of ${limit}Mi, in which everything else has to fit too`,
    fixes: working(input, [quarter(limit), enough], isOutside, [nodeTooSmall, expectedTooLarge]),
  };
}

function small(input: RuleInput, limit: number, buffers: string, share: number): Violation {
  const least: Fix = {
    'postgres.parameters.sharedBuffers': formatPgSize(Math.min(MOST_BUFFERS_KB, Math.ceil(limit * 1024 * 0.15))),
  };
  return {
    severity: 'Warning',
    message: `sharedBuffers of ${buffers} is ${Math.floor(share * 100)} % of the memory limit of ${limit}Mi; 15 to 40 % are of use`,
    advice: 'a smaller memory limit leaves room to others',
    fixes: working(input, [quarter(limit), least], isOutside, [expectedTooLarge]),
  };
}

const isSmallWorkMem: Check = ({ effective }) =>
  pgKilobytes(effective.value('postgres.parameters.workMem')) < WORK_MEM_DEFAULT_KB;

/** S13: what was given to tune the server and is less than it has by itself, and what it has anyway. */
function belowDefault(input: RuleInput): Violation | undefined {
  const given = input.spec.postgres.parameters ?? {};
  if (given.workMem === undefined || pgKilobytes(given.workMem) >= WORK_MEM_DEFAULT_KB) return undefined;
  const same = [
    Number(given.checkpointCompletionTarget) === 0.9 && 'checkpointCompletionTarget',
    given.defaultStatisticsTarget === 100 && 'defaultStatisticsTarget',
    given.maintenanceWorkMem !== undefined && pgKilobytes(given.maintenanceWorkMem) === 65_536 && 'maintenanceWorkMem',
  ].filter((name) => typeof name === 'string');
  const anyway =
    same.length === 0 ? '' : `; ${same.join(', ')} ${same.length === 1 ? 'is' : 'are'} what PostgreSQL takes anyway`;
  const ways: Fix[] = [
    { 'postgres.parameters.workMem': formatPgSize(WORK_MEM_DEFAULT_KB) },
    // It then follows from the memory limit.
    { 'postgres.parameters.workMem': REMOVE },
  ];
  const fixes = working(input, ways, isSmallWorkMem, [expectedTooLarge]);
  return {
    severity: 'Warning',
    message: `workMem of ${given.workMem} is less than PostgreSQL's own 4MB: sorts and hashes spill to disk earlier${anyway}`,
    fixes,
    ...(fixes.length > 0 ? {} : { advice: 'more memory for the database has room for 4MB' }),
  };
}

function isGiven(path: KnobPath): Cel {
  return cel`${managed} && ${given(path)}`;
}

function walWarning(): Admission {
  const path = 'postgres.parameters.maxWalSize';
  const volume = cel`${bytesOf(said('postgres.storage.size'))} / 1024`;
  const fitting = define('fittingWalMiB', least(cel`${volume} / 5 / 1024`, 4096));
  return {
    wrong: cel`${isGiven(path)} && ${kilobytesOf(path)} * 5 > ${volume}`,
    says: say`maxWalSize of ${said(path)} may take more than 20 % of the volume of ${said('postgres.storage.size')}, and a full volume stops the database`,
    refused: cel`${kilobytesOf(path)} >= ${volume}`,
    fix: either(
      cel`${fitting} >= 64`,
      say`set ${path} to ${fitting}MB and postgres.parameters.minWalSize to ${greatest(cel`${fitting} / 4`, 32)}MB`,
      say`take a larger volume`,
    ),
  };
}

/** What is derived fits the memory limit. */
function cacheWarnings(): Admission[] {
  const [buffers, cache] = ['postgres.parameters.sharedBuffers', 'postgres.parameters.effectiveCacheSize'] as const;
  const limit = limitMiB('postgres');
  const ofLimit = (path: typeof buffers | typeof cache) => cel`${kilobytesOf(path)} * 100 / (${limit} * 1024)`;
  return [
    {
      wrong: cel`${isGiven(buffers)} && ${kilobytesOf(buffers)} * 10 > ${limit} * 4096`,
      says: say`sharedBuffers of ${said(buffers)} is ${ofLimit(buffers)} % of the memory limit of ${limit}Mi, in which everything else has to fit too`,
      refused: cel`${kilobytesOf(buffers)} * 2 > ${limit} * 1024`,
      fix: say`remove ${buffers}`,
    },
    {
      wrong: cel`${isGiven(buffers)} && ${kilobytesOf(buffers)} * 100 < ${limit} * 15360`,
      says: say`sharedBuffers of ${said(buffers)} is ${ofLimit(buffers)} % of the memory limit of ${limit}Mi; 15 to 40 % are of use`,
      fix: say`remove ${buffers}`,
    },
    {
      wrong: cel`${isGiven(cache)} && ${kilobytesOf(cache)} > ${limit} * 768`,
      says: say`effectiveCacheSize of ${said(cache)} is ${ofLimit(cache)} % of the memory limit of ${limit}Mi: plans count on pages that are not cached`,
      fix: say`remove ${cache}`,
    },
  ];
}

function belowDefaultWarning(): Admission {
  const path = 'postgres.parameters.workMem';
  return {
    wrong: cel`${isGiven(path)} && ${kilobytesOf(path)} < ${WORK_MEM_DEFAULT_KB}`,
    says: say`workMem of ${said(path)} is less than PostgreSQL's own 4MB: sorts and hashes spill to disk earlier`,
    fix: say`remove ${path}`,
  };
}
