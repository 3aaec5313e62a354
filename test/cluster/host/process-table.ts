import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process, named so that a reused pid is not mistaken for it. */
export interface ProcessId {
  pid: number;
  startTime: string;
}

/** Reads pid, start time and state out of one line of /proc/PID/stat; the name in it may hold spaces and brackets. */
export function parseStat(line: string): (ProcessId & { state: string }) | undefined {
  const pid = Number.parseInt(line, 10);
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .trim()
    .split(' ');
  const state = fields[0];
  const startTime = fields[19];
  if (!Number.isInteger(pid) || state === undefined || startTime === undefined) return undefined;
  return { pid, startTime, state };
}

/** The process that has this pid now; undefined when there is none, or only its remains. */
export function processOf(pid: number): ProcessId | undefined {
  const stat = parseStat(readProc(`${pid}/stat`));
  if (stat === undefined || stat.state === 'X') return undefined;
  if (stat.state === 'Z' && !hasLivingThreads(pid)) return undefined;
  return { pid: stat.pid, startTime: stat.startTime };
}

/** The first thread of a killed program can be gone while others still hold its sockets. */
function hasLivingThreads(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).length > 1;
  } catch {
    return false;
  }
}

/** Whether this very process still runs. */
export function isAlive(id: ProcessId): boolean {
  return processOf(id.pid)?.startTime === id.startTime;
}

/** Ends this very process at once; says whether it was there. */
export function killNow(id: ProcessId): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(id.pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** All processes of the machine, except this one and those it was started by. */
export function otherProcesses(): ProcessId[] {
  const own = ownLineage();
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => !own.has(pid))
    .map(processOf)
    .filter((id) => id !== undefined);
}

/** The arguments a process was started with; empty for kernel threads and for processes that are gone. */
export function argumentsOf(pid: number): string[] {
  return readProc(`${pid}/cmdline`).split('\0').slice(0, -1);
}

/** The identity of one of a process's namespaces, such as `net:[4026531840]`. */
export function namespaceOf(pid: number | 'self', kind: 'net' | 'mnt'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

function ownLineage(): Set<number> {
  const lineage = new Set<number>();
  let pid = process.pid;
  while (pid > 0 && !lineage.has(pid)) {
    lineage.add(pid);
    pid = Number(/^PPid:\s*(\d+)/m.exec(readProc(`${pid}/status`))?.[1] ?? 0);
  }
  return lineage;
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
