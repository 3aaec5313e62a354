/** What the text is written to: how wide it is and whether it shows colours. */
export interface Terminal {
  readonly columns: number;
  readonly colour: boolean;
}

/** What Node tells of an output stream. */
interface Stream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** Where nobody tells the width, for files and pipes: as wide as people read well. */
const PLAIN_COLUMNS = 100;
/** Longer lines are hard to read, however wide the window is; shorter ones break every second word. */
const MOST_COLUMNS = 120;
const FEWEST_COLUMNS = 40;

/** Colour only where a person looks at it: on a terminal, unless NO_COLOR (any value but an empty one) or TERM=dumb asks for none. */
export function terminalOf(stream: Stream, env: Readonly<Record<string, string | undefined>>): Terminal {
  const isTerminal = stream.isTTY === true;
  const asked = isTerminal ? (stream.columns ?? Number(env.COLUMNS)) : PLAIN_COLUMNS;
  const columns = Number.isFinite(asked) && asked > 0 ? asked : PLAIN_COLUMNS;
  return {
    columns: Math.min(Math.max(columns, FEWEST_COLUMNS), MOST_COLUMNS),
    colour: isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
  };
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

/** The text in a style where the terminal shows one. */
export function paint(terminal: Terminal, style: Style, text: string): string {
  return terminal.colour ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
}

/** Text in lines of the terminal's width: the first begins with `lead`, the others with as many blanks. Words are never cut. */
export function wrap(terminal: Terminal, text: string, lead = ''): string {
  const room = Math.max(20, terminal.columns - lead.length);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each, index) => `${index === 0 ? lead : ' '.repeat(lead.length)}${each}`).join('\n');
}

/** `1 error`, `2 errors`, `no errors`. */
export function counted(count: number, word: string): string {
  return `${count === 0 ? 'no' : count} ${word}${count === 1 ? '' : 's'}`;
}
