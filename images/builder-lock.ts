import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 500;
const patienceMs = 45 * 60_000;

/** Runs `work` while no other builder works in this folder; waits for one that does, and takes over from one that died. */
export async function withBuilderLock<T>(
  folder: string,
  onWait: (holder: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const lock = join(folder, 'builder.lock');
  await mkdir(folder, { recursive: true });
  await acquire(lock, onWait);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function acquire(lock: string, onWait: (holder: string) => void): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (let told = false; !(await tryCreate(lock)); ) {
    const holder = await readHolder(lock);
    if (holder === undefined) continue;
    if ((await identityOf(pidOf(holder))) !== holder) {
      await removeStale(lock, holder);
      continue;
    }
    if (Date.now() > deadline) throw new Error(`another builder (process ${pidOf(holder)}) still holds ${lock}`);
    if (!told) onWait(pidOf(holder));
    told = true;
    await sleep(pollMs);
  }
}

/** The file appears with its content at once, so nobody ever reads an empty lock. */
async function tryCreate(lock: string): Promise<boolean> {
  // Not named by process: one process may ask twice at a time.
  const draft = `${lock}.${randomUUID()}`;
  await writeFile(draft, (await identityOf(String(process.pid))) ?? '');
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Two waiters may find the same dead holder; only the one that moves that very lock away has removed it. */
async function removeStale(lock: string, holder: string): Promise<void> {
  const aside = `${lock}.stale.${randomUUID()}`;
  await rename(lock, aside).catch(() => undefined);
  if ((await readHolder(aside)) !== holder) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

async function readHolder(lock: string): Promise<string | undefined> {
  return await readFile(lock, 'utf8').catch(() => undefined);
}

function pidOf(holder: string): string {
  return holder.split(' ')[0] ?? '';
}

/** "pid start-time" of a living process: a number alone may long belong to somebody else. */
async function identityOf(pid: string): Promise<string | undefined> {
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The program's name, in brackets, may hold blanks; the start time is the 20th field after it.
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return `${pid} ${startTime}`.trim();
}
