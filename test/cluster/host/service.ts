import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Layout } from '../layout.ts';
import { logTail, relevantLines } from './log-file.ts';
import { argumentsOf, isAlive, killNow, otherProcesses, type ProcessId, parseStat } from './process-table.ts';
import { type Verdict, waitUntil } from './wait.ts';

/** A program that runs in the background inside a cluster's namespaces. */
export interface Service {
  name: string;
  program: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  /** Files it reads, by path; a change of one restarts the program. */
  files?: Record<string, string>;
  deadlineMs: number;
  /** For a program without a health address: how long it must have lived to count as started. */
  settleMs?: number;
  ready: () => Promise<Verdict> | Verdict;
}

/** A program that answers nothing for this long is taken for stuck, and started anew. */
const stuckMs = 15_000;

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The shell notes its own line of /proc/PID/stat, then becomes nsenter, which becomes the program: one process from the
 * first to the last, noted before the program starts, so that an end of this process in between loses none.
 */
const launcher = `
file=$1 net=$2 mnt=$3; shift 3
read -r stat < /proc/$$/stat && printf '%s\\n' "$stat" > "$file.new" && mv "$file.new" "$file" || exit 1
exec nsenter --net="$net" --mount="$mnt" -- "$@"
`;

/** Makes sure that a service runs with the present arguments and is ready; returns whether it had to be started. */
export async function ensureService(layout: Layout, service: Service): Promise<boolean> {
  const running = serviceProcess(layout, service.name);
  if (running !== undefined && readIfThere(specFile(layout, service.name)) === specOf(service)) {
    if (await becomesReady(service, running, Math.min(stuckMs, service.deadlineMs))) return false;
  }
  await stopService(layout, service);
  await start(layout, service);
  return true;
}

/** The process of a service, when it runs. */
export function serviceProcess(layout: Layout, name: string): ProcessId | undefined {
  const noted = parseStat(readIfThere(pidFile(layout, name)));
  return noted !== undefined && isAlive(noted) ? { pid: noted.pid, startTime: noted.startTime } : undefined;
}

/** The log file of a service. */
export function serviceLog(layout: Layout, name: string): string {
  return join(layout.logs, `${name}.log`);
}

/** Ends a service, also one whose pid file was lost. */
export async function stopService(layout: Layout, service: Pick<Service, 'name' | 'program'>): Promise<void> {
  const noted = serviceProcess(layout, service.name);
  const targets = [...(noted ? [noted] : []), ...strays(layout, service.program)];
  for (const target of targets) killNow(target);
  await waitUntil(`end of ${service.name}`, 10_000, () => !targets.some(isAlive) || 'it still runs');
  rmSync(pidFile(layout, service.name), { force: true });
}

/** Processes of a program that work in this cluster's folder, whoever started them. */
function strays(layout: Layout, program: string): ProcessId[] {
  return otherProcesses().filter(({ pid }) => {
    const args = argumentsOf(pid);
    return args[0] === program && args.some((arg) => arg.includes(`${layout.stateDir}/`));
  });
}

async function start(layout: Layout, service: Service): Promise<void> {
  for (const folder of [layout.run, layout.logs]) mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(service.files ?? {})) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  writeFileSync(specFile(layout, service.name), specOf(service));
  const log = serviceLog(layout, service.name);
  const logStart = existsSync(log) ? statSync(log).size : 0;
  launch(layout, service, log);
  await waitUntil(
    `${service.name} writes its pid file`,
    10_000,
    () => existsSync(pidFile(layout, service.name)) || 'no',
  );
  await waitForReady(layout, service, log, logStart);
}

function launch(layout: Layout, service: Service, log: string): void {
  const output = openSync(log, 'a');
  const places = [pidFile(layout, service.name), layout.netNamespace, layout.mountNamespace];
  const child = spawn('/bin/sh', ['-c', launcher, 'sh', ...places, service.program, ...service.args], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: searchPath, HOME: layout.stateDir, ...service.env },
  });
  child.on('error', () => undefined);
  child.unref();
  closeSync(output);
}

async function waitForReady(layout: Layout, service: Service, log: string, logStart: number): Promise<void> {
  try {
    await waitUntil(`${service.name} becomes ready`, service.deadlineMs, async () => {
      if (serviceProcess(layout, service.name) === undefined) throw new Error(`${service.name} ended while it started`);
      return service.ready();
    });
    await sleep(service.settleMs ?? 0);
    if (serviceProcess(layout, service.name) === undefined) throw new Error(`${service.name} ended after its start`);
  } catch (error) {
    const said = relevantLines(logTail(log, logStart));
    const lines = said.length > 0 ? said : ['(it has written nothing)'];
    const message = error instanceof Error ? error.message : String(error);
    throw new Error([`${message}`, `program ${service.program}, log ${log}:`, ...lines].join('\n  '));
  }
}

async function becomesReady(service: Service, running: ProcessId, deadlineMs: number): Promise<boolean> {
  try {
    await waitUntil(service.name, deadlineMs, async () => {
      if (!isAlive(running)) throw new Error(`${service.name} has ended`);
      return service.ready();
    });
    return true;
  } catch {
    return false;
  }
}

/** A digest of all that decides how the program runs. */
function specOf(service: Service): string {
  const spec = JSON.stringify([service.program, service.args, service.env ?? {}, service.files ?? {}]);
  return createHash('sha256').update(spec).digest('hex');
}

function pidFile(layout: Layout, name: string): string {
  return join(layout.run, `${name}.pid`);
}

function specFile(layout: Layout, name: string): string {
  return join(layout.run, `${name}.spec`);
}

/** The names of all services that were ever started here. */
export function knownServices(pidFiles: readonly string[]): string[] {
  return pidFiles.filter((file) => file.endsWith('.pid')).map((file) => basename(file, '.pid'));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
