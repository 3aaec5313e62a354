import { inBaseUnits } from '../../charts/postgres-units.ts';
import { debianTwin } from '../../charts/postgres-version.ts';
import { type Knob, knobsOf } from '../../crds/knob.ts';
import { postgresSchema } from '../../crds/tiers/postgres.ts';
import { formatPgSize } from '../../crds/units.ts';
import type { Service } from '../compose/service.ts';
import type { Draft } from '../draft.ts';
import { parseFlags } from '../flags.ts';
import type { Roles } from '../roles.ts';
import { isSecret } from '../secrets.ts';
import { noteOtherKeys, placeImage, placeResources } from './container.ts';

/** The database: a service of the file, or one elsewhere to which a URL leads. */

export function placePostgres(draft: Draft, roles: Roles, project: string): void {
  const { postgres } = roles;
  if (postgres === undefined) {
    placeExternal(draft, roles.backend);
    return;
  }
  placeImage(draft, 'postgres', onDebian(draft, postgres), project);
  placeCommand(draft, postgres);
  placeResources(draft, 'postgres', postgres);
  placeStorage(draft, `services.${postgres.name}.volumes`);
  noteService(draft, postgres);
}

/** Nothing of the old data folder is taken over, only a dump, so the same release on Debian does as well (PG-02). */
function onDebian(draft: Draft, postgres: Service): Service {
  const twin = postgres.image === undefined ? undefined : debianTwin(postgres.image);
  if (twin === undefined) return postgres;
  const from = `services.${postgres.name}.image`;
  draft.note('changed', from, `${postgres.image} is now ${twin}: the user of Alpine's images has another number`);
  return { ...postgres, image: twin };
}

/** A volume of compose has no size, so somebody has to choose one; the number is that of the examples. */
function placeStorage(draft: Draft, from: string): void {
  draft.place(
    'postgres.storage.size',
    '20Gi',
    from,
    'CHOOSE: volumes of compose have no size; it can grow later, never shrink',
  );
  draft.note(
    'choose',
    from,
    'postgres.storage.size is 20Gi, which no file of yours says: set it to what the data needs, with room for WAL',
  );
}

function noteService(draft: Draft, service: Service): void {
  const from = `services.${service.name}`;
  draft.note(
    'changed',
    `${from}.volumes`,
    'the data does not move by itself: pg_dump the old database and restore it into the new one, before users come',
  );
  const login = service.environment.filter(({ name }) => /^POSTGRES_(USER|PASSWORD|DB)$/.test(name));
  if (login.length > 0)
    draft.note(
      'changed',
      `${from}.environment: ${login.map(({ name }) => name).join(', ')}`,
      'the operator makes a role, a password and a database of its own and tells them to the backend',
    );
  for (const { name } of service.environment.filter(({ name: each }) =>
    /^(POSTGRES_INITDB_ARGS|POSTGRES_HOST_AUTH_METHOD|TZ)$/.test(each),
  )) {
    draft.note(
      'unmapped',
      `${from}.environment: ${name}`,
      'the operator makes the database in UTF-8, with passwords (scram-sha-256), in UTC',
    );
  }
  for (const { target, source } of service.mounts) {
    if (/\.conf$/.test(target))
      draft.note(
        'unmapped',
        `${from}.volumes: ${target}`,
        'the file is not read: put its parameters into postgres.parameters and postgres.extraParameters',
      );
    else if (/initdb/.test(target))
      draft.note(
        'unmapped',
        `${from}.volumes: ${target}`,
        'scripts of the first start are not run: let backend.migrate do what they do',
      );
    else if (source === undefined)
      draft.note('unmapped', `${from}.volumes: ${target}`, 'the operator has a volume of its own');
  }
  noteOtherKeys(draft, { ...service, keys: service.keys.filter((key) => key !== 'shm_size') });
}

/** A database that no service runs: its login goes into a Secret of five keys. */
function placeExternal(draft: Draft, backend: Service): void {
  const url = backend.environment.find(
    ({ name, value = '' }) => /DATABASE|POSTGRES|^PG|^DB_|SQLALCHEMY/i.test(name) && !/sqlite/.test(value),
  );
  if (url === undefined) {
    placeStorage(draft, 'no service of PostgreSQL');
    draft.note(
      'changed',
      'services',
      'there is no PostgreSQL in the file: the operator would run one; set postgres.mode External if it is elsewhere',
    );
    return;
  }
  const from = `${url.from}: ${url.name}`;
  const secret = `${draft.name}-database`;
  draft.place('postgres.mode', 'External', from, 'no service of the file runs PostgreSQL');
  draft.place('postgres.connectionSecretName', secret, from, `from ${from}; its value is not copied`);
  for (const key of ['username', 'password', 'host', 'port', 'dbname']) draft.secret(secret, key, from);
}

