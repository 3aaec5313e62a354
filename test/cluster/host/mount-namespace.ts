import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../layout.ts';
import { mountsBelow, unmountBelow } from './mounts.ts';
import { run } from './run.ts';

/**
 * Folders that kubelet, containerd and the network plugins use by a fixed path. The cluster's processes see private ones
 * there, so that clusters do not meet in them and nothing stays on the host.
 */
const privateFolders = ['/run', '/var/log', '/var/lib/cni', '/var/lib/kubelet'];

/** Whether the cluster's mount namespace is there. */
export function hasMountNamespace(layout: Layout): boolean {
  return mountsBelow(layout.namespaces).includes(layout.mountNamespace);
}

/** The identity of the cluster's mount namespace, as in /proc/PID/ns/mnt. */
export function mountNamespaceId(layout: Layout): string | undefined {
  return hasMountNamespace(layout) ? `mnt:[${statSync(layout.mountNamespace).ino}]` : undefined;
}

/**
 * Makes a mount namespace for the cluster's processes. Whatever containerd and kubelet mount stays in it, invisible to the
 * host, and is gone with it, also after a crash.
 */
export async function ensureMountNamespace(layout: Layout): Promise<void> {
  if (hasMountNamespace(layout)) return;
  await unmountBelow(layout.namespaces);
  rmSync(layout.overlays, { recursive: true, force: true });
  mkdirSync(layout.namespaces, { recursive: true });
  // The kernel refuses to keep a mount namespace by a file on a mount that is shared with others.
  await run('mount', ['--bind', layout.namespaces, layout.namespaces]);
  await run('mount', ['--make-private', layout.namespaces]);
  writeFileSync(layout.mountNamespace, '');
  await run('unshare', [
    `--mount=${layout.mountNamespace}`,
    '--propagation',
    'slave',
    'sh',
    '-ec',
    overlayScript(layout),
  ]);
}

/** Undoes the namespace's hold; it goes with its last process. */
export async function removeMountNamespace(layout: Layout): Promise<void> {
  await unmountBelow(layout.namespaces);
}

function overlayScript(layout: Layout): string {
  return privateFolders
    .map((folder) => {
      const own = join(layout.overlays, folder);
      mkdirSync(own, { recursive: true });
      mkdirSync(folder, { recursive: true });
      return `mount --bind ${own} ${folder}`;
    })
    .join('\n');
}
