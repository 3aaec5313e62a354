import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS } from '../../../deploy/options.ts';
import type { Server } from './server.ts';

/** An operator that takes part. */
export interface Contestant {
  readonly name: string;
  /** In the certificate, and so in the audit log. */
  readonly user: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly endedBy: 'SIGKILL' | 'SIGTERM';
}

/** What is compared, and the folder that it may write to. */
export interface Programs {
  /** Folder of the bundle, as it lies in the image. */
  readonly dist: string;
  readonly twin: string;
  readonly templates: string;
  readonly folder: string;
}

/**
 * Ours, as it is installed: bundle, flags, compiled code of an earlier start. No election, since the twin has none.
 * With a folder for profiles it says there where its CPU time goes, for which it must be let end in good order.
 */
export function pitcrew({ dist, folder }: Programs, profiles?: string): Contestant {
  return {
    name: 'pitcrew',
    user: 'bench-pitcrew',
    program: process.execPath,
    args: [...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]), join(dist, 'operator.js')],
    endedBy: profiles === undefined ? 'SIGKILL' : 'SIGTERM',
    env: {
      NODE_ENV: 'production',
      NODE_OPTIONS: `--max-old-space-size=${DEFAULTS.heapMiB} --max-semi-space-size=2`,
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      PITCREW_LEADER_ELECTION: 'false',
      PITCREW_HEALTH_PORT: '0',
    },
  };
}

/** The twin in Go, tuned or plain. */
export function twin({ twin: program, templates }: Programs, variant: 'tuned' | 'plain'): Contestant {
  const flags = variant === 'plain' ? ['--plain'] : [];
  return {
    name: `Go, ${variant}`,
    user: 'bench-twin',
    program,
    args: ['--templates', templates, ...flags],
    env: {},
    endedBy: 'SIGKILL',
  };
}

/** A running operator. */
export interface Running {
  /** Wall clock at which its process was started. */
  readonly startedAt: Date;
  readonly usage: () => Usage;
  /** The end of its log. */
  readonly lastWords: () => string;
  /** Kills it, as a node that fails would; unless it is to write a profile. */
  readonly end: () => Promise<void>;
}

/** Starts it with a kubeconfig of its own; what it says goes to a file in the folder. */
export async function start(contestant: Contestant, server: Server, folder: string): Promise<Running> {
  const kubeconfig = await server.kubeconfigOf(contestant.user);
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${contestant.user}.log`);
  const log = openSync(logFile, 'a');
  const env = { PATH: process.env.PATH ?? '', HOME: folder, KUBECONFIG: kubeconfig, ...contestant.env };
  const startedAt = new Date();
  const child = spawn(contestant.program, contestant.args, { env, cwd: folder, stdio: ['ignore', log, log] });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  // Left behind, it would take part in the next round too: it reads its kubeconfig again.
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  return {
    startedAt,
    usage: () => usageOf(child),
    lastWords: () => readFileSync(logFile, 'utf8').slice(-2_000),
    end: async () => {
      child.kill(contestant.endedBy);
      await ended;
      process.removeListener('exit', killAtExit);
    },
  };
}

/** What a process has used so far. */
export interface Usage {
  /** Time of CPUs, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** Resident memory now, and at most since it started, in MiB. */
  readonly residentMiB: number;
  readonly peakMiB: number;
}

function usageOf({ pid, exitCode }: ChildProcess): Usage {
  if (pid === undefined || exitCode !== null) throw new Error(`the operator has ended with ${exitCode}`);
  return usageOfPid(pid);
}

/** Of any process, from /proc. */
export function usageOfPid(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return {
    // In ticks, of which Linux has a hundred a second.
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
    residentMiB: kibibytes('VmRSS') / 1024,
    peakMiB: kibibytes('VmHWM') / 1024,
  };
}
