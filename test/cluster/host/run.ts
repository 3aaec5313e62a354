import { spawn } from 'node:child_process';

/** How to run a command; `input` is written to its standard input. */
export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  timeoutMs?: number;
}

/** A command that failed, with the end of what it said. */
export class CommandError extends Error {
  readonly command: string;
  readonly output: string;

  constructor(command: string, reason: string, output: string) {
    super([`${command}: ${reason}`, ...lastLines(output, 12)].join('\n  '));
    this.name = 'CommandError';
    this.command = command;
    this.output = output;
  }
}

/** Runs a command to its end and returns its standard output; throws {@link CommandError} unless it exits with 0. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const command = shorten([program, ...args].join(' '));
  const timeoutMs = options.timeoutMs ?? 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program that ends before it has read its input says so by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => reject(new CommandError(command, error.message, '')));
    child.on('close', (code, signal) => {
      const text = Buffer.concat(stdout).toString();
      if (code === 0) return resolve(text);
      const reason = code === null ? `ended by ${signal} (limit ${timeoutMs / 1000} s)` : `exit code ${code}`;
      reject(new CommandError(command, reason, Buffer.concat(stderr).toString() || text));
    });
  });
}

/** Runs a command and says only whether it succeeded. */
export async function succeeds(program: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
  try {
    await run(program, args, options);
    return true;
  } catch {
    return false;
  }
}

/** The last lines of a text that are not empty. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}

function shorten(command: string): string {
  return command.length > 300 ? `${command.slice(0, 300)}…` : command;
}
