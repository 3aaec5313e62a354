import { knobsOf } from '../../crds/knob.ts';
import { backendSchema } from '../../crds/tiers/backend.ts';
import { missingIn } from '../compose/interpolate.ts';
import type { Variable } from '../compose/service.ts';
import type { Draft } from '../draft.ts';
import type { Roles } from '../roles.ts';
import { hasSecretName, isSecret, isSecretValue } from '../secrets.ts';
import { wordsOf } from '../shell-words.ts';
import { numberOr } from './container.ts';
import { placeGunicornArguments } from './gunicorn.ts';

/** Environments: what a field says is put there, what the operator sets is left out, what is secret goes into a Secret. */

interface Surroundings {
  readonly draft: Draft;
  readonly roles: Roles;
  readonly tier: 'backend' | 'frontend';
}

/** Fields by the variable that they set. */
const BACKEND_FIELDS = new Map(
  knobsOf(backendSchema, 'backend')
    .filter(({ knob }) => knob.target.file === 'env')
    .map(({ path, knob }) => [knob.target.key, path]),
);
BACKEND_FIELDS.set('WEB_CONCURRENCY', 'backend.workers');

/** The operator sets them itself. */
const SET_BY_US = {
  backend: /^(PGHOST|PGPORT|PGUSER|PGPASSWORD|PGDATABASE|PYTHONUNBUFFERED|LANG)$/,
  frontend: /^(HOSTNAME|NEXT_TELEMETRY_DISABLED|MALLOC_ARENA_MAX)$/,
};

export function placeEnvironment(around: Surroundings, variables: readonly Variable[]): void {
  for (const variable of variables) {
    const from = `${variable.from}: ${variable.name}`;
    if (SET_BY_US[around.tier].test(variable.name) || placeField(around, variable, from)) continue;
    if (placeDatabase(around, variable, from)) continue;
    placeVariable(around, variable, from);
  }
}

/** Variables that a field of the profile stands for. */
function placeField({ draft, tier }: Surroundings, { name, value = '' }: Variable, from: string): boolean {
  if (tier === 'frontend') return placeFrontendField(draft, name, value, from);
  const field = BACKEND_FIELDS.get(name);
  if (name === 'GUNICORN_CMD_ARGS') placeGunicornArguments(draft, wordsOf(value), from);
  else if (field === undefined) return false;
  else draft.place(field, /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : numberOr(value), from);
  return true;
}

function placeFrontendField(draft: Draft, name: string, value: string, from: string): boolean {
  if (name === 'PORT') draft.place('frontend.port', numberOr(value), from);
  else if (name === 'KEEP_ALIVE_TIMEOUT' && /^[0-9]+$/.test(value)) {
    draft.place('frontend.keepAliveSeconds', Math.ceil(Number(value) / 1000), from);
  } else if (name === 'NODE_OPTIONS') placeNodeOptions(draft, value, from);
  else return false;
  return true;
}

function placeNodeOptions(draft: Draft, value: string, from: string): void {
  const size = /--max[-_]old[-_]space[-_]size=([0-9]+)/.exec(value);
  if (size !== null) draft.place('frontend.maxOldSpaceMiB', Number(size[1]), from);
  if (value.replace(size?.[0] ?? '', '').trim() !== '') {
    draft.note(
      'unmapped',
      from,
      'only --max-old-space-size is taken over, the other options of Node are not: set them in the image',
    );
  }
}

const DATABASE_URL = /^(postgres(?:ql)?(?:\+\w+)?):\/\/(?:[^@/\s]*@)?([^/:?\s]*)(?::[0-9]+)?(?:\/([^?\s]*))?(\?\S*)?$/;
const PLAIN_URL = 'postgresql';
/** The part of a login that a variable names. */
const PARTS: ReadonlyArray<readonly [RegExp, string]> = [
  [/(HOST(NAME)?|SERVER|ADDR(ESS)?)$/, 'PGHOST'],
  [/PORT$/, 'PGPORT'],
  [/(USER(NAME)?|LOGIN)$/, 'PGUSER'],
  [/(PASS(WORD)?|PWD)$/, 'PGPASSWORD'],
  [/(NAME|_DB|DATABASE)$/, 'PGDATABASE'],
];

