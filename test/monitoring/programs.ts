import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../cluster/host/run.ts';
import { cacheRoot } from '../cluster/names.ts';

/**
 * Prometheus and the exporters as Debian packages them. They are unpacked into the cache and not installed: an
 * installation would start each of them as a service of the machine.
 */
const PACKAGES = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'prometheus-nginx-exporter': 'prometheus-nginx-exporter',
  'prometheus-postgres-exporter': 'prometheus-postgres-exporter',
  mtail: 'mtail',
} as const;

export type Program = keyof typeof PACKAGES;

const DEADLINE_MS = 5 * 60_000;

/** Path of a program; the first time it is fetched with apt-get. */
export async function ensureMonitoringProgram(program: Program): Promise<string> {
  const name = PACKAGES[program];
  const folder = join(cacheRoot(), 'monitoring', name);
  const path = join(folder, 'usr', 'bin', program);
  if (existsSync(path)) return path;
  const scratch = `${folder}.${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  try {
    await download(name, scratch);
    await run('sh', ['-c', 'dpkg-deb -x ./*.deb root'], { cwd: scratch, timeoutMs: DEADLINE_MS });
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(scratch, 'root'), folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return path;
}

/** The list of packages is renewed only where it does not lead to one. */
async function download(name: string, folder: string): Promise<void> {
  // It would not write as a user without rights in this folder, and warns of that.
  const fetch = () =>
    run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: folder, timeoutMs: DEADLINE_MS });
  try {
    await fetch();
  } catch {
    await run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', 'update'], { timeoutMs: DEADLINE_MS });
    await fetch();
  }
}
