/** The one escaper for postgresql.conf, and the one for SQL literals and identifiers. */

const NAME = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;

/** One line of postgresql.conf. The value is always quoted; a quote or backslash in it is doubled, a line break refused. */
export function confLine(name: string, value: string | number): string {
  if (!NAME.test(name)) throw new RangeError(`not a parameter name: ${name}`);
  return `${name} = '${escapeConf(String(value))}'`;
}

function escapeConf(value: string): string {
  refuseControl(value);
  return value.replaceAll('\\', '\\\\').replaceAll("'", "''");
}

/** The parameters of a file that `confLine` has written, by name; of one that stands there twice the last, as the server takes it. */
export function confSettings(text: string): Map<string, string> {
  const lines = text.matchAll(/^([a-z_][a-z0-9_.]*) = '((?:[^'\\\n]|''|\\\\)*)'$/gm);
  return new Map([...lines].map(([, name = '', quoted = '']) => [name, quoted.replaceAll(/(['\\])\1/g, '$1')]));
}

/** A literal in SQL, standard-conforming: only the quote is doubled. */
export function sqlLiteral(value: string): string {
  refuseControl(value);
  return `'${value.replaceAll("'", "''")}'`;
}

/** An identifier in SQL. */
export function sqlIdentifier(name: string): string {
  refuseControl(name);
  return `"${name.replaceAll('"', '""')}"`;
}

function refuseControl(value: string): void {
  for (const character of value) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) throw new RangeError('control character in a value');
  }
}
