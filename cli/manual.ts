/** What each command is for, how it is called and one example of it: help, completion and the parser all read it here. */

/** An option of a command. */
export interface OptionEntry {
  readonly short?: string;
  /** What its value is called in the help. */
  readonly value: string;
  /** The words that it takes, where these are all of them. */
  readonly choices?: readonly string[];
  readonly summary: string;
}

/** A command. */
export interface CommandEntry {
  readonly arguments: string;
  /** How many positional arguments it needs at least and takes at most. */
  readonly positionals: readonly [least: number, most: number];
  readonly summary: string;
  /** Paragraphs that teach. */
  readonly text: readonly string[];
  readonly examples: ReadonlyArray<readonly [command: string, meaning: string]>;
  readonly options: Readonly<Record<string, OptionEntry>>;
}

const facts: OptionEntry = {
  value: 'FACTS',
  summary:
    'file with the facts about the cluster, from `pitcrew facts`; without it a node of 4 CPUs and 8 GiB is assumed',
};
const output = (...choices: readonly string[]): OptionEntry => ({
  short: 'o',
  value: choices.join('|'),
  choices,
  summary: `form of the output; the first is the default`,
});

const FILE =
  'FILE is YAML with one PerformanceProfile or more; other kinds in it are passed over. - reads standard input.';

export const COMMANDS = {
  check: {
    arguments: 'FILE',
    positionals: [1, 1],
    summary: 'review a profile: what cannot work, by how much, what to write instead',
    text: [
      FILE,
      'Errors are refused by the operator unless you accept them by id in spec.policy.acknowledge, with a reason. Warnings and notes are admitted. Each finding says what is wrong with the numbers, what it does to the site, and the lines to put into spec instead.',
      'Exit code 0: the operator would take it. 1: it would refuse it. 2: nothing was judged.',
    ],
    examples: [
      ['pitcrew check profile.yaml', 'a review for people'],
      ['pitcrew check profile.yaml --facts facts.yaml', 'the same for your node instead of an assumed one'],
      ['pitcrew check - -o json < profile.yaml', 'for a pipeline'],
    ],
    options: { facts, output: output('text', 'json', 'yaml') },
  },
  explain: {
    arguments: 'FILE [PATH]',
    positionals: [1, 2],
    summary: 'say of each value in force where it comes from and what a change of it would do',
    text: [
      FILE,
      'Without PATH it lists every value in force. With the PATH of a field, or of a group of fields, it says all about each: who chose it (user, derived, default), the formula, the same with the numbers in it, bounds, unit, the file and key it lands in, and how a change takes effect.',
    ],
    examples: [
      ['pitcrew explain profile.yaml', 'all values, a line each'],
      ['pitcrew explain profile.yaml backend.workers', 'one value, all about it'],
      ['pitcrew explain profile.yaml postgres.parameters', 'a group of values'],
    ],
    options: { facts, output: output('text', 'json', 'yaml') },
  },
  render: {
    arguments: 'FILE',
    positionals: [1, 1],
    summary: 'print every object that the operator would apply, without a cluster',
    text: [
      FILE,
      'The same bytes as the operator applies for the same facts, owner references aside. A profile that the operator would refuse is not rendered: `pitcrew check` says why.',
    ],
    examples: [
      ['pitcrew render profile.yaml', 'YAML, one document an object'],
      ['pitcrew render profile.yaml --facts facts.yaml | kubectl diff -f -', 'what would change in the cluster'],
    ],
    options: { facts, output: output('yaml', 'json') },
  },
  facts: {
    arguments: '',
    positionals: [0, 0],
    summary: 'read what the cluster offers, as a file for --facts',
    text: [
      'Asks the cluster of your kubeconfig (KUBECONFIG, then ~/.kube/config) for its version and its nodes, and prints what profiles are derived from and checked against. It changes nothing and needs the right to list nodes.',
    ],
    examples: [
      ['pitcrew facts > facts.yaml', 'keep the facts, then use them by --facts facts.yaml'],
      ['pitcrew facts --kubeconfig /etc/rancher/k3s/k3s.yaml', 'on a k3s server itself'],
    ],
    options: {
      kubeconfig: { value: 'FILE', summary: 'kubeconfig to use instead of the usual one' },
      context: { value: 'NAME', summary: 'context of the kubeconfig instead of the current one' },
      output: output('yaml', 'json'),
    },
  },
  completion: {
    arguments: 'SHELL',
    positionals: [1, 1],
    summary: 'print what teaches bash, zsh or fish to complete commands, options and field paths',
    text: ['SHELL is bash, zsh or fish.'],
    examples: [
      ['source <(pitcrew completion bash)', 'bash, for this session; a line in ~/.bashrc makes it last'],
      ['source <(pitcrew completion zsh)', 'zsh, after compinit'],
      ['pitcrew completion fish > ~/.config/fish/completions/pitcrew.fish', 'fish, for good'],
    ],
    options: {},
  },
  help: {
    arguments: '[COMMAND]',
    positionals: [0, 1],
    summary: 'teach a command, with examples',
    text: [],
    examples: [['pitcrew help check', 'all about check']],
    options: {},
  },
} as const satisfies Readonly<Record<string, CommandEntry>>;

export type CommandName = keyof typeof COMMANDS;

export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

/** The entry of a command, or undefined for a word that is none. */
export function commandOf(name: string): CommandEntry | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name as CommandName] : undefined;
}
