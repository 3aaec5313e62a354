import { readdirSync, statSync } from 'node:fs';
import { processesInCgroup } from './host/cgroups.ts';
import { mountNamespaceId } from './host/mount-namespace.ts';
import { hasNetwork } from './host/network.ts';
import { argumentsOf, namespaceOf, otherProcesses, type ProcessId } from './host/process-table.ts';
import { knownServices, serviceProcess } from './host/service.ts';
import type { Layout } from './layout.ts';

/**
 * All processes of a cluster, however it has come to them: those it noted, those in its namespaces, the shims of its
 * containerd, and those in its pods' cgroups. A name alone never makes a process a member.
 */
export async function clusterProcesses(layout: Layout): Promise<ProcessId[]> {
  const namespaces = await namespaceIds(layout);
  const members = new Map<number, ProcessId>();
  for (const id of [...notedProcesses(layout), ...processesInCgroup(layout.id)]) members.set(id.pid, id);
  for (const id of otherProcesses()) {
    if (isInside(id.pid, namespaces) || isShim(id.pid, layout)) members.set(id.pid, id);
  }
  return [...members.values()];
}

function notedProcesses(layout: Layout): ProcessId[] {
  return serviceNames(layout)
    .map((name) => serviceProcess(layout, name))
    .filter((id) => id !== undefined);
}

/** The services that were ever started in a cluster. */
export function serviceNames(layout: Layout): string[] {
  try {
    return knownServices(readdirSync(layout.run));
  } catch {
    return [];
  }
}

interface NamespaceIds {
  net: string | undefined;
  mnt: string | undefined;
}

/** Never those of this very process: whoever shares them is not a member, but everybody. */
async function namespaceIds(layout: Layout): Promise<NamespaceIds> {
  const net = (await hasNetwork(layout)) ? `net:[${statSync(layout.netNamespace).ino}]` : undefined;
  const mnt = mountNamespaceId(layout);
  return {
    net: net === namespaceOf('self', 'net') ? undefined : net,
    mnt: mnt === namespaceOf('self', 'mnt') ? undefined : mnt,
  };
}

function isInside(pid: number, ids: NamespaceIds): boolean {
  const net = namespaceOf(pid, 'net');
  const mnt = namespaceOf(pid, 'mnt');
  return (net !== undefined && net === ids.net) || (mnt !== undefined && mnt === ids.mnt);
}

function isShim(pid: number, layout: Layout): boolean {
  const args = argumentsOf(pid);
  if (!args[0]?.includes('containerd-shim')) return false;
  return args.some((arg, index) => arg === layout.containerdSocket && args[index - 1] === '-address');
}
