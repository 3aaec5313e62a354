/** Splits command lines as a POSIX shell does (XCU 2.2, 2.3). Total: a quote that is not closed ends with the text. */

/** One command of a line, and what stands before it. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** `&&`, `||`, `;`, `|` or `&`; empty for the first. */
  readonly joint: string;
}

const OPERATORS = ['&&', '||', ';;', ';', '|', '&', '(', ')', '\n'];

/** Words of a command that no shell reads: operators mean nothing in it, line breaks are blanks. */
export function wordsOf(text: string): string[] {
  return tokensOf(text, false).map(({ text: word }) => word);
}

/** Commands of a line for `sh -c`. Brackets group nothing here. */
export function commandsOf(text: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let joint = '';
  for (const { text: token, isOperator } of [...tokensOf(text, true), { text: ';', isOperator: true }]) {
    if (!isOperator) {
      words.push(token);
    } else if (words.length > 0) {
      commands.push({ words, joint });
      words = [];
      joint = token === '\n' || token === ')' ? ';' : token;
    } else if (commands.length > 0 && '&|;'.includes(token.charAt(0))) {
      joint = token;
    }
  }
  return commands;
}

interface Token {
  readonly text: string;
  readonly isOperator: boolean;
}

function tokensOf(text: string, withOperators: boolean): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const blank = blankAt(text, at, withOperators);
    if (blank > 0) {
      at += blank;
      continue;
    }
    const operator = withOperators ? OPERATORS.find((each) => text.startsWith(each, at)) : undefined;
    const { text: word, end } =
      operator === undefined ? wordAt(text, at, withOperators) : { text: operator, end: at + operator.length };
    tokens.push({ text: word, isOperator: operator !== undefined });
    at = end;
  }
  return tokens;
}

/** Length of what is no token here: a blank, a line that goes on, a comment. A line break ends a command. */
function blankAt(text: string, at: number, withOperators: boolean): number {
  const char = text[at] ?? '';
  if (text.startsWith('\\\n', at)) return 2;
  if (withOperators && char === '#') return endOfLine(text, at) - at;
  return /\s/.test(char) && !(withOperators && char === '\n') ? 1 : 0;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function wordAt(text: string, start: number, withOperators: boolean): { text: string; end: number } {
  let word = '';
  let at = start;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (/\s/.test(char) || (withOperators && ';&|()'.includes(char))) break;
    const piece = pieceAt(text, at, char);
    word += piece.text;
    at = piece.end;
  }
  return { text: word, end: at };
}

/** One letter, what follows a backslash, or what stands between quotes. */
function pieceAt(text: string, at: number, char: string): { text: string; end: number } {
  if (char === '\\') return { text: text[at + 1] === '\n' ? '' : (text[at + 1] ?? ''), end: at + 2 };
  if (char === "'") {
    const close = text.indexOf("'", at + 1);
    const end = close < 0 ? text.length : close;
    return { text: text.slice(at + 1, end), end: end + 1 };
  }
  if (text.startsWith('$(', at)) return substitution(text, at);
  return char === '"' ? doubleQuoted(text, at + 1) : { text: char, end: at + 1 };
}

/** A command within a word, up to its bracket: one piece, whatever it holds. */
function substitution(text: string, start: number): { text: string; end: number } {
  let depth = 0;
  let at = start + 1;
  do {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    at += 1;
  } while (depth > 0 && at < text.length);
  return { text: text.slice(start, at), end: at };
}

function doubleQuoted(text: string, start: number): { text: string; end: number } {
  let inside = '';
  let at = start;
  while (at < text.length && text[at] !== '"') {
    const isEscape = text[at] === '\\' && '"\\$`\n'.includes(text[at + 1] ?? ' ');
    if (isEscape && text[at + 1] === '\n') at += 1;
    else inside += isEscape ? text[++at] : text[at];
    at += 1;
  }
  return { text: inside, end: at + 1 };
}

/** The commands as one line again, for `sh -c`. */
export function lineOf(commands: readonly ShellCommand[]): string {
  return commands
    .map(({ words, joint }, index) => `${index === 0 ? '' : ` ${joint} `}${words.map(quoted).join(' ')}`)
    .join('');
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
