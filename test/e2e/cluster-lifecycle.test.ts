import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, clusterStatus, givenCluster, startCluster, stopCluster } from '../cluster/cluster.ts';
import { progressPrinter } from '../cluster/progress-printer.ts';

const name = 'lifecycle';
const stateDir = `/var/lib/pitcrew/clusters/${name}`;
const options = { name, node: false, onProgress: progressPrinter(process.stderr) };

/** A second cluster beside the one for tests: started, damaged, repaired, killed, removed. */
describe.skipIf(givenCluster() !== undefined || process.env.PITCREW_STATE)('a cluster of our own', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    await stopCluster(name);
    cluster = await startCluster(options);
  });
  afterAll(() => stopCluster(name));

  test('answers to the host', () => {
    expect(kubectl('get', 'namespace', 'default', '-o', 'name')).toBe('namespace/default');
  });

  test('is left alone when all is well', async () => {
    const before = await pids();
    await startCluster(options);
    expect(await pids()).toEqual(before);
  });

  test('writes down who wrote what', () => {
    kubectl('create', 'configmap', 'audited');
    const events = readFileSync(cluster.auditLog ?? '', 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const writes = events.filter(({ verb, objectRef }) => verb === 'create' && objectRef?.name === 'audited');
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatchObject({ level: 'Metadata', user: { username: 'kubernetes-super-admin' } });
  });

  test.each(['kube-apiserver', 'etcd'])('gets a killed %s back, with its data', async (service) => {
    const before = await pids();
    process.kill(before[service] ?? 0, 'SIGKILL');
    await expect.poll(async () => (await clusterStatus(name)).state).toBe('damaged');
    await startCluster(options);
    expect((await clusterStatus(name)).state).toBe('running');
    expect((await pids())[service]).not.toBe(before[service]);
    expect(kubectl('get', 'configmap', 'audited', '-o', 'name')).toBe('configmap/audited');
  });

  test('comes back with its data after everything has died, as after a reboot', async () => {
    killEverything();
    await expect.poll(async () => (await clusterStatus(name)).state).toBe('stopped');
    run('umount', '--lazy', '--recursive', join(stateDir, 'namespaces'));
    run('ip', 'netns', 'delete', cluster.netns ?? '');
    await startCluster(options);
    expect(kubectl('get', 'configmap', 'audited', '-o', 'name')).toBe('configmap/audited');
  });

  test('leaves nothing behind after everything has died', async () => {
    killEverything();
    await stopCluster(name);
    expect(processesOf(stateDir)).toEqual([]);
    expect(lines(readFileSync('/proc/self/mountinfo', 'utf8')).filter((line) => line.includes(stateDir))).toEqual([]);
    expect(existsSync(stateDir)).toBe(false);
    expect(existsSync(`/run/netns/${cluster.netns}`)).toBe(false);
    expect(lines(run('ip', '-oneline', 'link')).filter((line) => line.includes(`cluster ${name}`))).toEqual([]);
    expect(cgroups().filter((path) => path.endsWith(`/${cluster.netns}`))).toEqual([]);
    expect(lines(rules()).filter((rule) => /KUBE-|CNI-/.test(rule))).toEqual([]);
    expect((await clusterStatus(name)).state).toBe('absent');
  });

  function kubectl(...args: string[]): string {
    return run(join(cluster.binDir, 'kubectl'), `--kubeconfig=${cluster.kubeconfig}`, ...args).trim();
  }
});

async function pids(): Promise<Record<string, number | undefined>> {
  const { services } = await clusterStatus(name);
  return Object.fromEntries(services.map((service) => [service.name, service.pid]));
}

function killEverything(): void {
  for (const pid of processesOf(stateDir)) process.kill(pid, 'SIGKILL');
}

function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && commandLine(entry).includes(`${folder}/`))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function cgroups(): string[] {
  const root = '/sys/fs/cgroup';
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => [join(root, entry.name), ...subfolders(join(root, entry.name))]);
}

function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name));
}

/** The host's packet filter, when the host has one at all: a control plane alone does not need iptables. */
function rules(): string {
  try {
    return run('iptables-save');
  } catch {
    return '';
  }
}

function lines(text: string): string[] {
  return text.split('\n');
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' });
}
