import type { EnvVar } from '../../crds/fields.ts';
import { knobsOf } from '../../crds/knob.ts';
import { backendSchema } from '../../crds/tiers/backend.ts';
import type { Fix, Rule, RuleInput, Violation } from '../findings.ts';
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
};
/** A user and a password in a URL, and not a reference to another variable. */
const PASSWORD_IN_URL = /:\/\/[^:@/$]*:[^@$]+@/;

export const ENVIRONMENT_RULES: readonly Rule[] = [
  { id: 'INV-25', path: 'backend.env', check: twins },
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
  },
  {
    id: 'DB-10',
    path: 'backend.env',
    check: ({ spec }) => {
      const url = spec.backend.env?.find(({ name }) => name === 'DATABASE_URL')?.value;
      if (!postgresManaged(spec) || url === undefined || /\$\((PGHOST|DATABASE_URL)\)/.test(url)) return undefined;
      return {
        severity: 'Info',
        message:
          'DATABASE_URL does not refer to $(PGHOST): the application may talk to another database than the one that is run and tuned here',
        fixes: [],
        advice:
          'build it from the parts, for example postgresql+asyncpg://$(PGUSER):$(PGPASSWORD)@$(PGHOST):$(PGPORT)/$(PGDATABASE)',
      };
    },
  },
];

const names = (variables: readonly EnvVar[]): string => variables.map(({ name }) => name).join(', ');

function twins({ spec }: RuleInput): Violation | undefined {
  const backend = (spec.backend.env ?? []).filter(({ name }) => name in BACKEND_TWINS);
  const frontend = (spec.frontend?.env ?? []).filter((variable) => isFrontendTwin(variable, spec));
  if (backend.length + frontend.length === 0) return undefined;
  const preload = backend.some(({ name, value }) => name === 'GUNICORN_CMD_ARGS' && /--preload\b/.test(value ?? ''));
  const said = [
    ...backend.map(({ name }) => `${name} in backend.env overrides ${BACKEND_TWINS[name]}`),
    ...frontend.map(({ name }) => `${name} in frontend.env overrides ${FRONTEND_TWINS[name] ?? 'frontend.port'}`),
    ...(preload
      ? ['--preload loads the application before the workers are forked, and they share its connections']
      : []),
  ];
  return {
    severity: preload ? 'Error' : 'Warning',
    message: `${said.join('; ')}: what the profile says, and all that is derived and checked from it, does not hold`,
    fixes: [
      {
        ...without('backend.env', spec.backend.env, backend),
        ...without('frontend.env', spec.frontend?.env, frontend),
      },
    ],
    advice: 'set the field to the value that the variable has',
  };
}

function isFrontendTwin({ name, value }: EnvVar, spec: RuleInput['spec']): boolean {
  if (name === 'PORT') return value !== String(frontendPort(spec));
  return name in FRONTEND_TWINS;
}

function without(
  path: 'backend.env' | 'frontend.env',
  all: readonly EnvVar[] | undefined,
  taken: readonly EnvVar[],
): Fix {
  return taken.length === 0 ? {} : { [path]: (all ?? []).filter((variable) => !taken.includes(variable)) };
}
