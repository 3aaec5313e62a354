import { interpolate } from './interpolate.ts';

/** Files of variables as compose reads them (`.env`, `env_file`): comments, quotes, `export`, variables in values. Total. */

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(?:[=:]\s*(.*))?$/s;

/** Names and values in the order of the file; undefined where a line names a variable without a value. */
export function parseDotenv(
  text: string,
  known: ReadonlyMap<string, string> = new Map(),
): Map<string, string | undefined> {
  const values = new Map<string, string | undefined>();
  const lookup = (name: string) => values.get(name) ?? known.get(name);
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const match = /^\s*(#|$)/.test(line) ? null : LINE.exec(line);
    if (match === null) continue;
    const [, name = '', rest] = match;
    if (rest === undefined) {
      values.set(name, undefined);
      continue;
    }
    const read = valueIn(rest, lines.slice(at + 1));
    values.set(name, read.isLiteral ? read.text : interpolate(read.text, lookup));
    at += read.further;
  }
  return values;
}

interface Value {
  readonly text: string;
  /** Variables in it mean nothing. */
  readonly isLiteral: boolean;
  /** Lines that it takes besides the first. */
  readonly further: number;
}

function valueIn(rest: string, following: readonly string[]): Value {
  const quote = rest[0];
  if (quote !== '"' && quote !== "'") {
    return { text: rest.replace(/(^|\s)#.*$/s, '').trimEnd(), isLiteral: false, further: 0 };
  }
  // A quoted value may go over lines; where the quote is never closed, it is taken as it stands.
  for (let further = 0; further <= following.length; further += 1) {
    const whole = [rest, ...following.slice(0, further)].join('\n');
    const end = closingQuote(whole, quote);
    if (end === undefined) continue;
    const inside = whole.slice(1, end);
    const isLiteral = quote === "'";
    return { text: isLiteral ? inside.replaceAll("\\'", "'") : unescaped(inside), isLiteral, further };
  }
  return { text: rest, isLiteral: true, further: 0 };
}

function closingQuote(text: string, quote: string): number | undefined {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return undefined;
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(["\\nrt$])/g, (_, char: string) => ({ n: '\n', r: '\r', t: '\t', $: '$$' })[char] ?? char);
