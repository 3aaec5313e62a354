import { knobsOf } from '../../crds/knob.ts';
import { postgresSchema } from '../../crds/tiers/postgres.ts';
import { formatPgSize, pgKilobytes } from '../../crds/units.ts';
import { SUPERUSER_RESERVED } from '../connections.ts';
import type { KnobPath } from '../effective.ts';
import type { Rule, RuleInput, Violation } from '../findings.ts';
import { foreignLibraries, objectionTo } from '../postgres-settings.ts';
import { NEWEST_POSTGRES, OLDEST_POSTGRES, postgresVersion } from '../postgres-version.ts';
import { postgresManaged } from '../stack.ts';
import { type Concern, speakOnce } from './concerns.ts';

/** What the PostgreSQL of this version would refuse, or leave alone. */

const GATED = knobsOf(postgresSchema, 'postgres').filter(({ knob }) => knob.since !== undefined);
const MAINTENANCE_LEAST_KB = 1024; // 64 from 17 on.
const IO_CONCURRENCY = { most: 64, good: 32 };

export const DATABASE_SETTING_RULES: readonly Rule[] = [
  { id: 'INV-22', path: 'postgres.extraParameters', check: (input) => managed(input) && refused(input) },
  { id: 'INV-23', path: 'postgres.image', check: (input) => managed(input) && gated(input) },
  {
    id: 'PG-00',
    path: 'postgres.image',
    check: (input) => {
      if (!managed(input)) return undefined;
      const image = input.effective.value('postgres.image');
      const { major, told } = postgresVersion(image);
      if (told && major <= NEWEST_POSTGRES) return undefined;
      return {
        severity: 'Info',
        message: told
          ? `PostgreSQL ${major} is newer than ${NEWEST_POSTGRES}, the newest that this operator knows: it is taken for that`
          : `the tag of ${image} does not tell its version: PostgreSQL ${NEWEST_POSTGRES} is assumed, and settings that older ones lack are left out`,
        fixes: [],
        advice: 'a tag that begins with the major version lets all of it be checked: postgres:18',
      };
    },
  },
];

const managed = ({ spec }: RuleInput): true | undefined => postgresManaged(spec) || undefined;

/** INV-22: with any of these the server does not start. */
function refused({ spec, effective }: RuleInput): Violation | undefined {
  const { major } = postgresVersion(effective.value('postgres.image'));
  const extras = spec.postgres.extraParameters ?? [];
  const wrong = extras.flatMap(({ name, value }) => objectionTo(name, value, major) ?? []);
  const isWrong = new Set(extras.filter(({ name, value }) => objectionTo(name, value, major) !== undefined));
  const reserved = effective.value('postgres.reservedConnections');
  const connections = effective.value('postgres.maxConnections');
  const libraries = extras
    .filter((extra) => extra.name === 'shared_preload_libraries' && !isWrong.has(extra))
    .flatMap(({ value }) => foreignLibraries(value));
  return speakOnce([
    wrong.length > 0 && {
      severity: 'Error',
      message: `${wrong.join('; ')}: the server would not start`,
      fixes: [{ 'postgres.extraParameters': extras.filter((extra) => !isWrong.has(extra)) }],
    },
    reserved + SUPERUSER_RESERVED >= connections && {
      severity: 'Error',
      message: `${reserved} reserved connections and ${SUPERUSER_RESERVED} for the superuser leave none of ${connections}: the server would not start`,
      fixes: [{ 'postgres.reservedConnections': 0 }],
    },
    libraries.length > 0 && {
      severity: 'Warning',
      message: `${libraries.join(', ')} does not come with PostgreSQL: where the image lacks it, the server does not start`,
      fixes: [],
      advice: 'make sure that the image brings it, or take it out of shared_preload_libraries',
    },
  ]);
}

/** INV-23. */
function gated({ spec, effective }: RuleInput): Violation | undefined {
  const { major, told } = postgresVersion(effective.value('postgres.image'));
  if (!told) return undefined;
  const given = GATED.filter(
    ({ path, knob }) => effective.entry(path as KnobPath)?.source === 'user' && major < (knob.since ?? 0),
  );
  const maintenance = pgKilobytes(effective.value('postgres.parameters.maintenanceWorkMem'));
  const concurrency = effective.value('postgres.parameters.effectiveIoConcurrency');
  const compression = spec.postgres.parameters?.walCompression;
  return speakOnce([
    major < OLDEST_POSTGRES && {
      severity: 'Error',
      message: `PostgreSQL ${major} gets no fixes any more and lacks settings that are always set: the server would not start`,
      fixes: [],
      advice: `dump the database and restore it into postgres:${NEWEST_POSTGRES}`,
    },
    given.length > 0 && {
      severity: 'Warning',
      message: `PostgreSQL ${major} does not know ${given.map(({ path, knob }) => `${path} (from ${knob.since} on)`).join(', ')}: it is left out`,
      fixes: [],
      advice: `take it out of the profile, or dump the database and restore it into postgres:${NEWEST_POSTGRES}`,
    },
    major < 17 && maintenance < MAINTENANCE_LEAST_KB && tooSmall(maintenance, major),
    major < 15 &&
      (compression === 'Lz4' || compression === 'Zstd') && {
        severity: 'Error',
        message: `PostgreSQL ${major} cannot compress WAL with ${compression}: the server would not start`,
        fixes: [{ 'postgres.parameters.walCompression': 'Pglz' }],
      },
    major >= 18 &&
      concurrency > IO_CONCURRENCY.most && {
        severity: 'Warning',
        message: `effectiveIoConcurrency of ${concurrency} was right for prefetching; from PostgreSQL 18 on it is the number of reads that one query has under way, and so many delay those of all others`,
        fixes: [{ 'postgres.parameters.effectiveIoConcurrency': IO_CONCURRENCY.good }],
      },
    spec.postgres.parameters?.ioMethod === 'IoUring' &&
      major >= 18 && {
        severity: 'Warning',
        message:
          'the seccomp profile of most container runtimes forbids io_uring, and some builds lack it: the server does not start there',
        fixes: [{ 'postgres.parameters.ioMethod': 'Worker' }],
      },
  ]);
}

const tooSmall = (maintenance: number, major: number): Concern => ({
  severity: 'Error',
  message: `maintenanceWorkMem of ${formatPgSize(maintenance)} is below 1MB, the least that PostgreSQL ${major} takes: the server would not start`,
  fixes: [{ 'postgres.parameters.maintenanceWorkMem': '1MB' }],
});
