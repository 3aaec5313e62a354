import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kubectl } from '../support/kubectl.ts';

/**
 * The stack that moves. There is no Docker here, so its containers are pods of a namespace of their own with the same
 * images: a PostgreSQL of an earlier major, made with the variables that the official image knows, and a backend with
 * files. A program in the place of `docker` takes the documented commands there.
 */
export const OLD = 'compose';
export const OLD_IMAGE = 'docker.io/library/postgres:17';
const BACKEND_IMAGE = 'localhost/bahamm-backend:2.0';

const DATABASE_ENV = [
  { name: 'POSTGRES_DB', value: 'shop' },
  { name: 'POSTGRES_USER', value: 'shop_app' },
  { name: 'PGHOST', value: '/tmp' },
];
const START_DATABASE = `initdb -D /tmp/data -U "$POSTGRES_USER" -E UTF8 --locale=C.UTF-8 -A trust >/dev/null
printf 'host all all all trust\\n' >> /tmp/data/pg_hba.conf
postgres -D /tmp/data -k /tmp -c listen_addresses='*' &
until pg_isready -q -d postgres -U "$POSTGRES_USER"; do sleep 0.2; done
createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
wait`;
/** The shop fills its database as it does at every start of compose; then it only keeps its files. */
const START_BACKEND = `until python seed_db.py; do sleep 1; done
mkdir -p uploads/2026 && echo picture > uploads/2026/rug.jpg && touch /tmp/ready && exec sleep infinity`;

interface Service {
  readonly name: string;
  readonly image: string;
  readonly command: string;
  readonly user: number;
  readonly ready: string;
  readonly env: ReadonlyArray<{ readonly name: string; readonly value: string }>;
}

const SERVICES: readonly Service[] = [
  {
    ...{ name: 'db', image: OLD_IMAGE, command: START_DATABASE, user: 999, env: DATABASE_ENV },
    ready: 'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "select 1"',
  },
  {
    ...{ name: 'backend', image: BACKEND_IMAGE, command: START_BACKEND, user: 1000 },
    env: [
      { name: 'DATABASE_URL', value: 'postgresql://shop_app@db:5432/shop' },
      { name: 'SECRET_KEY', value: 'also made up' },
    ],
    ready: 'test -e /tmp/ready',
  },
];

const podOf = ({ name, image, command, user, env, ready }: Service) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: OLD, labels: { service: name } },
  spec: {
    securityContext: { runAsUser: user },
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        ...{ name, image, env },
        command: ['sh', '-c', command],
        readinessProbe: { exec: { command: ['sh', '-c', ready] }, periodSeconds: 1, failureThreshold: 300 },
      },
    ],
  },
});

const database = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'db', namespace: OLD },
  spec: { selector: { service: 'db' }, ports: [{ port: 5432 }] },
};

/** Starts the old stack with the shop's tables and rows in it. */
export async function startOldStack(kubectl: Kubectl): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: OLD } };
  const items = [namespace, database, ...SERVICES.map(podOf)];
  await kubectl.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), 'apply', '-f', '-');
  await kubectl.run('wait', 'pod', '--all', '-n', OLD, '--for=condition=Ready', '--timeout=5m');
}

/** Puts a `docker` into the folder that knows the commands of the page and refuses any other. */
export function installDocker(folder: string): void {
  const file = join(folder, 'docker');
  writeFileSync(
    file,
    `#!/bin/sh
set -eu
[ "$1" = compose ] || { echo "docker $*: not known here" >&2; exit 64; }
shift
inside() { service=$1; shift; exec kubectl exec -i -n ${OLD} "$service" -- "$@"; }
case "$*" in
  "exec -T "*) shift 2; inside "$@" ;;
  "run --rm --no-deps -T --entrypoint "*) shift 5; program=$1 service=$2; shift 2; inside "$service" "$program" "$@" </dev/null ;;
  "stop nginx backend" | "start backend nginx") echo "$*" ;;
  *) echo "docker compose $*: not known here" >&2; exit 64 ;;
esac
`,
  );
  chmodSync(file, 0o755);
}
