/**
 * nginx's configuration as data: directives, blocks and comments, and the one place that writes them as text.
 *
 * Two kinds of argument: a plain string or number is literal, whoever wrote it; it can neither end the
 * directive nor name a variable. A `Template` is text of ours in which variables mean something.
 */

/** Text of ours in which `$name` is a variable (or, in a pattern, the end). Made by `template` and `pattern` only. */
export class Template {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** One argument of a directive, or its first word. */
export type Argument = string | number | Template;

/** A directive, with statements inside where it is a block. */
export interface Directive {
  readonly words: readonly Argument[];
  readonly children?: readonly Statement[];
}

/** A line for the person who reads the file. */
export interface Comment {
  readonly comment: string;
}

export type Statement = Directive | Comment;

/** A simple directive: `directive('gzip', 'on')`. The first word may also be the key of a map. */
export function directive(...words: readonly [Argument, ...Argument[]]): Directive {
  return { words };
}

/** A block: `block(['location', '=', path], [...])`. */
export function block(words: readonly [Argument, ...Argument[]], children: readonly Statement[]): Directive {
  return { words, children };
}

export function comment(text: string): Comment {
  return { comment: text };
}

/** A `map` of a variable: of several patterns the first that matches wins; `default` is the word of nginx. */
export function mapBlock(
  source: Template,
  target: Template,
  entries: readonly (readonly [Argument, Argument])[],
  ...flags: readonly 'volatile'[]
): Directive {
  return block(
    ['map', source, target],
    [...flags.map((flag) => directive(flag)), ...entries.map(([key, value]) => directive(key, value))],
  );
}

/** Text with variables in it: template`$scheme|${'literal'}`. Interpolated values are literal. */
export function template(strings: TemplateStringsArray, ...values: readonly (string | number)[]): Template {
  return weave(strings, values, (value) => value);
}

/** A regular expression: pattern`~^(?:${name})=`. Interpolated values match themselves. */
export function pattern(strings: TemplateStringsArray, ...values: readonly (string | number)[]): Template {
  return weave(strings, values, (value) => value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
}

/** Several patterns as alternatives, without a group around them. */
export function alternatives(values: readonly string[]): Template {
  return new Template(values.map((value) => pattern`${value}`.text).join('|'));
}

/** Templates one after the other. */
export function join(...parts: readonly (string | Template)[]): Template {
  return parts.reduce<Template>((before, part) => {
    const after = part instanceof Template ? part.text : literalText(part);
    return new Template(apart(before.text, after) + after);
  }, new Template(''));
}

/** The text of a file. */
export function renderNginx(statements: readonly Statement[]): string {
  return `${statements.map((statement) => lines(statement, '')).join('\n')}\n`;
}

function weave(
  strings: TemplateStringsArray,
  values: readonly (string | number)[],
  prepare: (value: string) => string,
): Template {
  // Raw, so that a backslash in a pattern of ours is a backslash.
  const text = strings.raw.reduce((before, part, index) => {
    const value = prepare(literalText(values[index - 1] as string | number));
    return apart(before, value) + value + part;
  });
  return new Template(printable(text));
}

/** A literal right behind a variable would become part of the variable's name; that is a mistake of ours. */
function apart(before: string, after: string): string {
  if (/\$[A-Za-z0-9_]*$/.test(before) && /^[A-Za-z0-9_{]/.test(after)) {
    throw new RangeError(`"${after}" would change the variable at the end of "${before}"`);
  }
  return before;
}

/** nginx has no way to write a literal dollar sign where it looks for variables, so there can be none. */
function literalText(value: string | number): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`nginx takes whole numbers only, not ${value}`);
  }
  const text = printable(String(value));
  if (text.includes('$')) throw new RangeError(`"${text}" must not contain a dollar sign: nginx would see a variable`);
  return text;
}

function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new RangeError(`${JSON.stringify(text)} contains a control character`);
  return text;
}

function lines(statement: Statement, indent: string): string {
  if ('comment' in statement) return `${indent}# ${printable(statement.comment)}`;
  const head = indent + statement.words.map(word).join(' ');
  if (statement.children === undefined) return `${head};`;
  const inner = statement.children.map((child) => lines(child, `${indent}    `));
  return inner.length === 0 ? `${head} {\n${indent}}` : `${head} {\n${inner.join('\n')}\n${indent}}`;
}

/** Words of these characters mean the same with and without quotes. */
const BARE = /^[A-Za-z0-9_$.:=|*@%+,~^/?&<>!()-]+$/;
/** nginx reads its file through a buffer of 4096 bytes, into which each word must fit. */
const LONGEST_WORD = 4000;

function word(argument: Argument): string {
  const text = argument instanceof Template ? argument.text : literalText(argument);
  if (Buffer.byteLength(text) > LONGEST_WORD) throw new RangeError(`nginx takes no word of ${text.length} characters`);
  return BARE.test(text) ? text : quoted(text);
}

/** A backslash is doubled only where nginx would take it for the start of an escape: patterns stay readable. */
function quoted(text: string): string {
  const quote = text.includes('"') && !text.includes("'") ? "'" : '"';
  const escaped = text.replace(/\\(?=["'\\trn]|$)/g, '\\\\').replaceAll(quote, `\\${quote}`);
  return quote + escaped + quote;
}
