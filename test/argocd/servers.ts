import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Cluster, OnProgress } from '../cluster/cluster.ts';
import { step } from '../cluster/host/progress.ts';
import { ensureService, type Service } from '../cluster/host/service.ts';
import { isHealthy } from '../cluster/kubernetes/http.ts';
import { type Layout, layoutOf } from '../cluster/layout.ts';
import { clusterNames } from '../cluster/names.ts';
import { ensurePackages, findProgram } from '../cluster/programs/packages.ts';
import { type ArgoCd, ensureArgoCd, ensureKustomize } from '../cluster/programs/tools.ts';
import { type Kubectl, waitFor } from '../support/kubectl.ts';

/**
 * The real Argo CD: Redis, repo-server, API server and application controller as processes of a cluster. They run in
 * its network namespace, are noted in its folder, and end with it, whatever becomes of the test.
 */
export interface ArgoServers {
  /** Address of the API server, as the host reaches it. */
  readonly url: string;
  /** Folder in which the repo-server finds repositories by `file://`. */
  readonly repositories: string;
}

export const ARGO_NAMESPACE = 'argocd';

const ports = { api: 8080, repo: 8081, controllerMetrics: 8082, apiMetrics: 8083, repoMetrics: 8084, redis: 6379 };
const redisAddress = `127.0.0.1:${ports.redis}`;
const repoAddress = `127.0.0.1:${ports.repo}`;
const DEADLINE_MS = 90_000;

/** Starts Argo CD in a cluster, configured as a fresh installation; a later start leaves alone what runs and is well. */
export async function startArgoCd(cluster: Cluster, kubectl: Kubectl, onProgress: OnProgress): Promise<ArgoServers> {
  await ensurePackages(['gitops'], onProgress);
  const argo = await ensureArgoCd(onProgress);
  const kustomize = await ensureKustomize(onProgress);
  const layout = layoutOf(clusterNames(cluster.name));
  const home = prepareHome(layout, argo);
  await install(kubectl, argo);
  await writeKubeconfig(kubectl, join(home, 'kubeconfig'));
  const path = [join(home, 'bin'), dirname(kustomize), process.env.PATH].join(':');
  const place = { home, path, address: cluster.nodeAddress };
  const services = [redis(place), repoServer(place), apiServer(place), controller(place)];
  for (const service of services) {
    await step(onProgress, `starting ${service.name}`, () => ensureService(layout, service));
  }
  return { url: `http://${place.address}:${ports.api}`, repositories: join(home, 'git') };
}

interface Place {
  readonly home: string;
  readonly path: string;
  /** Of the cluster's network namespace, from the host. */
  readonly address: string;
}

const SERVERS = ['argocd-repo-server', 'argocd-server', 'argocd-application-controller'];

/** The folders that Argo CD's image has, and its program under the name of each server: by that it knows its part. */
function prepareHome(layout: Layout, argo: ArgoCd): string {
  const home = join(layout.stateDir, 'argocd');
  for (const name of ['bin', 'tls', 'ssh', 'gpg', 'plugins', 'git', 'redis', 'tmp']) {
    mkdirSync(join(home, name), { recursive: true });
  }
  mkdirSync(join(home, 'gnupg'), { recursive: true, mode: 0o700 });
  for (const name of ['argocd', ...SERVERS]) {
    rmSync(join(home, 'bin', name), { force: true });
    symlinkSync(argo.program, join(home, 'bin', name));
  }
  const scripts = readdirSync(argo.binDir).filter((name) => name.endsWith('.sh'));
  for (const name of scripts) copyFileSync(join(argo.binDir, name), join(home, 'bin', name));
  return home;
}

async function install(kubectl: Kubectl, argo: ArgoCd): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ARGO_NAMESPACE } };
  await kubectl.pipe(JSON.stringify(namespace), 'apply', '-f', '-');
  await kubectl.run('apply', '--server-side', '-k', argo.crds);
  const served = async () =>
    (await kubectl.attempt('get', 'applications.argoproj.io,appprojects.argoproj.io')).code === 0;
  await waitFor('the kinds of Argo CD to be served', served);
  await kubectl.run('apply', '-n', ARGO_NAMESPACE, '--server-side', '-k', argo.config);
}

/** Argo CD finds its own namespace by the context. */
async function writeKubeconfig(kubectl: Kubectl, path: string): Promise<void> {
  if (existsSync(path)) return;
  writeFileSync(path, await kubectl.run('config', 'view', '--raw', '--flatten'), { mode: 0o600 });
  await kubectl.run('config', '--kubeconfig', path, 'set-context', '--current', `--namespace=${ARGO_NAMESPACE}`);
}

function redis({ home }: Place): Service {
  const program = findProgram('redis-server') ?? 'redis-server';
  return {
    name: 'argocd-redis',
    program,
    args: [
      '--save',
      '',
      '--appendonly',
      'no',
      '--bind',
      '127.0.0.1',
      '--port',
      String(ports.redis),
      '--dir',
      join(home, 'redis'),
    ],
    deadlineMs: DEADLINE_MS,
    settleMs: 200,
    ready: () => true,
  };
}

function repoServer(place: Place): Service {
  const args = ['--port', String(ports.repo), '--metrics-port', String(ports.repoMetrics), '--redis', redisAddress];
  return server('argocd-repo-server', args, ports.repoMetrics, place);
}

/** Without authentication: only this machine reaches it. */
function apiServer(place: Place): Service {
  const listen = [
    '--port',
    String(ports.api),
    '--metrics-port',
    String(ports.apiMetrics),
    '--insecure',
    '--disable-auth',
  ];
  const args = [...listen, '--redis', redisAddress, '--repo-server', repoAddress];
  return server('argocd-server', args, ports.api, place);
}

function controller(place: Place): Service {
  const listen = ['--metrics-port', String(ports.controllerMetrics)];
  const args = [...listen, '--redis', redisAddress, '--repo-server', repoAddress];
  return server('argocd-application-controller', args, ports.controllerMetrics, place);
}

function server(name: string, args: string[], healthPort: number, { home, path, address }: Place): Service {
  const at = (folder: string) => join(home, folder);
  return {
    name,
    program: join(home, 'bin', name),
    args,
    env: {
      PATH: path,
      HOME: home,
      TMPDIR: at('tmp'),
      KUBECONFIG: at('kubeconfig'),
      // The controller reads its shard from its host name, as the pod of a StatefulSet has it.
      HOSTNAME: 'argocd-application-controller-0',
      ARGOCD_FAKE_IN_CLUSTER: 'true',
      ARGOCD_TLS_DATA_PATH: at('tls'),
      ARGOCD_SSH_DATA_PATH: at('ssh'),
      ARGOCD_GPG_ENABLED: 'false',
      ARGOCD_GPG_DATA_PATH: at('gpg'),
      ARGOCD_GNUPGHOME: at('gnupg'),
      ARGOCD_PLUGINSOCKFILEPATH: at('plugins'),
    },
    deadlineMs: DEADLINE_MS,
    ready: () => isHealthy(`http://${address}:${healthPort}/healthz`),
  };
}
