import type { ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { podsOf } from '../support/inside.ts';
import { type Kubectl, waitFor } from '../support/kubectl.ts';
import { OPERATOR_NAMESPACE } from '../support/stage.ts';
import { PORTS, type Prometheus } from './prometheus.ts';

/** The exporters of deploy/monitoring beside one profile, as programs in the network of its pods. */

export interface Profile {
  readonly namespace: string;
  readonly name: string;
}

const EDGE_STATUS = '8081/-/status';

interface PodList {
  readonly items: ReadonlyArray<{
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status: { readonly podIP?: string };
  }>;
}

/** Tells Prometheus where the operator is now. */
export async function discoverOperator(kubectl: Kubectl, prometheus: Prometheus): Promise<void> {
  const pods = await kubectl.get<PodList>('pods', '-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/name=pitcrew');
  const targets = (pods?.items ?? []).flatMap(({ metadata, status }) =>
    metadata.deletionTimestamp !== undefined || status.podIP === undefined
      ? []
      : [{ address: `${status.podIP}:8080`, labels: operatorLabels(metadata.name) }],
  );
  prometheus.setTargets('pitcrew', targets);
}

const operatorLabels = (pod: string) => ({
  __meta_kubernetes_pod_name: pod,
  __meta_kubernetes_pod_label_app_kubernetes_io_name: 'pitcrew',
  __meta_kubernetes_pod_container_port_number: '8080',
});

/** Starts all three and returns what ends the reading of the log. */
export async function startExporters(
  kubectl: Kubectl,
  prometheus: Prometheus,
  profile: Profile,
  folder: string,
): Promise<ChildProcess> {
  const { nginx, postgres, mtail } = PORTS;
  await prometheus.run('prometheus-nginx-exporter', [
    `-nginx.scrape-uri=http://${await addressOf(kubectl, profile, 'edge')}:${EDGE_STATUS}`,
    // Less than Prometheus waits: of a pod that is gone comes no refusal.
    '-nginx.timeout=1s',
    `-web.listen-address=127.0.0.1:${nginx}`,
  ]);
  await prometheus.run(
    'prometheus-postgres-exporter',
    [
      `--web.listen-address=127.0.0.1:${postgres}`,
      // That of Debian looks for columns which PostgreSQL 17 has elsewhere.
      '--no-collector.bgwriter',
    ],
    {
      DATA_SOURCE_URI: `${await serviceAddress(kubectl, profile, 'postgres')}:5432/postgres?sslmode=disable&connect_timeout=1`,
      DATA_SOURCE_USER: await secretValue(kubectl, profile, 'username'),
      DATA_SOURCE_PASS: await secretValue(kubectl, profile, 'password'),
    },
  );
  const log = await followAccessLog(kubectl, profile, folder);
  await prometheus.run('mtail', [
    `--progs=${join(import.meta.dirname, '..', '..', 'deploy', 'monitoring', 'edge.mtail')}`,
    `--logs=${join(folder, 'pods', '*_*-edge-*', 'nginx', '*.log')}`,
    '--poll_interval=250ms',
    '--poll_log_interval=250ms',
    '--address=127.0.0.1',
    `--port=${mtail}`,
    '--logtostderr',
  ]);
  prometheus.setTargets('pitcrew-exporters', [
    { address: `127.0.0.1:${nginx}`, labels: exporterLabels('pitcrew-nginx-exporter', profile) },
    { address: `127.0.0.1:${postgres}`, labels: exporterLabels('pitcrew-postgres-exporter', profile) },
  ]);
  prometheus.setTargets('pitcrew-access-log', [
    { address: `127.0.0.1:${mtail}`, labels: exporterLabels('pitcrew-access-log', profile) },
  ]);
  return log;
}

const exporterLabels = (app: string, { namespace, name }: Profile) => ({
  __meta_kubernetes_namespace: namespace,
  __meta_kubernetes_pod_label_app_kubernetes_io_name: app,
  __meta_kubernetes_pod_label_app_kubernetes_io_part_of: name,
  __meta_kubernetes_pod_container_port_name: 'metrics',
});

export async function addressOf(kubectl: Kubectl, { namespace, name }: Profile, tier: string): Promise<string> {
  return waitFor(`a pod of ${tier}`, async () => (await podsOf(kubectl, namespace, name, tier))[0]?.ip);
}

/** Where its Service answers; names of Services mean nothing outside of pods. */
async function serviceAddress(kubectl: Kubectl, { namespace, name }: Profile, tier: string): Promise<string> {
  const service = await kubectl.get<{ spec: { clusterIP: string } }>('service', `${name}-${tier}`, '-n', namespace);
  return service?.spec.clusterIP ?? '';
}

/** From the Secret of the monitoring role. */
const secretValue = (kubectl: Kubectl, profile: Profile, key: string): Promise<string> =>
  secretText(kubectl, profile, `${profile.name}-postgres-monitor`, key);

export async function secretText(
  kubectl: Kubectl,
  { namespace }: Profile,
  secret: string,
  key: string,
): Promise<string> {
  const found = await kubectl.get<{ data: Record<string, string> }>('secret', secret, '-n', namespace);
  return Buffer.from(found?.data[key] ?? '', 'base64').toString('utf8');
}

/** The log where the kubelet would have put it: the node's own folder is not visible from the host. */
async function followAccessLog(kubectl: Kubectl, { namespace, name }: Profile, folder: string): Promise<ChildProcess> {
  const [pod] = await podsOf(kubectl, namespace, name, 'edge');
  const place = join(folder, 'pods', `${namespace}_${pod?.name}_${pod?.uid}`, 'nginx');
  mkdirSync(place, { recursive: true });
  const following = kubectl.start('logs', '-f', '-n', namespace, `pod/${pod?.name}`, '-c', 'nginx');
  following.stdout?.pipe(createWriteStream(join(place, '0.log')));
  return following;
}
