import { parseArgs } from 'node:util';
import { type Request, UsageError } from './command.ts';
import { COMMAND_NAMES, COMMANDS, type CommandEntry, type CommandName, commandOf, type OptionEntry } from './manual.ts';
import { didYouMean, nearest } from './nearest.ts';

/** A command line that was understood. */
export type Asked =
  | { readonly show: 'version' | 'overview' }
  | { readonly show: 'help'; readonly name: CommandName }
  | { readonly show: 'command'; readonly name: CommandName; readonly request: Request };

/** Throws UsageError with what was wrong and what was likely meant. */
export function parseArguments(args: readonly string[]): Asked {
  const [first, ...rest] = args;
  if (first === undefined || first === '-h' || first === '--help') return { show: 'overview' };
  if (first === '--version' || first === '-V') return { show: 'version' };
  const name = commandName(first);
  if (rest.includes('-h') || rest.includes('--help')) return { show: 'help', name };
  const request = requestOf(name, COMMANDS[name], rest);
  if (name !== 'help') return { show: 'command', name, request };
  const [about] = request.positionals;
  return about === undefined ? { show: 'overview' } : { show: 'help', name: commandName(about) };
}

function commandName(word: string): CommandName {
  if (commandOf(word) !== undefined) return word as CommandName;
  const near = didYouMean(nearest(word, COMMAND_NAMES));
  const what = word.startsWith('-') ? `no option ${word} before a command` : `no command ${word}`;
  throw new UsageError(`${what}${near === '' ? `; the commands are ${COMMAND_NAMES.join(', ')}` : near}`);
}

function requestOf(name: CommandName, entry: CommandEntry, args: readonly string[]): Request {
  const known = Object.fromEntries(
    Object.entries(entry.options).map(([option, { short }]) => [
      option,
      { type: 'string' as const, ...(short === undefined ? {} : { short }) },
    ]),
  );
  const { positionals, tokens } = parseArgs({
    args: [...args],
    options: known,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const options: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind === 'option') options[token.name] = optionValue(name, entry, token);
  }
  checkPositionals(name, entry, positionals);
  return { positionals, options };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

function optionValue(command: CommandName, entry: CommandEntry, { name, rawName, value }: OptionToken): string {
  const option: OptionEntry | undefined = Object.hasOwn(entry.options, name) ? entry.options[name] : undefined;
  if (option === undefined) {
    const known = Object.keys(entry.options).map((each) => `--${each}`);
    const near = didYouMean(nearest(rawName, known));
    const all = known.length === 0 ? '; it takes none' : `; it takes ${known.join(', ')}`;
    throw new UsageError(`${command} has no option ${rawName}${near === '' ? all : near}`);
  }
  if (value === undefined || value === '') throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  if (option.choices?.includes(value) === false) {
    throw new UsageError(`${rawName} ${value}: it is one of ${option.choices.join(', ')}`);
  }
  return value;
}

function checkPositionals(name: CommandName, entry: CommandEntry, positionals: readonly string[]): void {
  const [least, most] = entry.positionals;
  const example = `for example: ${entry.examples[0]?.[0]}`;
  if (positionals.length < least) throw new UsageError(`${name} needs ${entry.arguments}; ${example}`);
  if (positionals.length > most) {
    throw new UsageError(`${name} does not know what to do with ${positionals.slice(most).join(' ')}; ${example}`);
  }
}
