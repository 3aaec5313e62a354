import { knobsOf } from '../../crds/knob.ts';
import { postgresSchema } from '../../crds/tiers/postgres.ts';
import { formatPgSize, pgKilobytes } from '../../crds/units.ts';
import { type Cel, cel, define, raw, say } from '../admission/cel.ts';
import { given, said, value } from '../admission/fields.ts';
import { kilobytesOf } from '../admission/quantities.ts';
import { managed as isManaged } from '../admission/values.ts';
import { SUPERUSER_RESERVED } from '../connections.ts';
import type { KnobPath } from '../effective.ts';
import { type Admission, REMOVE, type Rule, type RuleInput, type Verdict, type Violation } from '../findings.ts';
import { foreignLibraries, objectionTo } from '../postgres-settings.ts';
import { debianTwin, NEWEST_POSTGRES, OLDEST_POSTGRES, postgresVersion } from '../postgres-version.ts';
import { postgresManaged } from '../stack.ts';
import { POSTGRES_USER } from '../tiers/postgres/bootstrap.ts';

/** What the PostgreSQL of this version would refuse, or leave alone. */

/** A setting that came with a later version than the oldest. */
interface Gated {
  readonly path: KnobPath;
  readonly since: number;
}
const GATED: readonly Gated[] = knobsOf(postgresSchema, 'postgres').flatMap(({ path, knob: { since } }) =>
  since === undefined ? [] : [{ path: path as KnobPath, since }],
);
const MAINTENANCE_LEAST_KB = 1024; // 64 from 17 on.
const IO_CONCURRENCY = { most: 64, good: 32 };

export const DATABASE_SETTING_RULES: readonly Rule[] = [
  {
    id: 'INV-22',
    path: 'postgres.extraParameters',
    check: (input) => managed(input) && refused(input),
    admission: [reservedWarning()],
  },
  {
    id: 'INV-23',
    path: 'postgres.image',
    check: (input) => managed(input) && gated(input),
    admission: versionWarnings(),
  },
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
  {
    id: 'PG-02',
    path: 'postgres.image',
    check: (input) => {
      const image = input.effective.value('postgres.image');
      const twin = debianTwin(image);
      if (!managed(input) || twin === undefined) return undefined;
      return {
        severity: 'Error',
        message: `${image} is an image of Alpine, whose user postgres is 70; the database runs as ${POSTGRES_USER}, which Alpine does not know, and initdb refuses to start`,
        fixes: [{ 'postgres.image': twin }],
      };
    },
  },
];

const managed = ({ spec }: RuleInput): true | undefined => postgresManaged(spec) || undefined;

/** INV-22: with any of these the server does not start. */
function refused({ spec, effective }: RuleInput): Verdict {
  const { major } = postgresVersion(effective.value('postgres.image'));
  const extras = spec.postgres.extraParameters ?? [];
  const wrong = extras.flatMap(({ name, value }) => objectionTo(name, value, major) ?? []);
  const isWrong = new Set(extras.filter(({ name, value }) => objectionTo(name, value, major) !== undefined));
  const reserved = effective.value('postgres.reservedConnections');
  const connections = effective.value('postgres.maxConnections');
  const libraries = extras
    .filter((extra) => extra.name === 'shared_preload_libraries' && !isWrong.has(extra))
    .flatMap(({ value }) => foreignLibraries(value));
  return [
    wrong.length > 0 && {
      severity: 'Error',
      message: `${wrong.join('; ')}: the server would not start`,
      fixes: [{ 'postgres.extraParameters': extras.filter((extra) => !isWrong.has(extra)) }],
    },
    reserved + SUPERUSER_RESERVED >= connections && {
      severity: 'Error',
      path: 'postgres.reservedConnections',
      message: `${reserved} reserved connections and ${SUPERUSER_RESERVED} for the superuser leave none of ${connections}: the server would not start`,
      fixes: [{ 'postgres.reservedConnections': 0 }],
    },
    libraries.length > 0 && {
      severity: 'Warning',
      path: 'postgres.image',
      message: `${libraries.join(', ')} does not come with PostgreSQL: where the image lacks it, the server does not start`,
      fixes: [],
      advice: 'make sure that the image brings it, or take it out of shared_preload_libraries',
    },
  ];
}

/** INV-23. */
function gated(input: RuleInput): Verdict {
  const { major, told } = postgresVersion(input.effective.value('postgres.image'));
  if (!told) return undefined;
  return [
    major < OLDEST_POSTGRES && {
      severity: 'Error',
      message: `PostgreSQL ${major} gets no fixes any more and lacks settings that are always set: the server would not start`,
      fixes: [],
      advice: `dump the database and restore it into postgres:${NEWEST_POSTGRES}`,
    },
    ...GATED.map((setting) => tooNew(input, setting, major)),
    ...refusedValues(input, major),
    ...riskyValues(input, major),
  ];
}

/** A setting of the user that came with a later version. */
function tooNew({ effective }: RuleInput, { path, since }: Gated, major: number): Violation | undefined {
  if (major >= since || effective.entry(path)?.source !== 'user') return undefined;
  return {
    severity: 'Warning',
    path,
    message: `PostgreSQL ${major} does not know ${path} (from ${since} on): it is left out`,
    fixes: [{ [path]: REMOVE }],
    advice: `dump the database and restore it into postgres:${NEWEST_POSTGRES}`,
  };
}

