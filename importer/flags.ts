/** Flags of a command line, by what each program takes. Total. */

export interface Flag {
  /** In its long form, and by the name that gunicorn has for it. */
  readonly name: string;
  /** As it stands there. */
  readonly written: string;
  readonly value: string;
}

export interface CommandLine {
  readonly flags: readonly Flag[];
  readonly positionals: readonly string[];
}

/** Which flags have another name, and which stand alone; all others take a value. */
export interface Grammar {
  readonly aliases: Readonly<Record<string, string>>;
  readonly switches: ReadonlySet<string>;
}

export function parseFlags(words: readonly string[], { aliases, switches }: Grammar): CommandLine {
  const flags: Flag[] = [];
  const positionals: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const { name, value } = partsOf(word);
    const full = aliases[name] ?? name;
    if (!word.startsWith('-') || word === '-') positionals.push(word);
    else if (value !== undefined || switches.has(full)) flags.push({ name: full, written: name, value: value ?? '' });
    else flags.push({ name: full, written: name, value: words[++at] ?? '' });
  }
  return { flags, positionals };
}

/** `--workers=4`, `-w4` and `-w` in name and value. */
function partsOf(word: string): { name: string; value: string | undefined } {
  const long = /^(--[^=]+)=([\s\S]*)$/.exec(word) ?? /^(-[A-Za-z])=?([\s\S]+)$/.exec(word.startsWith('--') ? '' : word);
  return long === null ? { name: word, value: undefined } : { name: long[1] ?? '', value: long[2] };
}

/** The name of a flag for a note: a mistyped one could hold anything. */
export const flagName = (name: string): string => (/^--?[A-Za-z][\w-]{0,40}$/.test(name) ? name : 'a flag');
