import { existsSync, readdirSync } from 'node:fs';
import { type GivenCluster, givenBinDir, givenCluster, givenNodeAddress } from './given.ts';
import { withLock } from './host/lock.ts';
import { type OnProgress, silent, step } from './host/progress.ts';
import { serviceProcess } from './host/service.ts';
import { ctrOf, importArchive, k3sCtr } from './images/import.ts';
import { ensureSystemImages } from './images/system-images.ts';
import { nodeIsReady, openApi } from './kubernetes/api.ts';
import { type Layout, layoutOf } from './layout.ts';
import { serviceNames } from './members.ts';
import { clusterNames, defaultName, stateRoot } from './names.ts';
import { ensurePrograms, isMissing, programFolder, programPath, type Wanted } from './programs/build.ts';
import { controlPlanePrograms, corednsSet, kubernetesSet, localPathSet, pauseSet } from './programs/catalog.ts';
import { ensurePackages, type PackageGroup } from './programs/packages.ts';
import { checkPrerequisites } from './programs/prerequisites.ts';
import { type ClusterRecord, readRecord } from './record.ts';
import { bringUp } from './start.ts';
import { tearDown } from './teardown.ts';

export { givenCluster } from './given.ts';
export type { OnProgress, ProgressEvent } from './host/progress.ts';
export { defaultName } from './names.ts';
export { ensurePackages, type PackageGroup } from './programs/packages.ts';

/** A Kubernetes that answers. */
export interface Cluster {
  /** `local` was started here; `given` belongs to somebody else, and is never changed beyond what a user may do. */
  kind: 'local' | 'given';
  name: string;
  /** Path of a kubeconfig with all rights. */
  kubeconfig: string;
  /** Address of the node as the host reaches it: NodePorts answer there. */
  nodeAddress: string;
  /** Address of the host as pods and the API server reach it, for programs that run outside; unknown when given. */
  hostAddress: string | undefined;
  /** Name of the network namespace, to be entered by `nsenter --net=/run/netns/NAME`; none when given. */
  netns: string | undefined;
  /** Folder with kubectl, and kubeadm when local. */
  binDir: string;
  /** The API server's audit log, one JSON event a line, bodies left out; none when given. */
  auditLog: string | undefined;
  /** Socket of the node's containerd; none when given, or without a node. */
  containerdSocket: string | undefined;
  /** Gives the node the image in an OCI archive under this name; false when it has that very image already. */
  loadArchive: (path: string, imageName: string) => Promise<boolean>;
}

/** Which cluster to start. */
export interface StartOptions {
  name?: string;
  /** Without it only the control plane runs, and pods stay pending. Default: true. */
  node?: boolean;
  onProgress?: OnProgress;
}

/** What is known about a cluster without touching it. */
export interface ClusterStatus {
  name: string;
  state: 'absent' | 'given' | 'running' | 'damaged' | 'stopped';
  services: { name: string; pid: number | undefined }[];
  /** Undefined when the cluster has no node, or its API server does not answer. */
  nodeReady: boolean | undefined;
}

/**
 * Starts a cluster, or repairs one that is there; returns at once when all of it is well.
 * A cluster that is given by the environment is used as it is, whatever the name.
 */
export async function startCluster(options: StartOptions = {}): Promise<Cluster> {
  const given = givenCluster();
  if (given !== undefined) return openGiven(given);
  const { name = defaultName, node = true, onProgress = silent } = options;
  const layout = layoutOf(clusterNames(name));
  const withNode = node || (readRecord(layout)?.node ?? false);
  await prepareMachine(withNode ? ['cluster', 'node'] : ['cluster'], onProgress);
  await ensurePrograms(wantedPrograms(withNode), onProgress);
  const images = withNode ? await ensureSystemImages(onProgress) : undefined;
  const plan = { layout, binDir: programFolder(kubernetesSet), programOf, images, onProgress };
  const record = await withLock(`cluster ${layout.stateDir}`, onProgress, () =>
    bringUp({ ...plan, reservedAddresses: addressesOfOthers(name) }),
  );
  return openLocal(layout, record);
}

/**
 * Names everything that the machine lacks and that cannot be installed from here, all at once and before anything
 * starts; then installs the rest. A given cluster needs nothing of it but the packages.
 */
export async function prepareMachine(groups: readonly PackageGroup[], onProgress: OnProgress = silent): Promise<void> {
  if (givenCluster() === undefined) {
    await checkPrerequisites(groups, wantedPrograms(groups.includes('node')).some(isMissing));
  }
  await ensurePackages(groups, onProgress);
}