/** With these, a server of an older version does not start. */
function refusedValues({ spec, effective }: RuleInput, major: number): Array<Violation | false> {
  const maintenance = pgKilobytes(effective.value('postgres.parameters.maintenanceWorkMem'));
  const compression = spec.postgres.parameters?.walCompression;
  return [
    major < 17 &&
      maintenance < MAINTENANCE_LEAST_KB && {
        severity: 'Error',
        path: 'postgres.parameters.maintenanceWorkMem',
        message: `maintenanceWorkMem of ${formatPgSize(maintenance)} is below 1MB, the least that PostgreSQL ${major} takes: the server would not start`,
        fixes: [{ 'postgres.parameters.maintenanceWorkMem': formatPgSize(MAINTENANCE_LEAST_KB) }],
      },
    major < 15 &&
      (compression === 'Lz4' || compression === 'Zstd') && {
        severity: 'Error',
        path: 'postgres.parameters.walCompression',
        message: `PostgreSQL ${major} cannot compress WAL with ${compression}: the server would not start`,
        fixes: [{ 'postgres.parameters.walCompression': 'Pglz' }],
      },
  ];
}

/** What a server from 18 on takes, and should not get. */
function riskyValues({ spec, effective }: RuleInput, major: number): Array<Violation | false> {
  if (major < 18) return [];
  const concurrency = effective.value('postgres.parameters.effectiveIoConcurrency');
  return [
    concurrency > IO_CONCURRENCY.most && {
      severity: 'Warning',
      path: 'postgres.parameters.effectiveIoConcurrency',
      message: `effectiveIoConcurrency of ${concurrency} was right for prefetching; from PostgreSQL 18 on it is the number of reads that one query has under way, and so many delay those of all others`,
      fixes: [{ 'postgres.parameters.effectiveIoConcurrency': IO_CONCURRENCY.good }],
    },
    spec.postgres.parameters?.ioMethod === 'IoUring' && {
      severity: 'Warning',
      path: 'postgres.parameters.ioMethod',
      message:
        'the seccomp profile of most container runtimes forbids io_uring, and some builds lack it: the server does not start there',
      fixes: [{ 'postgres.parameters.ioMethod': 'Worker' }],
    },
  ];
}

function reservedWarning(): Admission {
  const reserved = value('postgres.reservedConnections');
  const connections = said('postgres.maxConnections');
  return {
    wrong: cel`${isManaged} && ${given('postgres.maxConnections')} && ${reserved} + ${SUPERUSER_RESERVED} >= ${connections}`,
    says: say`${reserved} reserved connections and ${SUPERUSER_RESERVED} for the superuser leave none of ${connections}: the server would not start`,
    refused: true,
    fix: say`set postgres.reservedConnections to 0`,
  };
}

/** The major version by the tag of the image, as charts/postgres-version.ts reads it; 0 where it does not tell. */
function majorInTag(): Cel {
  const image = value('postgres.image');
  const tag = raw(`${image.text}.split('@')[0].find(':v?[0-9]{1,2}([^0-9:/][^:/]*)?$').find('[0-9]+')`, image);
  const number = define('postgresTag', tag);
  const major = define('postgresNumber', cel`${number} == ${''} ? 0 : int(${number})`);
  return define('postgresMajor', cel`${major} >= 9 && ${major} < 40 ? ${major} : 0`);
}

function versionWarnings(): Admission[] {
  const major = majorInTag();
  const isTold = cel`${isManaged} && ${major} > 0`;
  const dump = say`dump the database and restore it into postgres:${NEWEST_POSTGRES}`;
  return [
    {
      wrong: cel`${isTold} && ${major} < ${OLDEST_POSTGRES}`,
      says: say`PostgreSQL ${major} gets no fixes any more and lacks settings that are always set: the server would not start`,
      refused: true,
      fix: dump,
    },
    ...GATED.map(({ path, since }) => ({
      wrong: cel`${isTold} && ${major} < ${since} && ${given(path)}`,
      says: say`PostgreSQL ${major} does not know ${path} (from ${since} on): it is left out`,
      fix: say`remove ${path}`,
    })),
    ...valueWarnings(major, isTold),
  ];
}

function valueWarnings(major: Cel, isTold: Cel): Admission[] {
  const maintenance = 'postgres.parameters.maintenanceWorkMem';
  const compression = 'postgres.parameters.walCompression';
  const concurrency = 'postgres.parameters.effectiveIoConcurrency';
  const method = 'postgres.parameters.ioMethod';
  return [
    {
      wrong: cel`${isTold} && ${major} < 17 && ${given(maintenance)} && ${kilobytesOf(maintenance)} < ${MAINTENANCE_LEAST_KB}`,
      says: say`maintenanceWorkMem of ${said(maintenance)} is below 1MB, the least that PostgreSQL ${major} takes: the server would not start`,
      refused: true,
      fix: say`remove ${maintenance}`,
    },
    {
      wrong: cel`${isTold} && ${major} < 15 && ${value(compression)} in ${['Lz4', 'Zstd']}`,
      says: say`PostgreSQL ${major} cannot compress WAL with ${value(compression)}: the server would not start`,
      refused: true,
      fix: say`set ${compression} to Pglz`,
    },
    {
      wrong: cel`${isTold} && ${major} >= 18 && ${given(concurrency)} && ${said(concurrency)} > ${IO_CONCURRENCY.most}`,
      says: say`effectiveIoConcurrency of ${said(concurrency)} was right for prefetching; from PostgreSQL 18 on so many reads of one query delay those of all others`,
      fix: say`set ${concurrency} to ${IO_CONCURRENCY.good}`,
    },
    {
      wrong: cel`${isTold} && ${major} >= 18 && ${given(method)} && ${said(method)} == ${'IoUring'}`,
      says: say`the seccomp profile of most container runtimes forbids io_uring: the server does not start there`,
      fix: say`set ${method} to Worker`,
    },
  ];
}
