import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** kubectl as a person would type it, against one cluster. */
const execFileAsync = promisify(execFile);

export interface Kubectl {
  /** Standard output of `kubectl …`; throws with standard error in the message. */
  run(...args: string[]): Promise<string>;
  /** The same with a manifest on standard input. */
  pipe(input: string, ...args: string[]): Promise<string>;
  /** The object as JSON, or undefined when it is not there. */
  get<T = Json>(...args: string[]): Promise<T | undefined>;
  /** What `kubectl …` says and with which code, without throwing. */
  attempt(...args: string[]): Promise<{ code: number; output: string }>;
  /** `kubectl exec` in the first container, or the one named. */
  exec(namespace: string, pod: string, command: readonly string[], container?: string): Promise<string>;
  /** A long-running kubectl, for watches. The caller ends it. */
  start(...args: string[]): ChildProcess;
  readonly environment: NodeJS.ProcessEnv;
  /** The program itself, for pipelines. */
  readonly program: string;
}

export type Json = { [key: string]: unknown };

export function kubectlFor(kubeconfig: string, binDir: string | undefined): Kubectl {
  const program = binDir === undefined ? 'kubectl' : join(binDir, 'kubectl');
  const environment = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${binDir ?? ''}:${process.env.PATH}` };
  const options = { env: environment, maxBuffer: 64 * 2 ** 20 };

  const run = async (...args: string[]): Promise<string> => {
    try {
      return (await execFileAsync(program, args, options)).stdout;
    } catch (error) {
      throw new Error(`kubectl ${args.join(' ')}: ${(error as { stderr?: string }).stderr ?? String(error)}`, {
        cause: error,
      });
    }
  };
  const pipe = (input: string, ...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const child = execFile(program, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`kubectl ${args.join(' ')}: ${stderr}`, { cause: error }));
      });
      child.stdin?.end(input);
    });
  const attempt = async (...args: string[]) => {
    try {
      const { stdout, stderr } = await execFileAsync(program, args, options);
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const failed = error as { code?: number; stdout?: string; stderr?: string };
      return {
        code: typeof failed.code === 'number' ? failed.code : 1,
        output: `${failed.stdout ?? ''}${failed.stderr ?? String(error)}`,
      };
    }
  };
  return {
    run,
    pipe,
    attempt,
    environment,
    program,
    get: async <T>(...args: string[]) => {
      const text = await run('get', ...args, '-o', 'json', '--ignore-not-found');
      return text.trim() === '' ? undefined : (JSON.parse(text) as T);
    },
    exec: (namespace, pod, command, container) =>
      run('exec', '-n', namespace, pod, ...(container === undefined ? [] : ['-c', container]), '--', ...command),
    start: (...args) => spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] }),
  };
}

/** Asks until the answer is there. Throws at the deadline with the last answer or error in the message. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  deadlineMs = 60_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(
        `waited ${deadlineMs / 1000} s for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    }
    await sleep(200);
  }
}
