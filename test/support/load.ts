import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Load by wrk from this machine to the node of a test cluster: bounded in time, closed loop, for finding failures, not for timing. */
export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly socketErrors: number;
  readonly text: string;
}

export interface LoadOptions {
  /** URL with the site's own name in it, since TLS asks for the name. */
  readonly url: string;
  /** Address at which that name is found during this run. */
  readonly address: string;
  readonly seconds: number;
  readonly connections: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** wrk with a hosts file of its own, in a mount namespace of its own: nothing on the machine changes. */
export async function load({ url, address, seconds, connections, headers }: LoadOptions): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-load-'));
  try {
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, `127.0.0.1 localhost\n${address} ${new URL(url).hostname}\n`);
    const flags = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const wrk = ['wrk', '-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s', ...flags, url];
    const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
    const { stdout } = await promisify(execFile)('unshare', ['--mount', 'sh', '-c', script, hosts, ...wrk]);
    return parse(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function parse(text: string): LoadResult {
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  return {
    requests: number(/(\d+) requests in/),
    failed: number(/Non-2xx or 3xx responses: (\d+)/),
    socketErrors: (socket?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), 0),
    text,
  };
}
