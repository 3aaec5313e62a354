import type { OptionEntry } from './manual.ts';

/** What there is to complete. */
export interface Words {
  readonly commands: ReadonlyArray<{
    readonly name: string;
    readonly summary: string;
    readonly options: Readonly<Record<string, OptionEntry>>;
  }>;
  /** Paths of fields, for `explain FILE PATH`. */
  readonly paths: readonly string[];
}

const SHELLS = 'bash zsh fish';

/** Options of a command as they are typed. */
const optionWords = (options: Readonly<Record<string, OptionEntry>>): string[] => [
  ...Object.entries(options).flatMap(([name, { short }]) => [
    `--${name}`,
    ...(short === undefined ? [] : [`-${short}`]),
  ]),
  '--help',
];

/** Values of the options that take one of some words. */
const choices = ({ commands }: Words): string[] => [
  ...new Set(commands.flatMap(({ options }) => Object.values(options).flatMap((option) => option.choices ?? []))),
];

export function bashCompletion(words: Words): string {
  const names = words.commands.map(({ name }) => name).join(' ');
  const cases = words.commands.map(
    ({ name, options }) => `    ${name}) options='${optionWords(options).join(' ')}' ;;`,
  );
  return `# pitcrew completion for bash; load it with: source <(pitcrew completion bash)
_pitcrew() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]} options=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$word"))
    return
  fi
  case $command in
${cases.join('\n')}
  esac
  case $command:$before in
    import:-o|import:--output|*:--compose|*:--nginx|*:--dotenv) COMPREPLY=($(compgen -f -- "$word")); return ;;
    *:--name|*:--namespace|*:--backend|*:--frontend|*:--edge|*:--postgres) return ;;
  esac
  case $before in
    -o|--output) COMPREPLY=($(compgen -W '${choices(words).join(' ')}' -- "$word")); return ;;
    --context) return ;;
    --facts|--kubeconfig) COMPREPLY=($(compgen -f -- "$word")); return ;;
  esac
  if [ "\${word#-}" != "$word" ]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  case $command in
    help) COMPREPLY=($(compgen -W '${names}' -- "$word")) ;;
    completion) COMPREPLY=($(compgen -W '${SHELLS}' -- "$word")) ;;
    facts|import) ;;
    explain)
      if [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -f -- "$word"))
      else COMPREPLY=($(compgen -W '${words.paths.join(' ')}' -- "$word")); fi ;;
    *) COMPREPLY=($(compgen -f -- "$word")) ;;
  esac
}
complete -o filenames -F _pitcrew pitcrew
`;
}

export function zshCompletion(words: Words): string {
  const described = words.commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`).join('\n');
  const cases = words.commands.map(
    ({ name, options }) => `    ${name}) options=(${optionWords(options).join(' ')}) ;;`,
  );
  return `#compdef pitcrew
# pitcrew completion for zsh; load it after compinit with: source <(pitcrew completion zsh)
_pitcrew() {
  local -a commands options paths
  commands=(
${described}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
  case $words[2]:$words[CURRENT-1] in
    import:-o|import:--output|*:--compose|*:--nginx|*:--dotenv) _files; return ;;
    *:--name|*:--namespace|*:--backend|*:--frontend|*:--edge|*:--postgres) return ;;
  esac
  case $words[CURRENT-1] in
    -o|--output) compadd ${choices(words).join(' ')}; return ;;
    --context) return ;;
    --facts|--kubeconfig) _files; return ;;
  esac
  if [[ $words[CURRENT] == -* ]]; then
    compadd -- $options
    return
  fi
  case $words[2] in
    help) _describe command commands ;;
    completion) compadd ${SHELLS} ;;
    facts|import) ;;
    explain)
      paths=(${words.paths.join(' ')})
      if (( CURRENT == 3 )); then _files; else compadd -- $paths; fi ;;
    *) _files ;;
  esac
}
compdef _pitcrew pitcrew
`;
}

export function fishCompletion(words: Words): string {
  const names = words.commands.map(({ name }) => name).join(' ');
  const commands = words.commands.map(
    ({ name, summary }) => `complete -c pitcrew -f -n __fish_use_subcommand -a ${name} -d '${quoted(summary)}'`,
  );
  const options = words.commands.flatMap(({ name, options: own }) =>
    Object.entries(own).map(([option, { short, choices: some, summary }]) => {
      const values = some === undefined ? ' -r' : ` -x -a '${some.join(' ')}'`;
      const letter = short === undefined ? '' : ` -s ${short}`;
      return `complete -c pitcrew -n '__fish_seen_subcommand_from ${name}' -l ${option}${letter}${values} -d '${quoted(summary)}'`;
    }),
  );
  return `# pitcrew completion for fish; load it with: pitcrew completion fish | source
${commands.join('\n')}
${options.join('\n')}
complete -c pitcrew -f -n '__fish_seen_subcommand_from help' -a '${names}'
complete -c pitcrew -f -n '__fish_seen_subcommand_from completion' -a '${SHELLS}'
complete -c pitcrew -f -n '__fish_seen_subcommand_from explain; and test (count (commandline -opc)) -gt 2' -a '${words.paths.join(' ')}'
`;
}

/** Inside single quotes of a shell, where a colon would end a word for zsh. */
const quoted = (text: string): string => text.replaceAll("'", '’').replaceAll(':', ',');