/** The connection to the database: the operator knows it, and its login is a new one. */
function placeDatabase({ draft, tier }: Surroundings, { name, value = '' }: Variable, from: string): boolean {
  if (tier === 'frontend') return false;
  const url = DATABASE_URL.exec(value);
  if (url !== null) {
    placeUrl(draft, name, url, from);
    return true;
  }
  const part = /^(DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL)_/.test(name)
    ? PARTS.find(([ending]) => ending.test(name))?.[1]
    : undefined;
  if (part === undefined) return false;
  draft.place(
    ['backend', 'env', `[${name}]`],
    { name, value: `$(${part})` },
    from,
    `from ${from}, whose value the operator knows`,
  );
  return true;
}

function placeUrl(draft: Draft, name: string, [, scheme = '', , , query = '']: RegExpExecArray, from: string): void {
  const isKept = /^\?[\w.=&-]+$/.test(query) && !isSecretValue(query);
  if (query !== '' && !isKept) {
    draft.note(
      'unmapped',
      from,
      'the options behind the ? of the URL are not taken over: set in the application what it still needs',
    );
  }
  if (name === 'DATABASE_URL' && scheme === PLAIN_URL && !isKept) {
    draft.note(
      'changed',
      from,
      'left out: the operator sets it, with the login that it makes or that the Secret names',
    );
    return;
  }
  const value = `${scheme}://$(PGUSER):$(PGPASSWORD)@$(PGHOST):$(PGPORT)/$(PGDATABASE)${isKept ? query : ''}`;
  draft.place(
    ['backend', 'env', `[${name}]`],
    { name, value },
    from,
    `from ${from}, with the login that the operator knows`,
  );
}

function placeVariable(around: Surroundings, { name, value }: Variable, from: string): void {
  const { draft, tier, roles } = around;
  if (value?.startsWith('/run/secrets/') === true) {
    draft.note(
      'unmapped',
      from,
      `no files are mounted there: let the application read a variable, from a Secret by ${tier}.env`,
    );
    return;
  }
  const missing = value === undefined ? [name] : missingIn(value);
  const isHidden = value !== undefined && missing.length === 0 ? isSecret(name, value) : hasSecretName(name);
  if (isHidden) {
    placeSecret(around, name, from);
    return;
  }
  if (missing.length > 0) {
    draft.note(
      'unmapped',
      from,
      `${missing.join(', ')} has no value in your files: give it by --dotenv, or set ${tier}.env yourself`,
    );
    return;
  }
  const led = leadElsewhere(roles, tier, value ?? '');
  if (led.isOurs && name === 'API_URL' && led.value === '$(API_URL)') return;
  if (led.service !== undefined) {
    draft.note(
      'changed',
      from,
      `it leads to the service ${led.service}, which pitcrew does not run: a Service of that name must be in the namespace`,
    );
  }
  draft.place([tier, 'env', `[${name}]`], { name, value: led.value }, from);
}

/** Only a variable that Kubernetes takes becomes a key of a Secret, and a word of the command that makes it. */
function placeSecret({ draft, tier }: Surroundings, name: string, from: string): void {
  const secret = `${draft.name}-${tier}-env`;
  const reference = { name, valueFrom: { secretKeyRef: { name: secret, key: name } } };
  const isPlaced = draft.place([tier, 'env', `[${name}]`], reference, from, `from ${from}; its value is not copied`);
  if (isPlaced) draft.secret(secret, name, from);
}

interface Led {
  readonly value: string;
  readonly isOurs: boolean;
  /** A service that is none of ours. */
  readonly service?: string;
}

/** URLs that name other services: the backend has another name in Kubernetes, which the frontend is told as API_URL. */
function leadElsewhere({ backend, others }: Roles, tier: string, value: string): Led {
  // In a value of Kubernetes $(NAME) would be a variable.
  const literal = value.replaceAll('$(', '$$$$(');
  const [, host = '', rest = ''] = /^https?:\/\/([\w.-]+)(?::[0-9]+)?(\/.*)?$/.exec(value) ?? [];
  if (tier === 'frontend' && host === backend.name) return { value: `$(API_URL)${rest}`, isOurs: true };
  const other = others.find(
    ({ name }) => new RegExp(`(://|@)${name.replaceAll(/[^\w-]/g, '.')}([:/]|$)`).test(value) || value === name,
  );
  return other === undefined
    ? { value: literal, isOurs: false }
    : { value: literal, isOurs: false, service: other.name };
}
