import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RunOptions {
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
}

const deadlineMs = 30 * 60_000;
const shownLines = 30;

/** Runs a program with all its output appended to a log; the error of a failing one carries the log's last lines. */
export async function runLogged(command: string, args: readonly string[], options: RunOptions): Promise<void> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  try {
    const ending = await endingOf(command, args, log, options.env ?? process.env);
    if (ending !== 'exit 0') throw new Error(failureText(command, args, ending, options.logFile));
  } finally {
    closeSync(log);
  }
}

function endingOf(command: string, args: readonly string[], log: number, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', log, log], timeout: deadlineMs });
    child.once('error', (cause) => reject(new Error(`cannot start ${command}`, { cause })));
    child.once('close', (code, signal) => resolve(signal === null ? `exit ${code}` : `ended by ${signal}`));
  });
}

function failureText(command: string, args: readonly string[], ending: string, logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-shownLines);
  return [`${command} ${args[0] ?? ''} failed: ${ending}; the full log is ${logFile}`, ...lines].join('\n  | ');
}
