import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupsOf, removeCgroups, thaw } from './host/cgroups.ts';
import { removeMountNamespace } from './host/mount-namespace.ts';
import { mountsBelow, unmountBelow } from './host/mounts.ts';
import { networkRemains, removeNetwork } from './host/network.ts';
import { argumentsOf, killNow } from './host/process-table.ts';
import { waitUntil } from './host/wait.ts';
import type { Layout } from './layout.ts';
import { clusterProcesses } from './members.ts';

const deadlineMs = 30_000;

/**
 * Removes a cluster and everything of it from the machine, whatever state it is in.
 * Nothing is asked to end in good order, since nothing of it is kept; so there is one way for all states.
 */
export async function tearDown(layout: Layout): Promise<void> {
  await endProcesses(layout);
  await removeRuntime(layout);
  rmSync(layout.stateDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  const left = await remains(layout);
  if (left.length > 0) throw new Error(['left behind:', ...left].join('\n  '));
}

/** Removes what a reboot would remove too, and keeps the data: for a cluster of which no process is alive. */
export async function powerOff(layout: Layout): Promise<void> {
  await removeRuntime(layout);
  // Tasks and sockets of containerd, and addresses of pods that no longer are.
  for (const folder of [layout.run, join(layout.containerd, 'state'), join(layout.cni, 'data'), layout.overlays]) {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function removeRuntime(layout: Layout): Promise<void> {
  await removeMountNamespace(layout);
  await unmountBelow(layout.stateDir);
  await removeNetwork(layout);
  await waitUntil('removal of the cgroups', deadlineMs, () => {
    const busy = removeCgroups(layout.id);
    return busy.length === 0 || `${busy.join(', ')} in use`;
  });
}

/** Again and again until none is left: while the list was read, one of them may have started another. */
async function endProcesses(layout: Layout): Promise<void> {
  await waitUntil(`end of the processes of ${layout.name}`, deadlineMs, async () => {
    thaw(layout.id);
    const members = await clusterProcesses(layout);
    for (const member of members) killNow(member);
    const named = members.map(({ pid }) => `${pid} ${argumentsOf(pid)[0] ?? ''}`);
    return members.length === 0 || `alive: ${named.slice(0, 5).join(', ')}`;
  });
}

/** What of a cluster is left on the machine, in words. */
export async function remains(layout: Layout): Promise<string[]> {
  const processes = await clusterProcesses(layout);
  return [
    ...processes.map(({ pid }) => `process ${pid} ${argumentsOf(pid).join(' ').slice(0, 200)}`),
    ...mountsBelow(layout.stateDir).map((path) => `mount ${path}`),
    ...cgroupsOf(layout.id).map((path) => `cgroup ${path}`),
    ...(await networkRemains(layout)),
    ...(existsSync(layout.stateDir) ? [layout.stateDir] : []),
  ];
}
