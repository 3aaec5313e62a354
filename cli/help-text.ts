import { COMMAND_NAMES, COMMANDS, type CommandEntry, type CommandName, type OptionEntry } from './manual.ts';
import { paint, type Terminal, wrap } from './terminal.ts';

/** What `pitcrew --help` and `pitcrew help COMMAND` print. */

export function overviewText(terminal: Terminal): string {
  const widest = Math.max(...COMMAND_NAMES.map((name) => usageOf(name).length));
  const commands = COMMAND_NAMES.map((name) => row(terminal, usageOf(name).padEnd(widest), COMMANDS[name].summary));
  return [
    wrap(
      terminal,
      'pitcrew tunes a web stack (nginx, FastAPI, Next.js, PostgreSQL) from one PerformanceProfile. This is its command line: it reads profiles from files and needs no cluster, except for `pitcrew facts`.',
    ),
    '',
    heading(terminal, 'Commands'),
    ...commands,
    '',
    heading(terminal, 'Start here'),
    row(terminal, 'pitcrew check profile.yaml  ', 'what an expert would say about the profile'),
    row(terminal, 'pitcrew help check          ', 'all about a command, with examples'),
    '',
    wrap(
      terminal,
      'Exit codes: 0 fine; 1 the profile is refused; 2 nothing was judged (wrong usage, or a file or cluster that cannot be read). Colour is left out when the output is no terminal or NO_COLOR is set.',
    ),
    '',
  ].join('\n');
}

export function commandText(terminal: Terminal, name: CommandName): string {
  const entry: CommandEntry = COMMANDS[name];
  const options = Object.entries(entry.options);
  return [
    `${paint(terminal, 'bold', `pitcrew ${usageOf(name)}`)}${options.length > 0 ? ' [options]' : ''}`,
    wrap(terminal, `${entry.summary}.`, '  '),
    ...entry.text.flatMap((paragraph) => ['', wrap(terminal, paragraph)]),
    '',
    heading(terminal, 'Examples'),
    ...entry.examples.flatMap(([command, meaning]) => [`  ${command}`, wrap(terminal, meaning, '      ')]),
    ...(options.length === 0 ? [] : ['', heading(terminal, 'Options'), ...optionRows(terminal, options)]),
    '',
  ].join('\n');
}

/** `check FILE`. */
export function usageOf(name: CommandName): string {
  return `${name} ${COMMANDS[name].arguments}`.trim();
}

function optionRows(terminal: Terminal, options: ReadonlyArray<readonly [string, OptionEntry]>): string[] {
  const left = ([name, { short, value }]: readonly [string, OptionEntry]): string =>
    `${short === undefined ? '' : `-${short}, `}--${name} ${value}`;
  const widest = Math.max(...options.map((option) => left(option).length));
  return options.map((option) => row(terminal, left(option).padEnd(widest), option[1].summary));
}

const row = (terminal: Terminal, left: string, right: string): string => wrap(terminal, right, `  ${left}  `);
const heading = (terminal: Terminal, text: string): string => paint(terminal, 'bold', `${text}:`);
