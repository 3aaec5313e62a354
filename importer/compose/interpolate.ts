/**
 * Variables of a compose file, as the Compose Specification has them (12, Interpolation): `$X`, `${X}`, and with
 * `:-` `-` `:?` `?` `:+` `+`, nested; `$$` is a dollar. Total.
 */

/** Value of a variable, or undefined where nobody has set it. */
export type Lookup = (name: string) => string | undefined;

/** Stands for a variable without a value until somebody sees what is missing; no text of a user has these letters. */
const GAP = '\u{F0000}';
const GAPS = new RegExp(`${GAP}([A-Za-z0-9_]*)${GAP}`, 'gu');

const gap = (name: string): string => `${GAP}${name}${GAP}`;

/** Names of the variables that are missing in a text. */
export const missingIn = (text: string): string[] => [...text.matchAll(GAPS)].map(([, name = '']) => name);

/** The text as it was written, where variables are missing. */
export const withoutGaps = (text: string): string => text.replaceAll(GAPS, (_, name: string) => `\${${name}}`);

/** The text with the values of its variables. */
export function interpolate(text: string, lookup: Lookup): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const piece = pieceAt(text, at, lookup);
    result += piece.text;
    at = piece.end;
  }
  return result;
}

function pieceAt(text: string, at: number, lookup: Lookup): { text: string; end: number } {
  if (text[at] !== '$') return { text: text[at] ?? '', end: at + 1 };
  if (text[at + 1] === '$') return { text: '$', end: at + 2 };
  const bare = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(at + 1))?.[0];
  if (bare !== undefined) return { text: lookup(bare) ?? gap(bare), end: at + 1 + bare.length };
  const close = text[at + 1] === '{' ? closing(text, at + 2) : undefined;
  if (close === undefined) return { text: '$', end: at + 1 };
  return { text: braced(text.slice(at + 2, close), lookup), end: close + 1 };
}

/** Where the brace ends that was opened before `start`. */
function closing(text: string, start: number): number | undefined {
  let depth = 1;
  for (let at = start; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

function braced(inside: string, lookup: Lookup): string {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([\s\S]*))?$/.exec(inside);
  if (match === null) return `\${${inside}}`;
  const [, name = '', operator = '', operand = ''] = match;
  const value = lookup(name);
  const isSet = value !== undefined && !(operator.startsWith(':') && value === '');
  if (operator.endsWith('+')) return isSet ? interpolate(operand, lookup) : '';
  if (isSet) return value;
  return operator.endsWith('-') ? interpolate(operand, lookup) : gap(name);
}
