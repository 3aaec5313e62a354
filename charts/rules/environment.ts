import type { EnvVar } from '../../crds/fields.ts';
import { knobsOf } from '../../crds/knob.ts';
import { backendSchema } from '../../crds/tiers/backend.ts';
import { type Cel, cel, raw, say } from '../admission/cel.ts';
import { managed } from '../admission/values.ts';
import type { Admission, Rule, RuleInput, Verdict, Violation } from '../findings.ts';
import { frontendPort, postgresManaged } from '../stack.ts';

/** Variables of the user that say the same as a field, so that one of the two is a lie. */

/** Variables that the user's environment overrides, and the field that then no longer tells the truth. */
const BACKEND_TWINS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    knobsOf(backendSchema, 'backend')
      .filter(({ knob }) => knob.target.file === 'env')
      .map(({ path, knob }) => [knob.target.key, path]),
  ),
  WEB_CONCURRENCY: 'backend.workers',
  GUNICORN_CMD_ARGS: 'the fields of backend',
};
const FRONTEND_TWINS: Readonly<Record<string, string>> = {
  NODE_OPTIONS: 'frontend.maxOldSpaceMiB',
  KEEP_ALIVE_TIMEOUT: 'frontend.keepAliveSeconds',
  PORT: 'frontend.port',
};
const PRELOAD = /--preload\b/;
/** A URL that leads to the database that is run here. */
const OWN_DATABASE = /\$\((PGHOST|DATABASE_URL)\)/;
/** A user and a password in a URL, and not a reference to another variable. */
const PASSWORD_IN_URL = /:\/\/[^:@/$]*:[^@$]+@/;

export const ENVIRONMENT_RULES: readonly Rule[] = [
  { id: 'INV-25', path: 'backend.env', check: twins, admission: twinWarnings() },
  {
    id: 'S-26',
    path: 'backend.env',
    check: ({ spec }) => {
      const open = [...(spec.backend.env ?? []), ...(spec.frontend?.env ?? [])].filter(({ value }) =>
        PASSWORD_IN_URL.test(value ?? ''),
      );
      if (open.length === 0) return undefined;
      return {
        severity: 'Warning',
        message: `${names(open)} holds a password in clear text, for everybody to read who may read the profile`,
        fixes: [],
        advice:
          'put it into a Secret and name that by valueFrom.secretKeyRef, or build the URL from $(PGUSER), $(PGPASSWORD) and $(PGHOST)',
      };
    },
    admission: [passwordWarning('backend'), passwordWarning('frontend')],
  },
  {
    id: 'DB-10',
    path: 'backend.env',
    check: ({ spec }) => {
      const url = spec.backend.env?.find(({ name }) => name === 'DATABASE_URL')?.value;
      if (!postgresManaged(spec) || url === undefined || OWN_DATABASE.test(url)) return undefined;
      return {
        severity: 'Info',
        message:
          'DATABASE_URL does not refer to $(PGHOST): the application may talk to another database than the one that is run and tuned here',
        fixes: [],
        advice:
          'build it from the parts, for example postgresql+asyncpg://$(PGUSER):$(PGPASSWORD)@$(PGHOST):$(PGPORT)/$(PGDATABASE)',
      };
    },
    admission: [elsewhereWarning()],
  },
];

const names = (variables: readonly EnvVar[]): string => variables.map(({ name }) => name).join(', ');

function twins({ spec }: RuleInput): Verdict {
  const backend = (spec.backend.env ?? []).filter(({ name }) => name in BACKEND_TWINS);
  const frontend = (spec.frontend?.env ?? []).filter((variable) => isFrontendTwin(variable, spec));
  const isPreloading = ({ name, value }: EnvVar) => name === 'GUNICORN_CMD_ARGS' && PRELOAD.test(value ?? '');
  return [
    twinsIn('backend.env', backend, spec.backend.env, BACKEND_TWINS, backend.some(isPreloading)),
    twinsIn('frontend.env', frontend, spec.frontend?.env, FRONTEND_TWINS, false),
  ];
}

function twinsIn(
  path: 'backend.env' | 'frontend.env',
  found: readonly EnvVar[],
  all: readonly EnvVar[] | undefined,
  twins: Readonly<Record<string, string>>,
  isPreloading: boolean,
): Violation | undefined {
  if (found.length === 0) return undefined;
  const said = [
    ...found.map(({ name }) => `${name} in ${path} overrides ${twins[name]}`),
    ...(isPreloading
      ? ['--preload loads the application before the workers are forked, and they share its connections']
      : []),
  ];
  return {
    severity: isPreloading ? 'Error' : 'Warning',
    path,
    message: `${said.join('; ')}: what the profile says, and all that is derived and checked from it, does not hold`,
    fixes: [{ [path]: (all ?? []).filter((variable) => !found.includes(variable)) }],
    advice: 'set the field to the value that the variable has',
  };
}

function isFrontendTwin({ name, value }: EnvVar, spec: RuleInput['spec']): boolean {
  if (name === 'PORT') return value !== String(frontendPort(spec));
  return name in FRONTEND_TWINS;
}

/** Variables of a tier that are true of `e`. */
function variablesOf(tier: 'backend' | 'frontend', isMeant: Cel): { readonly found: Cel; readonly names: Cel } {
  const all = tier === 'backend' ? 'object.spec.backend.?env' : 'object.spec.?frontend.?env';
  const meant = raw(`${all}.orValue([]).filter(e, ${isMeant.text})`, isMeant);
  return { found: cel`size(${meant}) > 0`, names: raw(`${meant.text}.map(e, e.name).join(', ')`, meant) };
}

/** PORT is right where it says what the field says: left to the operator. */
function twinWarnings(): Admission[] {
  const twins = { backend: Object.keys(BACKEND_TWINS), frontend: Object.keys(FRONTEND_TWINS) };
  const isPreloading = cel`e.name == ${'GUNICORN_CMD_ARGS'} && e.?value.orValue('').matches(${PRELOAD.source})`;
  return (['backend', 'frontend'] as const).map((tier) => {
    const { found, names } = variablesOf(tier, cel`e.name in ${twins[tier].filter((name) => name !== 'PORT')}`);
    return {
      wrong: found,
      ...(tier === 'backend' ? { refused: variablesOf(tier, isPreloading).found } : {}),
      says: say`${names} in ${tier}.env overrides a field: what the profile says, and all that is derived from it, does not hold`,
      fix: say`take it out of ${tier}.env and set the field`,
    };
  });
}

function passwordWarning(tier: 'backend' | 'frontend'): Admission {
  const { found, names } = variablesOf(tier, cel`e.?value.orValue('').matches(${PASSWORD_IN_URL.source})`);
  return {
    wrong: found,
    says: say`${names} in ${tier}.env holds a password in clear text, for everybody to read who may read the profile`,
    fix: say`put it into a Secret and name that by valueFrom.secretKeyRef`,
  };
}

function elsewhereWarning(): Admission {
  const isUrl = cel`e.name == ${'DATABASE_URL'} && has(e.value) && !e.value.matches(${OWN_DATABASE.source})`;
  return {
    wrong: cel`${managed} && ${variablesOf('backend', isUrl).found}`,
    says: say`DATABASE_URL does not refer to $(PGHOST): the application may talk to another database than the one that is run and tuned here`,
    fix: say`build it from $(PGUSER), $(PGPASSWORD), $(PGHOST), $(PGPORT) and $(PGDATABASE)`,
  };
}
