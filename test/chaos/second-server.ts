import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, dirname, join } from 'node:path';
import { readEndpoint } from '../../controller/cluster/config.ts';
import { createTransport } from '../../controller/cluster/transport.ts';
import { clusterStatus, startCluster } from '../cluster/cluster.ts';
import { ensureService, serviceProcess, stopService } from '../cluster/host/service.ts';
import { controlPlaneServices } from '../cluster/kubernetes/control-plane.ts';
import { layoutOf } from '../cluster/layout.ts';
import { clusterNames } from '../cluster/names.ts';
import { programPath } from '../cluster/programs/build.ts';
import { kubernetesSet } from '../cluster/programs/catalog.ts';
import { readRecord } from '../cluster/record.ts';
import { waitFor } from '../support/kubectl.ts';

/** Another API server over the same etcd, as in a control plane of several machines. */
export interface SecondServer {
  readonly url: string;
  /** Its way to etcd hangs: it answers from memory, as of now. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly isRunning: () => boolean;
  readonly start: () => Promise<void>;
  readonly kill: () => void;
  readonly stop: () => Promise<void>;
}

const PORT = 6444;
const ETCD_WAY = 2400;

/** Starts one beside the API server of a cluster of ours; its way to etcd leads over a program that can be stopped. */
export async function startSecondServer(cluster: string): Promise<SecondServer> {
  const layout = layoutOf(clusterNames(cluster));
  const record = readRecord(layout);
  if (record === undefined) throw new Error(`there is no cluster ${cluster}`);
  const { link } = record;
  const inside = [`--net=${layout.netNamespace}`, process.execPath];
  const way = spawn('nsenter', [...inside, join(import.meta.dirname, 'tcp-way.ts'), String(ETCD_WAY), '2379'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(way.stdout, 'data');
  const programOf = (program: string) => programPath({ set: kubernetesSet, program });
  const [, first] = controlPlaneServices(layout, link, programOf);
  if (first === undefined) throw new Error('the control plane has no API server');
  const url = `https://${link.nodeAddress}:${PORT}`;
  const service = {
    ...first,
    name: 'kube-apiserver-second',
    // Under another path: a service takes processes of its very program for remains of itself.
    program: `${dirname(first.program)}/./${basename(first.program)}`,
    args: first.args.map((arg) => {
      if (arg.startsWith('--secure-port=')) return `--secure-port=${PORT}`;
      if (arg.startsWith('--etcd-servers=')) return `--etcd-servers=http://127.0.0.1:${ETCD_WAY}`;
      if (arg.startsWith('--audit-log-path=')) return `--audit-log-path=${join(layout.logs, 'audit-second.log')}`;
      return arg;
    }),
    ready: async () => ((await isReady(layout.kubeconfig, url)) ? true : 'it is not ready'),
  };
  const start = async () => void (await ensureService(layout, service));
  const kill = () => {
    const running = serviceProcess(layout, service.name);
    if (running !== undefined) process.kill(running.pid, 'SIGKILL');
  };
  await start();
  return {
    url,
    freeze: () => way.kill('SIGSTOP'),
    thaw: () => way.kill('SIGCONT'),
    isRunning: () => serviceProcess(layout, service.name) !== undefined,
    start,
    kill,
    stop: async () => {
      way.kill('SIGCONT');
      kill();
      await stopService(layout, { name: service.name, program: service.program });
      way.kill('SIGKILL');
    },
  };
}

/** Asks with all rights whether a server would serve. */
async function isReady(kubeconfig: string, server: string): Promise<boolean> {
  const transport = createTransport({ endpoint: { ...readEndpoint({ kubeconfig }), server } });
  try {
    await transport.request({ method: 'GET', path: '/apis/performance.bahamm.ir/v1alpha1/performanceprofiles' });
    return true;
  } catch {
    return false;
  } finally {
    await transport.close();
  }
}

/** Ends the first API server as a machine does that loses power; returns when it is gone. */
export async function killFirstServer(cluster: string): Promise<void> {
  const pid = await firstServerPid(cluster);
  if (pid === undefined) throw new Error('the API server has no process');
  process.kill(pid, 'SIGKILL');
  await waitFor('its end', async () => (await firstServerPid(cluster)) === undefined);
}

/** Starts it again; resolves when it is ready. */
export async function reviveFirstServer(cluster: string): Promise<void> {
  await startCluster({ name: cluster, node: false });
}

async function firstServerPid(cluster: string): Promise<number | undefined> {
  const { services } = await clusterStatus(cluster);
  return services.find(({ name }) => name === 'kube-apiserver')?.pid;
}

/** Drops all history of etcd up to now. */
export async function compact(cluster: string): Promise<void> {
  const { netNamespace } = layoutOf(clusterNames(cluster));
  const call = async (path: string, body: object): Promise<string> => {
    const data = JSON.stringify(body);
    const url = `http://127.0.0.1:2379/v3/kv/${path}`;
    const child = spawn('nsenter', [`--net=${netNamespace}`, 'curl', '--fail', '-sS', '-d', data, url]);
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    const [code] = (await once(child, 'close')) as [number];
    if (code !== 0) throw new Error(`${path}: curl ended with ${code}`);
    return Buffer.concat(chunks).toString();
  };
  const { header } = JSON.parse(await call('range', { key: 'AA==' })) as { header: { revision: string } };
  await call('compaction', { revision: header.revision, physical: true });
}
