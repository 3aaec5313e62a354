import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type OnProgress, silent, step } from '../host/progress.ts';
import { run } from '../host/run.ts';

/** What a job needs from the system: the cluster, its node, building images, putting load on it, or Argo CD. */
export type PackageGroup = 'cluster' | 'node' | 'images' | 'load' | 'gitops';

/** A Debian package, and the programs or files by which one knows that it, or its like, is there. */
interface SystemPackage {
  name: string;
  has: string[];
}

/** Where Debian and others put the network plugins. */
export const pluginFolders = ['/usr/lib/cni', '/opt/cni/bin'];

const packages: Record<PackageGroup, SystemPackage[]> = {
  cluster: [
    { name: 'iproute2', has: ['ip'] },
    { name: 'util-linux', has: ['nsenter', 'unshare'] },
    { name: 'mount', has: ['mount', 'umount'] },
    { name: 'procps', has: ['sysctl'] },
  ],
  node: [
    { name: 'containerd', has: ['containerd', 'containerd-shim-runc-v2', 'ctr'] },
    { name: 'runc', has: ['runc'] },
    { name: 'containernetworking-plugins', has: ['bridge', 'host-local', 'portmap', 'loopback'] },
    { name: 'iptables', has: ['iptables', 'iptables-restore'] },
    { name: 'conntrack', has: ['conntrack'] },
    { name: 'busybox-static', has: ['busybox'] },
    { name: 'tar', has: ['tar'] },
  ],
  images: [
    { name: 'mmdebstrap', has: ['mmdebstrap'] },
    { name: 'buildah', has: ['buildah'] },
    { name: 'runc', has: ['runc'] },
    { name: 'ca-certificates', has: ['/etc/ssl/certs/ca-certificates.crt'] },
  ],
  load: [
    { name: 'wrk', has: ['wrk'] },
    { name: 'curl', has: ['curl'] },
    { name: 'openssl', has: ['openssl'] },
  ],
  gitops: [
    { name: 'git', has: ['git'] },
    { name: 'redis-server', has: ['redis-server'] },
  ],
};

const aptDeadlineMs = 15 * 60_000;

/** The packages of these groups that the system lacks. */
export function missingPackages(groups: readonly PackageGroup[]): string[] {
  const lacking = groups.flatMap((group) => packages[group]).filter(({ has }) => !has.every(isThere));
  return [...new Set(lacking.map(({ name }) => name))];
}

/** Installs what the system lacks of these groups. */
export async function ensurePackages(groups: readonly PackageGroup[], onProgress: OnProgress = silent): Promise<void> {
  const missing = missingPackages(groups);
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (args: string[]) => run('apt-get', ['-qq', ...lockWait, ...args], { env, timeoutMs: aptDeadlineMs });
  await step(onProgress, 'updating the list of packages', () => apt(['update']));
  await step(onProgress, `installing ${missing.join(', ')}`, () =>
    apt(['install', '--yes', '--no-install-recommends', ...missing]),
  );
  const still = missingPackages(groups);
  if (still.length > 0) throw new Error(`installed, but without the expected programs: ${still.join(', ')}`);
}

/** Another installation may be under way. */
const lockWait = ['-o', 'DPkg::Lock::Timeout=300'];

/** Path of a program of the system. */
export function findProgram(name: string): string | undefined {
  const path = [process.env.PATH ?? '', '/usr/sbin:/sbin', ...pluginFolders].join(delimiter);
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isThere(name: string): boolean {
  return name.startsWith('/') ? existsSync(name) : findProgram(name) !== undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
