import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Load by wrk from this machine to the node of a test cluster: bounded in time, closed loop, for finding failures, not for timing. */
export interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly socketErrors: number;
  readonly text: string;
}

export async function load(
  url: string,
  options: { seconds: number; connections: number; headers: Readonly<Record<string, string>> },
): Promise<LoadResult> {
  const headers = Object.entries(options.headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const args = [
    '-t',
    '1',
    '-c',
    String(options.connections),
    '-d',
    `${options.seconds}s`,
    '--timeout',
    '10s',
    ...headers,
    url,
  ];
  const { stdout } = await promisify(execFile)('wrk', args);
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? 0);
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout);
  return {
    requests: number(/(\d+) requests in/),
    failed: number(/Non-2xx or 3xx responses: (\d+)/),
    socketErrors: (socket?.slice(1) ?? []).reduce((sum, count) => sum + Number(count), 0),
    text: stdout,
  };
}
