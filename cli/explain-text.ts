import type { Explained, Explanation } from './explanation.ts';
import { plain } from './formula.ts';
import { flow } from './spec-lines.ts';
import { paint, type Style, type Terminal, wrap } from './terminal.ts';

/** `explain` for people: a line for each value, or all about each. */

const SOURCE_STYLE: Readonly<Record<Explanation['source'], Style>> = {
  user: 'bold',
  derived: 'cyan',
  default: 'dim',
  fixed: 'dim',
  unset: 'dim',
};

/** All values in force, by tier, a line each. */
export function overviewText(terminal: Terminal, { name, fields }: Explained, file: string): string {
  const inForce = fields.filter(({ source }) => source !== 'unset');
  const groups = new Map<string, Explanation[]>();
  for (const field of inForce) {
    const group = field.path.includes('.') ? (field.path.split('.')[0] ?? '') : 'spec';
    groups.set(group, [...(groups.get(group) ?? []), field]);
  }
  const texts = [...groups].map(([group, members]) => groupText(terminal, group, members));
  const example = inForce.find(({ source }) => source === 'derived')?.path ?? 'backend.workers';
  const legend = `user: written in the file. derived: follows from others, as the formula says. default: what is taken when nobody says more. All about one of them: pitcrew explain ${file} ${example}`;
  return [paint(terminal, 'bold', `Values in force for ${name}`), '', ...texts, wrap(terminal, legend), ''].join('\n');
}

function groupText(terminal: Terminal, group: string, fields: readonly Explanation[]): string {
  const rows = fields.map((field) => ({
    field,
    label: field.path.startsWith(`${group}.`) ? field.path.slice(group.length + 1) : field.path,
    value: cut(plain(field.value), 28),
  }));
  const labels = Math.max(...rows.map(({ label }) => label.length));
  const values = Math.max(...rows.map(({ value }) => value.length));
  const lines = rows.map(({ field, label, value }) => {
    const why = field.formulaWithNumbers === undefined ? '' : `  ${field.formulaWithNumbers}`;
    const left = `  ${label.padEnd(labels)}  ${value.padEnd(values)}  `;
    const source = field.source.padEnd(7);
    const room = terminal.columns - left.length - source.length;
    return `${left}${paint(terminal, SOURCE_STYLE[field.source], source)}${cut(why, Math.max(room, 0))}`.trimEnd();
  });
  return [paint(terminal, 'bold', group), ...lines, ''].join('\n');
}

/** All about each field. */
export function detailText(terminal: Terminal, { name, fields }: Explained): string {
  return fields.map((field) => `${fieldText(terminal, field, name)}\n`).join('\n');
}

function fieldText(terminal: Terminal, field: Explanation, profile: string): string {
  const value = field.value === undefined ? 'not set' : flow(field.value);
  const title = `${paint(terminal, 'bold', field.path)} = ${value}  (${sourceText(field, profile)})`;
  const row = (label: string, text: string): string => wrap(terminal, text, `  ${label.padEnd(10)} `);
  return [
    title,
    wrap(terminal, field.description, '  '),
    ...formulaRows(field, row),
    row('bounds', boundsRow(field)),
    ...(field.change === undefined ? [] : [row('default', defaultText(field))]),
    ...(field.basis === undefined ? [] : [row('basis', field.basis)]),
    ...(field.target === undefined ? [] : [row('lands in', landingText(field.target))]),
    ...(field.change === undefined ? [] : [row('a change', `(${field.change}) ${field.effect ?? ''}`)]),
    ...field.findings.map(({ id, severity, message }) => row('finding', `${id} (${severity}): ${message}`)),
  ].join('\n');
}

function sourceText({ source, rule }: Explanation, profile: string): string {
  if (source === 'user') return `user: written in ${profile}`;
  if (source === 'derived') return `derived by ${rule}`;
  return source === 'unset' ? 'nobody has set it' : source;
}

function formulaRows(field: Explanation, row: (label: string, text: string) => string): string[] {
  const { formula, formulaWithNumbers: numbers, inputs, value } = field;
  if (formula === undefined) return [];
  const given = inputs.map(({ path, value: input, source }) => `${path} = ${flow(input)} (${source})`);
  return [
    row('formula', formula),
    row('', numbers === formula ? `= ${flow(value)}` : `= ${numbers} = ${flow(value)}`),
    ...given.map((each, index) => row(index === 0 ? 'from' : '', each)),
  ];
}

function boundsRow({ bounds, unit, since }: Explanation): string {
  const unitText = unit === undefined ? '' : `; unit: ${unit}`;
  return `${bounds}${unitText}${since === undefined ? '' : `; from version ${since} of the server on`}`;
}

function defaultText({ default: preset, source }: Explanation): string {
  if (preset !== undefined) return flow(preset);
  return source === 'unset' ? 'none: left to the program itself' : 'none: derived when nobody sets it';
}

/** File and key; an input of derivations lands nowhere itself. */
function landingText({ file, key }: NonNullable<Explanation['target']>): string {
  return file === 'derivation' ? `nothing by itself; ${key} follow from it` : `${file}: ${key}`;
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
}
