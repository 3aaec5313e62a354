import { knobsOf } from '../../crds/knob.ts';
import { backendSchema } from '../../crds/tiers/backend.ts';
import type { Draft } from '../draft.ts';
import { type Flag, flagName, type Grammar, parseFlags } from '../flags.ts';

/** Flags of gunicorn, uvicorn and their like as fields of `backend`. */

const GUNICORN: Grammar = {
  aliases: {
    '-w': '--workers',
    '-k': '--worker-class',
    '-b': '--bind',
    '-t': '--timeout',
    '-c': '--config',
    '-n': '--name',
    '-p': '--pid',
    '-u': '--user',
    '-g': '--group',
    '-e': '--env',
    '-m': '--umask',
    '-D': '--daemon',
    '-R': '--enable-stdio-inheritance',
  },
  switches: new Set(
    'preload reload daemon check-config print-config capture-output enable-stdio-inheritance no-sendfile spew log-syslog proxy-protocol reuse-port strip-header-spaces'
      .split(' ')
      .map((name) => `--${name}`),
  ),
};
const UVICORN: Grammar = {
  aliases: {
    '--timeout-keep-alive': '--keep-alive',
    '--limit-max-requests': '--max-requests',
    '--limit-max-requests-jitter': '--max-requests-jitter',
    '--timeout-graceful-shutdown': '--graceful-timeout',
  },
  switches: new Set(
    'reload proxy-headers no-proxy-headers access-log no-access-log use-colors no-use-colors server-header no-server-header date-header no-date-header factory'
      .split(' ')
      .map((name) => `--${name}`),
  ),
};

/** Fields by flag, from the knobs themselves. */
const FIELDS = new Map(
  knobsOf(backendSchema, 'backend')
    .filter(({ knob }) => knob.target.file === 'gunicorn')
    .map(({ path, knob }) => [knob.target.key, path]),
);

/** Flags that the operator sets by itself, or that change nothing in a pod. */
const SETTLED =
  /^--(access-logfile|error-logfile|access-log|no-access-log|access-logformat|log-level|log-file|capture-output|worker-tmp-dir|name|pid|forwarded-allow-ips|proxy-headers|proxy-allow-ips|host|user|group|use-colors|no-use-colors|server-header|no-server-header|date-header|no-date-header|enable-stdio-inheritance|disable-redirect-access-to-syslog|reload|loop|http|ws)$/;

const REASONS: Readonly<Record<string, string>> = {
  '--preload': 'the workers would share the connections that the application opens when it is loaded: left out',
  '--threads': 'it means nothing to workers of uvicorn; threadTokens bounds the threads of plain def endpoints',
  '--config': 'the file is Python and is not read: set what it sets in the fields of backend',
  '--factory':
    'gunicorn takes no factory of uvicorn: give the module an attribute that is the application, and set backend.app',
  '--root-path': 'gunicorn has no such flag: set root_path where the application is made',
  '--chdir': 'the working directory is the one of the image: set WORKDIR in the Dockerfile',
  '--limit-concurrency': 'gunicorn has no such flag: edge.connectionLimit and edge.rateLimit bound the load',
  '--env': 'set it in backend.env',
};

/** Reads the arguments of a server; `from` is the key of the compose file in which they stand. */
export function placeServer(draft: Draft, program: string, words: readonly string[], from: string): void {
  const { flags, positionals } = parseFlags(words, program === 'gunicorn' ? GUNICORN : UVICORN);
  if (program !== 'gunicorn') {
    draft.note(
      'changed',
      `${from}: ${program}`,
      'pitcrew starts gunicorn with workers of uvicorn: the image needs the packages gunicorn and uvicorn (or uvicorn-worker)',
    );
  }
  for (const flag of flags) placeFlag(draft, flag, from);
  if (program === 'fastapi') {
    draft.note(
      'unmapped',
      `${from}: fastapi`,
      'it finds the application by itself, gunicorn does not: set backend.app, for example app.main:app',
    );
    return;
  }
  if (flags.every(({ name }) => name !== '--factory')) placeApp(draft, positionals, from);
}

/** The flags of GUNICORN_CMD_ARGS. */
export function placeGunicornArguments(draft: Draft, words: readonly string[], from: string): void {
  for (const flag of parseFlags(words, GUNICORN).flags) placeFlag(draft, flag, from);
}

function placeFlag(draft: Draft, { name, written, value }: Flag, from: string): void {
  const where = `${from}: ${flagName(written)}`;
  const field = FIELDS.get(name);
  if (field === 'backend.workerClass') {
    placeWorkerClass(draft, value, where);
    return;
  }
  if (field !== undefined) {
    placeNumber(draft, field, value, where, `from ${where} ${value}`);
    return;
  }
  if (name === '--bind') {
    placePort(draft, /:([0-9]+)$/.exec(value)?.[1], where);
    return;
  }
  if (name === '--port') {
    placePort(draft, value, where);
    return;
  }
  if (SETTLED.test(name)) return;
  draft.note('unmapped', where, REASONS[name] ?? 'pitcrew has no field for it');
}

export function placeNumber(draft: Draft, field: string, value: string, where: string, comment?: string): void {
  if (/^[0-9]{1,9}$/.test(value)) {
    draft.place(field, Number(value), where, comment);
    return;
  }
  draft.place(field, value, where);
}

function placePort(draft: Draft, port: string | undefined, where: string): void {
  if (port === undefined) {
    draft.note('unmapped', where, 'a socket is no port: pods are reached by TCP, 8000 is taken');
    return;
  }
  placeNumber(draft, 'backend.port', port, where);
}

function placeWorkerClass(draft: Draft, value: string, where: string): void {
  const isAsgi = /uvicorn|asgi/i.test(value);
  if (isAsgi) {
    draft.place('backend.workerClass', value, where);
    return;
  }
  draft.note(
    'unmapped',
    where,
    'pitcrew runs ASGI applications under workers of uvicorn: for Django use its asgi module (project.asgi:application), for other WSGI wrap it (a2wsgi)',
  );
}

function placeApp(draft: Draft, positionals: readonly string[], from: string): void {
  const app = positionals.find((word) => /^[\w.]+(:[\w.()]+)?$/.test(word));
  if (app === undefined) {
    draft.note('unmapped', `${from}: application`, 'it is not named there: set backend.app, or main:app is taken');
    return;
  }
  if (/wsgi/i.test(app)) {
    draft.note(
      'unmapped',
      `${from}: application`,
      'a WSGI application does not run under workers of uvicorn: set backend.app to the ASGI one (Django: project.asgi:application)',
    );
    return;
  }
  draft.place('backend.app', app, `${from}: application`);
}
