import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ensureCgroup } from './host/cgroups.ts';
import { ensureMountNamespace, hasMountNamespace } from './host/mount-namespace.ts';
import { chooseFreeLink, ensureNetwork, hasNetwork } from './host/network.ts';
import { note, type OnProgress, step } from './host/progress.ts';
import { succeeds } from './host/run.ts';
import { ensureService, type Service } from './host/service.ts';
import { together } from './host/together.ts';
import { type Verdict, waitUntil } from './host/wait.ts';
import { ctrOf, importArchive } from './images/import.ts';
import type { SystemImages } from './images/system-images.ts';
import { ensureAddons } from './kubernetes/addons.ts';
import { deploymentIsAvailable, kubeletKnowsItsPods, namespaceIsUsable, openApi } from './kubernetes/api.ts';
import { dnsAddress } from './kubernetes/constants.ts';
import { controlPlaneServices, type ProgramOf } from './kubernetes/control-plane.ts';
import { ensureIdentities } from './kubernetes/kubeadm.ts';
import { containerdService, nodeServices } from './kubernetes/node.ts';
import { storageService } from './kubernetes/storage.ts';
import type { Layout } from './layout.ts';
import { clusterProcesses } from './members.ts';
import { type ClusterRecord, readRecord, recordForm, writeRecord } from './record.ts';
import { powerOff, tearDown } from './teardown.ts';

/** What a start needs beside the cluster's folder. */
export interface StartPlan {
  layout: Layout;
  binDir: string;
  programOf: ProgramOf;
  /** Images of the node; without them there is a control plane only. */
  images: SystemImages | undefined;
  reservedAddresses: string[];
  onProgress: OnProgress;
}

/** Starts a cluster, repairs it, or, where neither helps, makes it anew. */
export async function bringUp(plan: StartPlan): Promise<ClusterRecord> {
  const { layout, onProgress } = plan;
  const present = readRecord(layout);
  if (present !== undefined) {
    const obstacle = await obstacleToRepair(plan, present);
    const repaired = obstacle ?? (await repair(plan, present));
    if (typeof repaired !== 'string') return repaired;
    note(onProgress, `starting over, since the cluster that is there cannot be used: ${repaired}`);
  }
  await tearDown(layout);
  const link = await chooseFreeLink(layout.id, plan.reservedAddresses);
  const node = plan.images !== undefined;
  return assemble(plan, { form: recordForm, binDir: plan.binDir, node, complete: false, link });
}

/** Why a cluster cannot even be tried to repair. */
async function obstacleToRepair(plan: StartPlan, record: ClusterRecord): Promise<string | undefined> {
  if (record.form !== recordForm) return 'it was made by another version of this program';
  // The folder's own name says what was built; where the cache lies does not matter.
  if (basename(record.binDir) !== basename(plan.binDir)) return 'it was made by other builds of Kubernetes';
  const alive = await clusterProcesses(plan.layout);
  if (alive.length === 0) {
    await powerOff(plan.layout);
    return undefined;
  }
  const whole = hasMountNamespace(plan.layout) && (await hasNetwork(plan.layout));
  return whole ? undefined : 'its namespaces are gone, though some of its processes are alive';
}

/** The repaired cluster, or why it could not be repaired. */
async function repair(plan: StartPlan, record: ClusterRecord): Promise<ClusterRecord | string> {
  try {
    return await assemble(plan, { ...record, binDir: plan.binDir, node: record.node || plan.images !== undefined });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Puts together whatever is missing; what is there and well stays untouched. */
async function assemble(plan: StartPlan, record: ClusterRecord): Promise<ClusterRecord> {
  const { layout, programOf } = plan;
  writeRecord(layout, { ...record, complete: false });
  await ensureNetwork(layout, record.link);
  await ensureMountNamespace(layout);
  await ensureIdentities(programOf('kubeadm'), layout, record.link);
  const containerd = plan.images && startContainerd(plan, plan.images);
  await together(startControlPlane(plan, record), Promise.resolve(containerd));
  if (plan.images !== undefined) await startNode(plan, record, plan.images);
  const complete = { ...record, complete: true };
  writeRecord(layout, complete);
  return complete;
}

async function startControlPlane(plan: StartPlan, record: ClusterRecord): Promise<void> {
  const [etcd, apiServer, ...controllers] = controlPlaneServices(plan.layout, record.link, plan.programOf);
  if (etcd) await startService(plan, etcd);
  if (apiServer) await startService(plan, apiServer);
  await together(...controllers.map((controller) => startService(plan, controller)));
  const api = openApi(plan.layout.kubeconfig);
  await waitUntil('namespace default', 30_000, () => namespaceIsUsable(api, 'default'));
}

async function startContainerd(plan: StartPlan, images: SystemImages): Promise<void> {
  ensureCgroup(plan.layout.id);
  raiseWatchLimit();
  await startService(plan, containerdService(plan.layout, images));
  const ctr = ctrOf(plan.layout.containerdSocket);
  for (const { name, archive } of Object.values(images)) await importArchive(ctr, archive, name);
}

async function startNode(plan: StartPlan, record: ClusterRecord, images: SystemImages): Promise<void> {
  const { layout, programOf, onProgress } = plan;
  mkdirSync(layout.volumes, { recursive: true });
  const services = nodeServices(layout, record.link, programOf);
  const addons = ensureAddons(layout, programOf);
  await together(addons, ...services.map((service) => startService(plan, service)));
  await waitUntil('kubelet', 30_000, () => kubeletKnowsItsPods(openApi(layout.kubeconfig), layout.name));
  await together(
    startService(plan, storageService(layout, programOf, images.busybox.name)),
    step(onProgress, 'waiting for the DNS of the cluster', () =>
      waitUntil('CoreDNS', 90_000, () => dnsAnswers(layout)),
    ),
  );
}

/** Asks it, since what the API server knows may be as old as the last end of the kubelet. */
async function dnsAnswers(layout: Layout): Promise<Verdict> {
  const available = await deploymentIsAvailable(openApi(layout.kubeconfig), 'kube-system', 'coredns');
  if (available !== true) return available;
  const question = ['busybox', 'nslookup', 'kubernetes.default.svc.cluster.local', dnsAddress];
  const inside = [`--net=${layout.netNamespace}`, ...question];
  return (await succeeds('nsenter', inside, { timeoutMs: 2_000 })) || 'it does not answer';
}

async function startService(plan: StartPlan, service: Service): Promise<void> {
  await step(plan.onProgress, `starting ${service.name}`, () => ensureService(plan.layout, service));
}

/** Every kubelet, containerd and pod watches files, and the default is too low for two nodes on one machine. */
function raiseWatchLimit(): void {
  const file = '/proc/sys/fs/inotify/max_user_instances';
  if (Number(readFileSync(file, 'utf8')) < 1024) writeFileSync(file, '1024');
}
