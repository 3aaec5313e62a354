import { type Run, UsageError } from './command.ts';
import { bashCompletion, fishCompletion, type Words, zshCompletion } from './completion-text.ts';
import { COMMAND_NAMES, COMMANDS, type CommandEntry } from './manual.ts';
import { didYouMean, nearest } from './nearest.ts';
import { fieldsOfSpec } from './schema-field.ts';

const SHELLS: Readonly<Record<string, (words: Words) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `pitcrew completion SHELL`: the script that a shell sources. */
export const run: Run = async ({ positionals: [shell = ''] }) => {
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (script === undefined) {
    const near = didYouMean(nearest(shell, Object.keys(SHELLS)));
    throw new UsageError(`no completion for ${shell}${near === '' ? '; it is one of bash, zsh, fish' : near}`);
  }
  const paths = [...fieldsOfSpec().keys()].filter((path) => !path.includes('[]'));
  return { code: 0, stdout: script({ commands: commandWords(), paths }) };
};

function commandWords(): Words['commands'] {
  return COMMAND_NAMES.map((name) => {
    const entry: CommandEntry = COMMANDS[name];
    return { name, summary: entry.summary, options: entry.options };
  });
}