/** The cluster of this name as it is, without starting anything; undefined when there is none. */
export async function findCluster(name: string = defaultName): Promise<Cluster | undefined> {
  const given = givenCluster();
  if (given !== undefined) return openGiven(given);
  const layout = layoutOf(clusterNames(name));
  const record = readRecord(layout);
  return record !== undefined && existsSync(layout.kubeconfig) ? openLocal(layout, record) : undefined;
}

/** Removes a cluster with all its data; does nothing to a given one. */
export async function stopCluster(name: string = defaultName, onProgress: OnProgress = silent): Promise<void> {
  if (givenCluster() !== undefined) return;
  const layout = layoutOf(clusterNames(name));
  await withLock(`cluster ${layout.stateDir}`, onProgress, () =>
    step(onProgress, `removing cluster ${name}`, () => tearDown(layout)),
  );
}

/** Names of all clusters of which anything is left on this machine, in alphabetical order. */
export function clusterList(): string[] {
  const root = stateRoot();
  return existsSync(root) ? readdirSync(root).sort() : [];
}

/** Looks at a cluster and changes nothing. */
export async function clusterStatus(name: string = defaultName): Promise<ClusterStatus> {
  if (givenCluster() !== undefined) return { name, state: 'given', services: [], nodeReady: undefined };
  const layout = layoutOf(clusterNames(name));
  const record = readRecord(layout);
  if (record === undefined) return { name, state: 'absent', services: [], nodeReady: undefined };
  const services = serviceNames(layout).map((service) => ({
    name: service,
    pid: serviceProcess(layout, service)?.pid,
  }));
  const nodeReady = record.node ? await readNodeReady(layout) : undefined;
  const alive = services.filter(({ pid }) => pid !== undefined).length;
  const isWhole = record.complete && alive === services.length && (!record.node || nodeReady === true);
  return { name, state: isWhole ? 'running' : alive > 0 ? 'damaged' : 'stopped', services, nodeReady };
}

async function readNodeReady(layout: Layout): Promise<boolean | undefined> {
  try {
    return (await nodeIsReady(openApi(layout.kubeconfig), layout.name)) === true;
  } catch {
    return undefined;
  }
}

function openLocal(layout: Layout, record: ClusterRecord): Cluster {
  const containerdSocket = record.node ? layout.containerdSocket : undefined;
  return {
    kind: 'local',
    name: layout.name,
    kubeconfig: layout.kubeconfig,
    nodeAddress: record.link.nodeAddress,
    hostAddress: record.link.hostAddress,
    netns: layout.id,
    binDir: record.binDir,
    auditLog: layout.auditLog,
    containerdSocket,
    loadArchive: async (path, imageName) => {
      if (containerdSocket === undefined) throw new Error(`cluster ${layout.name} has no node to load ${path} into`);
      return importArchive(ctrOf(containerdSocket), path, imageName);
    },
  };
}

async function openGiven(given: GivenCluster): Promise<Cluster> {
  const nodeAddress = await givenNodeAddress(given);
  return {
    kind: 'given',
    name: 'given',
    kubeconfig: given.kubeconfig,
    nodeAddress,
    // k3s is found by a program of this machine, so its node is this machine.
    hostAddress: given.isK3s ? nodeAddress : undefined,
    netns: undefined,
    binDir: givenBinDir(),
    auditLog: undefined,
    containerdSocket: undefined,
    loadArchive: async (path, imageName) => {
      if (given.isK3s) return importArchive(k3sCtr, path, imageName);
      throw new Error(
        `${path} cannot be loaded into the cluster of PITCREW_KUBECONFIG: push ${imageName} to its registry`,
      );
    },
  };
}

function wantedPrograms(node: boolean): Wanted[] {
  const kubernetes = [...controlPlanePrograms, ...(node ? ['kubelet', 'kube-proxy'] : [])];
  const wanted = kubernetes.map((program) => ({ set: kubernetesSet, program }));
  if (!node) return wanted;
  const others = [pauseSet, corednsSet, localPathSet];
  return [...wanted, ...others.flatMap((set) => Object.keys(set.programs).map((program) => ({ set, program })))];
}

function programOf(name: string): string {
  const set = [kubernetesSet, localPathSet].find(({ programs }) => name in programs);
  if (set === undefined) throw new Error(`no program ${name} is built`);
  return programPath({ set, program: name });
}

/** Addresses that stopped clusters will want back. */
function addressesOfOthers(name: string): string[] {
  return clusterList()
    .filter((other) => other !== name)
    .map((other) => readRecord(layoutOf(clusterNames(other)))?.link.nodeAddress)
    .filter((address) => address !== undefined);
}
