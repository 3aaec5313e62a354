import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCluster } from '../../../controller/cluster/client.ts';
import { readEndpoint } from '../../../controller/cluster/config.ts';
import type { Cluster } from '../../../controller/cluster/port.ts';
import { createTransport, type Transport } from '../../../controller/cluster/transport.ts';
import { customResourceDefinition } from '../../../crds/crd.ts';
import { startCluster, stopCluster } from '../../cluster/cluster.ts';
import { killNow } from '../../cluster/host/process-table.ts';
import { run } from '../../cluster/host/run.ts';
import { serviceProcess } from '../../cluster/host/service.ts';
import { kubeadmConfigFile } from '../../cluster/kubernetes/kubeadm.ts';
import { type Layout, layoutOf } from '../../cluster/layout.ts';
import { clusterNames } from '../../cluster/names.ts';
import { progressPrinter } from '../../cluster/progress-printer.ts';
import { waitFor } from '../../support/kubectl.ts';
import { CONNECTION_SECRET, NAMESPACE, NODE } from './profile.ts';

const CLUSTER = 'bench-loop';

/** An empty etcd and an API server, and nobody else: no controller, no scheduler, no node. */
export interface Server {
  readonly transport: Transport;
  readonly cluster: Cluster;
  readonly auditLog: string;
  /** Of the API server and of etcd. */
  readonly pids: Readonly<Record<'kube-apiserver' | 'etcd', number>>;
  /** Kubeconfig of a user with all rights, by whose name the audit log tells it from others. */
  readonly kubeconfigOf: (user: string) => Promise<string>;
  readonly end: () => Promise<void>;
}

/** A fresh one with our custom resource, a namespace for profiles, and what these need there. */
export async function startServer(): Promise<Server> {
  await stopCluster(CLUSTER);
  const real = await startCluster({ name: CLUSTER, node: false, onProgress: progressPrinter(process.stderr) });
  const layout = layoutOf(clusterNames(CLUSTER));
  for (const controller of ['kube-controller-manager', 'kube-scheduler']) {
    const id = serviceProcess(layout, controller);
    if (id !== undefined) killNow(id);
  }
  const transport = createTransport({ endpoint: readEndpoint({ kubeconfig: real.kubeconfig }) });
  const cluster = createCluster({ transport });
  await furnish(transport, cluster);
  return {
    transport,
    cluster,
    auditLog: layout.auditLog,
    pids: { 'kube-apiserver': pidOf(layout, 'kube-apiserver'), etcd: pidOf(layout, 'etcd') },
    kubeconfigOf: async (user) => {
      const path = join(layout.config, `${user}.conf`);
      const args = ['kubeconfig', 'user', '--config', kubeadmConfigFile(layout), '--client-name', user];
      writeFileSync(path, await run(join(real.binDir, 'kubeadm'), [...args, '--org', 'system:masters']));
      return path;
    },
    end: async () => {
      await transport.close();
      await stopCluster(CLUSTER);
    },
  };
}

function pidOf(layout: Layout, service: string): number {
  const id = serviceProcess(layout, service);
  if (id === undefined) throw new Error(`${service} does not run`);
  return id.pid;
}

async function furnish(transport: Transport, cluster: Cluster): Promise<void> {
  const post = (path: string, body: unknown) => transport.request({ method: 'POST', path, body });
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', customResourceDefinition());
  await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  // Else made by a controller, and pods without it are refused.
  await post(`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, { metadata: { name: 'default' } });
  await post(`/api/v1/namespaces/${NAMESPACE}/secrets`, {
    metadata: { name: CONNECTION_SECRET },
    stringData: { username: 'app', password: 'secret', host: 'db.example', port: '5432', dbname: 'app' },
  });
  const resources = { cpu: String(NODE.cpu), memory: `${NODE.memoryGiB}Gi`, pods: String(NODE.pods) };
  const status = { capacity: resources, allocatable: resources };
  await post('/api/v1/nodes', { metadata: { name: NODE.name }, status });
  await waitFor('the custom resource', async () => {
    return (await cluster.list('PerformanceProfile', { namespace: NAMESPACE })).items !== undefined;
  });
}
