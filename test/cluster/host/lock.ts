import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { note, type OnProgress } from './progress.ts';

const waitMs = 30 * 60_000;

/**
 * Runs `work` while no other process on this machine holds the same lock.
 * The lock is the name of an abstract socket: taking it is atomic, and the kernel frees it with the process, however that
 * ends, so that no stale lock can be left behind.
 */
export async function withLock<T>(key: string, onProgress: OnProgress, work: () => Promise<T>): Promise<T> {
  const server = await acquire(key, onProgress);
  try {
    return await work();
  } finally {
    server.close();
  }
}

async function acquire(key: string, onProgress: OnProgress): Promise<Server> {
  const address = `\0pitcrew-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
  const end = Date.now() + waitMs;
  for (let attempt = 0; ; attempt++) {
    const server = await tryListen(address);
    if (server !== undefined) return server;
    if (attempt === 0) note(onProgress, `waiting for another run that works on ${key}`);
    if (Date.now() > end) throw new Error(`another run has held the lock on ${key} for ${waitMs / 60_000} min`);
    await sleep(100);
  }
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      server.unref();
      resolve(server);
    });
  });
}
