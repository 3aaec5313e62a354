import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { shortHashOf } from '../../kit/hash.ts';
import { labelsOf, PROFILE_LABEL, ROLE_LABEL } from '../../kit/labels.ts';
import { dataClaimName, migrateName } from '../../kit/names.ts';
import { CONTAINER_SECURITY, fromSecret } from '../../kit/pod.ts';
import { postgresManaged, type Stack } from '../../stack.ts';
import { POSTGRES_USER } from '../postgres/bootstrap.ts';
import { backendEnvironment, backendPodBase, backendResources, backendVolumes, connectionSecret } from './pod.ts';

/**
 * The migration: a Job that runs once for each image and command, after a dump of the database (D20),
 * before any pod of the new revision starts. Its name carries the hash, so a new image is a new Job.
 */

const DEFAULT_TIMEOUT_SECONDS = 600;
const DUMPS_KEPT = 3;

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
      template: { metadata: { labels: podLabels(stack) }, spec: migrationPod(stack, migrate.command) },
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

function migrationPod(stack: Stack, command: string[]): k8s.PodSpec {
  const { volumes, volumeMounts } = backendVolumes(stack);
  const dump = postgresManaged(stack.spec);
  return {
    ...backendPodBase(stack),
    restartPolicy: 'Never',
    volumes: dump
      ? [...volumes, { name: 'data', persistentVolumeClaim: { claimName: dataClaimName(stack.name) } }]
      : volumes,
    ...(dump ? { initContainers: [dumpContainer(stack)] } : {}),
    containers: [
      {
        name: 'migrate',
        image: stack.spec.backend.image,
        imagePullPolicy: 'IfNotPresent',
        command,
        env: backendEnvironment(stack),
        resources: backendResources(stack),
        securityContext: CONTAINER_SECURITY,
        terminationMessagePolicy: 'FallbackToLogsOnError', // The last lines of a failed migration reach the status.
        volumeMounts,
      },
    ],
  };
}

/** Writes a dump beside the data, named by time, and keeps the last few. An empty database is dumped too: it is small. */
function dumpContainer(stack: Stack): k8s.Container {
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
    ],
    resources: backendResources(stack),
    securityContext: { ...CONTAINER_SECURITY, runAsUser: POSTGRES_USER, runAsGroup: POSTGRES_USER },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/dumps', subPath: 'dumps' }],
  };
}

const DUMP_SCRIPT = `set -eu
export PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')"
umask 077
cd /var/lib/postgresql/dumps
rm -f .before-migration-*.part
name="before-migration-$(date -u +%Y%m%dT%H%M%SZ).dump"
# A dump counts only when it is whole: write beside, then rename.
pg_dump --format=custom --file=".$name.part"
mv ".$name.part" "$name"
ls -1t before-migration-*.dump | tail -n +${DUMPS_KEPT + 1} | while read -r old; do rm -f -- "$old"; done
echo "dumped to $name"
`;
