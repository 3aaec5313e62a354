import { parseArguments } from './arguments.ts';
import { type Outcome, type Run, type Surroundings, UsageError } from './command.ts';
import { commandText, overviewText, usageOf } from './help-text.ts';
import { type CommandName, commandOf } from './manual.ts';
import { wrap } from './terminal.ts';

/**
 * Which file runs which command. Each is loaded when it is asked for: the client of the cluster alone is as
 * large as everything else together, and `--version` needs none of it.
 */
const COMMANDS: Readonly<Record<Exclude<CommandName, 'help'>, () => Promise<{ run: Run }>>> = {
  check: () => import('./check.ts'),
  explain: () => import('./explain.ts'),
  render: () => import('./render.ts'),
  facts: () => import('./facts.ts'),
  import: () => import('./import.ts'),
  completion: () => import('./completion.ts'),
};

/** The whole tool as a function of its arguments. Never throws for what a user can do. */
export async function pitcrew(args: readonly string[], around: Surroundings): Promise<Outcome> {
  try {
    return await outcomeOf(args, around);
  } catch (error) {
    const isOurs = error instanceof UsageError || (error instanceof Error && error.name === 'InvalidFactsError');
    if (!isOurs) throw error;
    const [name = ''] = args;
    const isCommand = commandOf(name) !== undefined;
    const usage = isCommand ? `pitcrew ${usageOf(name as CommandName)}` : 'pitcrew COMMAND';
    const hint = `usage: ${usage}; \`pitcrew ${isCommand ? `help ${name}` : 'help'}\` teaches it`;
    const said = `pitcrew: ${error.message}`;
    const stderr = `${said.includes('\n') ? said : wrap(around.errors, said)}\n${hint}\n`;
    return { code: 2, stderr };
  }
}

async function outcomeOf(args: readonly string[], around: Surroundings): Promise<Outcome> {
  const asked = parseArguments(args);
  switch (asked.show) {
    case 'version': {
      const { VERSION } = await import('../synth/version.ts');
      return { code: 0, stdout: `${VERSION}\n` };
    }
    case 'overview':
      // Without a word the tool does not know what to do, which a script should notice; asked for help it answers.
      return args.length === 0
        ? { code: 2, stderr: overviewText(around.errors) }
        : { code: 0, stdout: overviewText(around.terminal) };
    case 'help':
      return { code: 0, stdout: commandText(around.terminal, asked.name) };
    case 'command': {
      if (asked.name === 'help') return { code: 0, stdout: overviewText(around.terminal) };
      const { run } = await COMMANDS[asked.name]();
      return run(asked.request, around);
    }
  }
}
