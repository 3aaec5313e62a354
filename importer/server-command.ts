import { commandsOf, lineOf, type ShellCommand } from './shell-words.ts';

/** Finds the web server in what a container runs, and what runs before it. */

export interface ServerCommand {
  readonly program: string;
  /** Its arguments. */
  readonly words: readonly string[];
  /** Programs that it is started by, other than those that change nothing. */
  readonly wrappers: readonly string[];
  /** Commands that run before it, in order. */
  readonly before: readonly ShellCommand[];
}

const SERVERS = new Set(['gunicorn', 'uvicorn', 'hypercorn', 'daphne', 'granian', 'fastapi']);
const SHELLS = new Set(['sh', 'bash', 'ash', 'dash', 'zsh']);
/** They start what follows them and are gone. */
const TRANSPARENT =
  /^(exec|poetry|pipenv|uv|pdm|rye|hatch|run|python[0-9.]*|-m|-u|tini|dumb-init|--|-g|env|nohup|time|\.?\/?(\S*\/)?wait[-_]for\S*)$/;

/** The server that entry point and command start together, or undefined where there is none in sight. */
export function serverIn(
  entrypoint: readonly string[] | undefined,
  command: readonly string[] | undefined,
): ServerCommand | undefined {
  const words = [...(entrypoint ?? []), ...(command ?? [])];
  const chain = chainOf(words);
  const index = chain.findIndex((step) => serverAt(step.words) >= 0);
  const step = chain[index];
  if (step === undefined) return undefined;
  const at = serverAt(step.words);
  const { before, leftOver } = split(step.words.slice(0, at));
  return {
    program: baseName(step.words[at] ?? ''),
    words: step.words.slice(at + 1),
    wrappers: leftOver,
    before: [...chain.slice(0, index), ...before],
  };
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function serverAt(words: readonly string[]): number {
  return words.findIndex(
    (word, index) => SERVERS.has(baseName(word)) && !/^-[a-z]$/.test(words[index - 1]?.replace(/^-m$/, '') ?? ''),
  );
}

/** `sh -c "a && b"` is a chain of commands, all else is one. */
export function chainOf(words: readonly string[]): readonly ShellCommand[] {
  const shell = words.findIndex((word) => SHELLS.has(baseName(word)));
  const flag = shell < 0 ? -1 : words.findIndex((word, index) => index > shell && /^-[a-z]*c$/.test(word));
  const line = flag < 0 ? undefined : words[flag + 1];
  return line === undefined ? [{ words, joint: '' }] : commandsOf(line);
}

/** `wait-for db:5432 -- gunicorn …` waits first; other words before the server start it. */
function split(words: readonly string[]): { before: ShellCommand[]; leftOver: string[] } {
  if (WAITER.test(words[0] ?? '')) return { before: [{ words, joint: '' }], leftOver: [] };
  return { before: [], leftOver: words.filter((word) => !TRANSPARENT.test(baseName(word)) && !/^\w+=/.test(word)) };
}

/** Waits for an address, and may then start what stands behind `--`. */
const WAITER = /(^|\/)(wait[-_]?for\S*|dockerize|wait-on)$/;

/** The command that a program starts which only waits before; the command itself where it is none of those. */
export function withoutWaiter(command: ShellCommand): ShellCommand {
  const end = WAITER.test(command.words[0] ?? '') ? command.words.indexOf('--') : -1;
  return end < 0 || end + 1 === command.words.length ? command : { ...command, words: command.words.slice(end + 1) };
}

/** Commands that only matter where nobody else puts things in order. */
export const isWaiting = ({ words }: ShellCommand): boolean =>
  /(^|\/)(wait[-_]?for\S*|dockerize|wait-on|pg_isready|sleep|nc|until|do|done|while|echo|true|set)$/.test(
    words[0] ?? '',
  );

/** The command for a migration: its words, or a line for a shell where there are several. */
export function migrationOf(commands: readonly ShellCommand[]): string[] {
  const [only, ...more] = commands;
  if (only !== undefined && more.length === 0) {
    const words = only.words[0] === 'exec' ? only.words.slice(1) : only.words;
    // What is a variable, an assignment or a redirection needs a shell.
    return words.some((word) => /[$<>`*]/.test(word)) || /^\w+=/.test(words[0] ?? '')
      ? ['sh', '-c', lineOf([{ words, joint: '' }])]
      : [...words];
  }
  return ['sh', '-c', lineOf(commands)];
}
