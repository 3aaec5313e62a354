import { selfSignedCertificate } from '../support/certificate.ts';
import type { Kubectl } from '../support/kubectl.ts';
import { startJudge } from './judge-pod.ts';
import type { Rendered } from './rendered.ts';

/** Whether the real servers take what is rendered for them. Each answers with its refusals, by the index of the profile. */
export type Refusals = Record<string, string>;

/** Files of one case, by their path in its folder. */
type Files = Readonly<Record<string, string>>;

const nameOf = (index: number): string => `p${index}`;

/** `nginx -t` on each nginx.conf. */
export async function askNginx(kubectl: Kubectl, rendered: readonly Rendered[]): Promise<Refusals> {
  const judge = await startJudge(kubectl, {
    name: 'judge-nginx',
    image: 'nginx:1.30',
    user: 101,
    hosts: ['shop-backend', 'shop-frontend'],
  });
  try {
    const { certificate, key } = selfSignedCertificate(['shop.example']);
    const cases = new Map<string, Files>(
      rendered.map(({ nginxConf }, index) => [nameOf(index), { 'nginx.conf': nginxConf }] as const),
    );
    cases.set('tls', { 'tls.crt': certificate, 'tls.key': key });
    const script = `mkdir -p /etc/pitcrew/tls /tmp/pitcrew; mv tls/* /etc/pitcrew/tls/; rmdir tls
      for c in *; do out=$(nginx -t -q -c /work-cases/$c/nginx.conf 2>&1) || echo "REFUSED $c $(echo "$out" | grep -v warn | tr '\\n' ' ')"; done; echo JUDGED`;
    return await judge.judge(cases, script);
  } finally {
    await judge.end();
  }
}

/** gunicorn's own reading of each command line and file, all in one process, as \`--check-config\` does it. */
export async function askGunicorn(kubectl: Kubectl, rendered: readonly Rendered[]): Promise<Refusals> {
  const judge = await startJudge(kubectl, {
    name: 'judge-gunicorn',
    image: 'localhost/bahamm-backend:2.0',
    user: 1000,
  });
  try {
    const cases = new Map<string, Files>(
      rendered.map(({ gunicorn }, index) => [
        nameOf(index),
        { 'gunicorn.conf.py': gunicorn.config, 'command.json': JSON.stringify(gunicorn.command) },
      ]),
    );
    cases.set('judge', { 'judge.py': GUNICORN_JUDGE });
    return await judge.judge(cases, 'python judge/judge.py && echo JUDGED');
  } finally {
    await judge.end();
  }
}

const GUNICORN_JUDGE = `
import json, os, sys, io, contextlib
from gunicorn.app.wsgiapp import WSGIApplication

os.environ.update(DB_POOL_SIZE="1", DB_MAX_OVERFLOW="1", DB_POOL_RECYCLE="60", DB_POOL_TIMEOUT="1", DB_POOL_PRE_PING="true", DB_POOL_USE_LIFO="false")
for case in sorted(os.listdir(".")):
    if not case.startswith("p"):
        continue
    command = json.load(open(case + "/command.json"))
    if len(command) == 0:
        continue
    at = command.index("--config")
    command[at + 1] = os.path.abspath(case + "/gunicorn.conf.py")
    sys.argv = command
    err = io.StringIO()
    finders = list(sys.meta_path)
    try:
        with contextlib.redirect_stderr(err):
            app = WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]", prog="gunicorn")
            app.cfg.worker_class_str
    except BaseException as error:
        print("REFUSED", case, (repr(error) + " " + err.getvalue()).replace("\\n", " "))
    sys.meta_path[:] = finders
`;

/** \`postgres -C\` on each postgresql.conf: the server reads all of the file before it answers. */
export async function askPostgres(kubectl: Kubectl, rendered: readonly Rendered[]): Promise<Refusals> {
  const judge = await startJudge(kubectl, {
    name: 'judge-postgres',
    image: 'postgres:18',
    user: 999,
    prepare:
      'PATH="$PATH:$(echo /usr/lib/postgresql/*/bin)"; mkdir -p /etc/pitcrew/postgres; initdb -D /var/cache/pitcrew/data >/dev/null',
  });
  try {
    const cases = new Map(
      rendered.flatMap(({ postgresqlConf }, index) =>
        postgresqlConf === undefined ? [] : [[nameOf(index), { 'postgresql.conf': postgresqlConf }] as const],
      ),
    );
    const script = `PATH="$PATH:$(echo /usr/lib/postgresql/*/bin)"
      for c in *; do out=$(postgres -D /var/cache/pitcrew/data -c config_file=/work-cases/$c/postgresql.conf -C pitcrew.config_hash 2>&1) || echo "REFUSED $c $(echo "$out" | tr '\\n' ' ')"; done; echo JUDGED`;
    return await judge.judge(cases, script);
  } finally {
    await judge.end();
  }
}
