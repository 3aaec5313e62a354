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
      'Asks the cluster of your kubeconfig (KUBECONFIG, then ~/.kube/config) for its version, its nodes and what else is there, and prints what profiles are derived from and checked against. It changes nothing. It needs the right to list nodes; what other rights are missing for, it leaves out and says so.',
      'What pods of others request is counted without those of any profile, or with --profile without those of that one, as the operator counts for it.',
    ],
    examples: [
      ['pitcrew facts > facts.yaml', 'keep the facts, then use them by --facts facts.yaml'],
      ['pitcrew facts --profile shop/shop', 'beside the other profiles of the cluster'],
      ['pitcrew facts --kubeconfig /etc/rancher/k3s/k3s.yaml', 'on a k3s server itself'],
    ],
    options: {
      kubeconfig: { value: 'FILE', summary: 'kubeconfig to use instead of the usual one' },
      context: { value: 'NAME', summary: 'context of the kubeconfig instead of the current one' },
      profile: {
        value: 'NAMESPACE/NAME',
        summary: 'profile that the facts are for: pods of other profiles count as well',
      },
      output: output('yaml', 'json'),
    },
  },
  import: {
    arguments: '--compose FILE',
    positionals: [0, 0],
    summary: 'write a profile from the compose file, nginx.conf and .env that a stack runs by today',
    text: [
      'Reads compose files of any version (short and long forms, anchors, extends, env_file, variables), nginx.conf with what it includes below its folder, and the flags of gunicorn, uvicorn and postgres. It changes nothing but the file of -o, which must not be there yet.',
      'Behind each value of the profile stands where it comes from. At the top stand what you have to fill in or choose, what was not taken over and what to do about it, and what `pitcrew check` says. What is out of bounds is brought within them or left out, and said.',
      'No value that looks like a credential is copied or printed: the profile names Secrets, and the commands that create them stand at the top, without values.',
      'Exit code 0: the operator would take it. 1: something has to be filled in or mended first. 2: nothing was imported.',
    ],
    examples: [
      [
        'pitcrew import --compose docker-compose.prod.yml --nginx nginx/nginx.conf --dotenv .env -o profile.yaml',
        'all that there is',
      ],
      [
        'docker compose config | pitcrew import --compose - > profile.yaml',
        'several compose files, put together by Docker',
      ],
      ['pitcrew import --compose compose.yaml --backend api --name shop', 'say what is not to be guessed'],
    ],
    options: {
      compose: { value: 'FILE', summary: 'compose file; - reads standard input' },
      nginx: { value: 'FILE', summary: 'nginx.conf, or a file of its conf.d' },
      dotenv: { value: 'FILE', summary: 'file with the variables of the compose file: .env' },
      name: { value: 'NAME', summary: 'name of the profile instead of that of the compose project' },
      namespace: { value: 'NAME', summary: 'namespace of the profile; without it the same as its name' },
      backend: { value: 'SERVICE', summary: 'service that runs gunicorn or uvicorn' },
      frontend: { value: 'SERVICE', summary: 'service that runs Next.js' },
      edge: { value: 'SERVICE', summary: 'service that runs nginx' },
      postgres: { value: 'SERVICE', summary: 'service that runs PostgreSQL' },
      facts,
      output: { short: 'o', value: 'FILE', summary: 'file to write the profile to instead of standard output' },
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
