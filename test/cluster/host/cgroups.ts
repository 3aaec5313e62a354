import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mounts } from './mounts.ts';
import { type ProcessId, processOf } from './process-table.ts';

interface Hierarchy {
  path: string;
  version: 1 | 2;
}

/** Makes the cgroup that holds all pods of a cluster, in every hierarchy in use; the kubelet expects it to be there. */
export function ensureCgroup(id: string): void {
  const all = hierarchies();
  const first = all.filter((hierarchy) => hierarchy.version === 1);
  for (const { path, version } of first.length > 0 ? first : all) {
    if (version === 2) write(path, 'cgroup.subtree_control', '+cpu +cpuset +io +memory +pids');
    mkdirSync(join(path, id), { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems']) inherit(path, id, file);
  }
}

/** The processes in a cluster's cgroups. */
export function processesInCgroup(id: string): ProcessId[] {
  return cgroupsOf(id)
    .flatMap((folder) => read(join(folder, 'cgroup.procs')).split('\n'))
    .filter((line) => line !== '')
    .map((line) => processOf(Number(line)))
    .filter((process) => process !== undefined);
}

/** Lets frozen processes run again: a frozen process does not even die. */
export function thaw(id: string): void {
  for (const folder of cgroupsOf(id)) {
    if (read(join(folder, 'freezer.state')).startsWith('FR')) write(folder, 'freezer.state', 'THAWED');
    if (read(join(folder, 'cgroup.freeze')).startsWith('1')) write(folder, 'cgroup.freeze', '0');
  }
}

/** Removes a cluster's cgroups, inner ones first, and returns those that are still in use. */
export function removeCgroups(id: string): string[] {
  return cgroupsOf(id).filter((folder) => {
    try {
      rmdirSync(folder);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT';
    }
  });
}

/** The folders of a cluster's cgroups in all hierarchies, inner ones first. */
export function cgroupsOf(id: string): string[] {
  return hierarchies().flatMap(({ path }) => foldersBelow(join(path, id)));
}

function foldersBelow(folder: string): string[] {
  try {
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...inner.flatMap((entry) => foldersBelow(join(folder, entry.name))), folder];
  } catch {
    return [];
  }
}

function hierarchies(): Hierarchy[] {
  return mounts().flatMap(({ path, type }): Hierarchy[] => {
    if (type === 'cgroup') return [{ path, version: 1 }];
    return type === 'cgroup2' ? [{ path, version: 2 }] : [];
  });
}

/** In the old cpuset hierarchy a new group has no CPU and no memory node until it is given some. */
function inherit(path: string, id: string, file: string): void {
  if (read(join(path, id, file)).trim() === '') write(join(path, id), file, read(join(path, file)).trim());
}

function write(folder: string, file: string, value: string): void {
  try {
    writeFileSync(join(folder, file), value);
  } catch {
    // A hierarchy without this file, or a controller the machine does not have: the kubelet says what it misses.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
