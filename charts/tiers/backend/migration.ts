import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { shortHashOf } from '../../kit/hash.ts';
import { labelsOf, PROFILE_LABEL, ROLE_LABEL } from '../../kit/labels.ts';
import { dataClaimName, MIGRATE_ROLE, migrateName } from '../../kit/names.ts';
import { CONTAINER_SECURITY, fromSecret, literal } from '../../kit/pod.ts';
import { postgresManaged, type Stack } from '../../stack.ts';
import { POSTGRES_USER } from '../postgres/bootstrap.ts';
import { backendEnvironment, backendPodBase, backendResources, backendVolumes, connectionSecret } from './pod.ts';

/**
 * The migration: a Job that runs once for each image and command, after a dump of the database (D20),
 * before any pod of the new revision starts. Its name carries the hash, so a new image is a new Job.
 */

const DEFAULT_TIMEOUT_SECONDS = 600;
const MIGRATIONS_KEPT = 3;

/** Hash that names the migration; undefined where the profile has none. */
export function migrationHash(stack: Stack): string | undefined {
  const { migrate, image } = stack.spec.backend;
  return migrate === undefined ? undefined : shortHashOf(image, ...migrate.command);
}

export function addMigration(chart: Chart, stack: Stack): void {
  const hash = migrationHash(stack);
  const migrate = stack.spec.backend.migrate;
  if (hash === undefined || migrate === undefined) return;
  const labels = { ...labelsOf(stack.name, 'backend'), [ROLE_LABEL]: 'migrate' };
  new k8s.KubeJob(chart, 'backend-migrate', {
    metadata: { name: migrateName(stack.name, hash), namespace: stack.namespace, labels },
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: migrate.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
      template: { metadata: { labels: podLabels(stack) }, spec: migrationPod(stack, migrate.command, hash) },
    },
  });
}

/** Not the labels that the Service selects by: a migration answers no requests. */
function podLabels(stack: Stack): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'migrate',
    'app.kubernetes.io/managed-by': 'pitcrew',
    [PROFILE_LABEL]: stack.name,
    [ROLE_LABEL]: 'migrate',
  };
}

function migrationPod(stack: Stack, command: string[], hash: string): k8s.PodSpec {
  const { volumes, volumeMounts } = backendVolumes(stack);
  const dump = postgresManaged(stack.spec);
  return {
    ...backendPodBase(stack),
    restartPolicy: 'Never',
    volumes: dump
      ? [...volumes, { name: 'data', persistentVolumeClaim: { claimName: dataClaimName(stack.name) } }]
      : volumes,
    ...(dump ? { initContainers: [dumpContainer(stack, hash)] } : {}),
    containers: [
      {
        name: 'migrate',
        image: stack.spec.backend.image,
        imagePullPolicy: 'IfNotPresent',
        command,
        env: migrationEnvironment(stack),
        resources: backendResources(stack),
        securityContext: CONTAINER_SECURITY,
        terminationMessagePolicy: 'FallbackToLogsOnError', // The last lines of a failed migration reach the status.
        volumeMounts,
      },
    ],
  };
}

/** The parts of a login: whoever sets one of them has a login of his own. */
const LOGIN_PARTS = new Set(['PGUSER', 'PGPASSWORD', 'PGHOST', 'PGPORT', 'PGDATABASE']);

/**
 * DB-04: an index may take longer to build than any request may wait, so the migration of a database of ours logs in
 * as a role without time limits. An application that takes its login from the Secret by variables of its own comes as
 * its usual role; then PGOPTIONS lifts the limit where libpq is the driver, as in psycopg, and nothing does in asyncpg.
 * Either way a migration must not stand in a queue for a lock with all requests behind it.
 */
function migrationEnvironment(stack: Stack): k8s.EnvVar[] {
  const ours = backendEnvironment(stack);
  // A pooler in front of a database of others refuses options that it does not know.
  if (!postgresManaged(stack.spec)) return ours;
  const own = (stack.spec.backend.env ?? []).some(({ name }) => LOGIN_PARTS.has(name));
  const login = own ? ours : ours.map((each) => (each.name === 'PGUSER' ? literal('PGUSER', MIGRATE_ROLE) : each));
  const options = literal('PGOPTIONS', '-c statement_timeout=0 -c lock_timeout=5s');
  return login.some(({ name }) => name === 'PGOPTIONS') ? login : [...login, options];
}

/** Writes a dump beside the data, once for each Job. An empty database is dumped too: it is small. */
function dumpContainer(stack: Stack, hash: string): k8s.Container {
  const secret = connectionSecret(stack);
  return {
    name: 'dump',
    image: stack.value('postgres.image'),
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/sh', '-c', DUMP_SCRIPT],
    env: [
      fromSecret('PGUSER', secret, 'username'),
      fromSecret('PGPASSWORD', secret, 'password'),
      fromSecret('PGHOST', secret, 'host'),
      fromSecret('PGPORT', secret, 'port'),
      fromSecret('PGDATABASE', secret, 'dbname'),
      literal('MIGRATION', hash),
      { name: 'JOB', valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } } },
    ],
    resources: backendResources(stack),
    securityContext: { ...CONTAINER_SECURITY, runAsUser: POSTGRES_USER, runAsGroup: POSTGRES_USER },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/dumps', subPath: 'dumps' }],
  };
}

/**
 * A retry of a migration must never push out the dump from before the damage: a Job dumps once, and of each
 * migration the first dump stays beside the last one, for the last few migrations.
 */
const DUMP_SCRIPT = `set -eu
export PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')"
umask 077
cd /var/lib/postgresql/dumps
if [ -e ".dumped-by-$JOB" ]; then echo "dumped by an earlier attempt of this migration"; exit 0; fi
# The database may be ready a moment before its Service leads to it, and before it knows the login of the migration.
tries=0
until pg_isready --quiet && PGUSER=${MIGRATE_ROLE} psql --no-psqlrc --quiet --command='' >/dev/null 2>&1; do
  tries=$((tries + 1)); [ "$tries" -lt 60 ] || break
  sleep 1
done
# A dump counts only when it is whole: written beside, then renamed.
rm -f .before-migration-*.part
name="before-migration-$MIGRATION-$(date -u +%Y%m%dT%H%M%SZ).dump"
pg_dump --format=custom --file=".$name.part"
mv ".$name.part" "$name"
rm -f .dumped-by-*
touch ".dumped-by-$JOB"
echo "dumped to $name"

kept=
for dump in $(ls -1t before-migration-*.dump); do
  migration=$(echo "$dump" | cut -d- -f3)
  case " $kept " in *" $migration "*) continue ;; esac
  if [ "$(echo $kept | wc -w)" -lt ${MIGRATIONS_KEPT} ]; then
    kept="$kept $migration"
    ls -1 "before-migration-$migration-"*.dump | sed '1d;$d' | while read -r between; do rm -f -- "$between"; done
  else
    rm -f -- "before-migration-$migration-"*.dump
  fi
done
`;
