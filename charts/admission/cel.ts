/**
 * Expressions in CEL (Common Expression Language) for the API server, put together from parts that know what they
 * read. `cel` makes an expression, `say` a message with values in it, `define` gives a value a name. Pure.
 */

/** An expression, and the named values that it reads. */
export interface Cel {
  readonly text: string;
  readonly reads: readonly Definition[];
}

/** A value that a policy computes at most once and reads as `variables.NAME`. */
export interface Definition {
  readonly name: string;
  readonly value: Cel;
}

/** Words with values between them: a format string of CEL and its arguments. */
export interface Message {
  readonly format: string;
  readonly values: readonly Cel[];
}

/** What may stand in an expression: another one, or a constant of ours. */
type Part = Cel | string | number | readonly string[];

/** An expression: cel`${seconds} < ${upstream} + ${10}`. Other expressions get parentheses where they need them. */
export function cel(strings: TemplateStringsArray, ...parts: readonly Part[]): Cel {
  return {
    text: strings.reduce((text, string, index) => text + partText(parts[index - 1] as Part) + string),
    reads: parts.flatMap((part) => (isCel(part) ? part.reads : [])),
  };
}

/** An expression from text that somebody else has made. */
export const raw = (text: string, ...from: readonly Cel[]): Cel => ({
  text,
  reads: from.flatMap(({ reads }) => reads),
});

/** The expression by name. Two different ones must not share one. */
export const define = (name: string, value: Cel): Cel => ({ text: `variables.${name}`, reads: [{ name, value }] });

/** A message: say`closes after ${seconds} s`. Expressions are shown as they are, other messages are put in. */
export function say(strings: TemplateStringsArray, ...parts: ReadonlyArray<Cel | Message | string | number>): Message {
  const said = parts.map((part): Message => {
    if (typeof part !== 'object') return { format: escaped(String(part)), values: [] };
    return isCel(part) ? { format: '%s', values: [part] } : part;
  });
  return {
    format: strings.map(escaped).reduce((text, string, index) => text + (said[index - 1]?.format ?? '') + string),
    values: said.flatMap(({ values }) => values),
  };
}

/** The message as an expression of type string. */
export function messageText({ format, values }: Message): Cel {
  if (values.length === 0) return cel`${format.replaceAll('%%', '%')}`;
  const list = values.map(({ text }) => text).join(', ');
  return raw(`${quoted(format)}.format([${list}])`, ...values);
}

/** One of two messages. */
export const either = (condition: Cel, yes: Message, no: Message): Message =>
  say`${cel`${condition} ? ${messageText(yes)} : ${messageText(no)}`}`;

/** The least of whole numbers. */
export const least = (...values: readonly (Cel | number)[]): Cel => pick('min', values);

/** The greatest of whole numbers. */
export const greatest = (...values: readonly (Cel | number)[]): Cel => pick('max', values);

export const clamp = (value: Cel, low: number, high: number): Cel => least(greatest(value, low), high);

/** A share as a whole number of percent, since expressions reckon in whole numbers. */
export const percent = (share: number): number => Math.round(100 * share);

/** All values that expressions read, each behind those that it reads itself. Throws where one name means two things. */
export function definitionsOf(expressions: readonly Cel[]): Definition[] {
  const found = new Map<string, Definition>();
  const visit = ({ reads }: Cel): void => {
    for (const definition of reads) {
      visit(definition.value);
      const known = found.get(definition.name) ?? definition;
      if (known.value.text !== definition.value.text) throw new Error(`${definition.name} is defined twice`);
      found.set(definition.name, known);
    }
  };
  for (const expression of expressions) visit(expression);
  return [...found.values()];
}

const isCel = (part: Part | Message): part is Cel => typeof part === 'object' && 'reads' in part;

function pick(method: 'min' | 'max', values: readonly (Cel | number)[]): Cel {
  const list = values.map((value) => (typeof value === 'number' ? String(value) : value.text)).join(', ');
  return raw(`[${list}].${method}()`, ...values.filter((value) => typeof value === 'object'));
}

function partText(part: Part): string {
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return quoted(part);
  if (isCel(part)) return isAtom(part.text) ? part.text : `(${part.text})`;
  return `[${part.map(quoted).join(', ')}]`;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const escaped = (text: string): string => text.replaceAll('%', '%%');

/** Whether an expression holds together by itself: nothing but names, calls and one literal. */
function isAtom(text: string): boolean {
  const inner = /'(?:\\.|[^'\\])*'|\([^()[\]']*\)|\[[^()[\]']*\]/g;
  const smaller = text.replaceAll(inner, '');
  return smaller === text ? /^[\w.?]*$/.test(text) : isAtom(smaller);
}