interface Field {
  readonly path: string;
  readonly knob: Knob;
}

/** Fields by the parameter that they set; time limits of the application are set on its role. */
const FIELDS: ReadonlyMap<string, Field> = new Map(
  knobsOf(postgresSchema, 'postgres')
    .filter(({ knob }) => ['postgresql.conf', 'roles.sql'].includes(knob.target.file) && knob.target.key !== '*')
    .map(({ path, knob }) => [knob.target.key, { path, knob }]),
);

/** What a bare number means to the server (pg_settings, column unit), where that is neither a count nor kB. */
const BASE_UNITS: Readonly<Record<string, string>> = {
  shared_buffers: '8kB',
  effective_cache_size: '8kB',
  wal_buffers: '8kB',
  min_wal_size: 'MB',
  max_wal_size: 'MB',
  checkpoint_timeout: 's',
  autovacuum_naptime: 's',
  statement_timeout: 'ms',
  transaction_timeout: 'ms',
  log_min_duration_statement: 'ms',
  work_mem: 'kB',
  maintenance_work_mem: 'kB',
};
const KILOBYTES: Readonly<Record<string, number>> = { '8kB': 8, kB: 1, MB: 1024 };

const GRAMMAR = {
  aliases: { '-N': '--max_connections', '-B': '--shared_buffers' },
  switches: new Set(['-i', '-F', '-S']),
};

function placeCommand(draft: Draft, { name, command = [], entrypoint = [] }: Service): void {
  const from = `services.${name}.command`;
  const words = [...entrypoint, ...command].filter(
    (word, index) => index > 1 || !/(^|\/)(postgres|docker-entrypoint\.sh)$/.test(word),
  );
  for (const flag of parseFlags(words, GRAMMAR).flags) {
    const [, key = '', value = ''] =
      (flag.name === '-c'
        ? /^([\w.-]+)\s*=\s*([\s\S]*)$/.exec(flag.value)
        : [flag.value, flag.name.slice(2), flag.value]) ?? [];
    placeParameter(draft, key.toLowerCase().replaceAll('-', '_'), value.replace(/^'(.*)'$/, '$1'), from);
  }
}

function placeParameter(draft: Draft, key: string, value: string, command: string): void {
  if (!/^[a-z_][a-z0-9_.]*$/.test(key)) {
    draft.note('unmapped', command, 'a flag of postgres that sets no parameter');
    return;
  }
  const from = `${command}: ${key}`;
  if (key === 'config_file' || key === 'hba_file') {
    draft.note(
      'unmapped',
      from,
      'the file is not read: put its parameters into postgres.parameters and postgres.extraParameters',
    );
    return;
  }
  if (key === 'listen_addresses') return;
  if (key.includes('.') && isSecret(key, value)) {
    draft.note('unmapped', from, 'it looks like a credential and is not copied');
    return;
  }
  const field = FIELDS.get(key);
  if (field === undefined) {
    draft.place(['postgres', 'extraParameters', `[${key}]`], { name: key, value }, from);
    return;
  }
  draft.place(field.path, fieldValue(field, value), from);
}

/** The value in the form of the field: a size with its unit, whole seconds, a word of ours. */
function fieldValue({ path, knob }: Field, value: string): unknown {
  const { key } = knob.target;
  const base = BASE_UNITS[key];
  const word = Object.entries(knob.words ?? {}).find(([, theirs]) => theirs === value.toLowerCase());
  if (knob.words !== undefined) return word?.[0] ?? value;
  if (base === undefined) return typeOf(path) === 'text' ? value : wholeNumber(value);
  const amount = inBaseUnits(value, { type: 'integer', unit: base });
  if (amount === undefined || amount < 0) return wholeNumber(value);
  const kilobytes = KILOBYTES[base];
  if (kilobytes !== undefined)
    return /^[1-9][0-9]*(kB|MB|GB|TB)$/.test(value) ? value : formatPgSize(amount * kilobytes);
  return path.endsWith('Seconds') && base === 'ms' ? Math.ceil(amount / 1000) : Math.ceil(amount);
}

const wholeNumber = (value: string): number | string => (/^-?[0-9]{1,10}$/.test(value) ? Number(value) : value);
/** Decimal numbers are text in a profile. */
const typeOf = (path: string): 'text' | 'number' =>
  /(checkpointCompletionTarget|randomPageCost)$/.test(path) ? 'text' : 'number';
