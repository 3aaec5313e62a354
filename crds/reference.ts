import { ANNOTATIONS } from './annotations.ts';
import { knobsOf, type PlacedKnob } from './knob.ts';
import { specSchema } from './performance-profile.ts';
import { type JsonSchema, structuralSchema } from './structural.ts';

/** docs/reference.md: every field of the spec, from the same schema as the CRD, and the annotations. */
export function reference(): string {
  const knobs = new Map(knobsOf(specSchema).map((placed) => [placed.path, placed]));
  const rows = fieldRows(structuralSchema(specSchema), '', knobs);
  return `# Fields of a PerformanceProfile

Generated from \`crds/\` by \`make generate\`. Do not edit.

Every field is optional unless its row says *required*. Nothing is ever written into the spec; the value in force and
who chose it stand in \`status.effective\`. *Change* says how a new value takes effect: \`reload\` (no connection is lost),
\`sql\` (a setting of the database role), \`rolling\` (new pods beside the old ones), \`restart\` (the database goes down and up).

| field | type and bounds | default | lands in | change | meaning and source |
|---|---|---|---|---|---|
${rows.join('\n')}

## Annotations

What may be asked for without an edit of the spec, which may belong to Git.

| annotation | value | meaning |
|---|---|---|
${ANNOTATIONS.map(({ name, value, meaning }) => `| \`${name}\` | ${value} | ${meaning} |`).join('\n')}
`;
}

function fieldRows(schema: JsonSchema, path: string, knobs: ReadonlyMap<string, PlacedKnob>): string[] {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  const required = new Set((schema.required as string[] | undefined) ?? []);
  return Object.entries(properties).flatMap(([name, child]) => {
    const here = path === '' ? name : `${path}.${name}`;
    const knob = knobs.get(here);
    const nested = knob === undefined ? ((child.items as JsonSchema | undefined) ?? child) : {};
    return [
      rowOf(here, child, required.has(name), knob),
      ...fieldRows(nested, child.type === 'array' ? `${here}[]` : here, knobs),
    ];
  });
}

function rowOf(path: string, schema: JsonSchema, required: boolean, placed: PlacedKnob | undefined): string {
  const knob = placed?.knob;
  const preset =
    knob?.default === undefined
      ? knob === undefined
        ? ''
        : 'derived or unset'
      : `\`${JSON.stringify(knob.default)}\``;
  const cells = [
    `\`${path}\`${required ? ' *required*' : ''}`,
    typeOf(schema),
    preset,
    knob === undefined ? '' : `\`${knob.target.key}\` (${knob.target.file})`,
    knob?.change ?? '',
    knob === undefined ? String(schema.description ?? '') : `${knob.description} ${knob.source}.`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function typeOf(schema: JsonSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'quantity';
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  if (schema.type === 'integer') return `integer ${String(schema.minimum ?? '')}..${String(schema.maximum ?? '')}`;
  if (schema.type === 'array') return `list of ${typeOf((schema.items ?? {}) as JsonSchema)}`;
  return String(schema.type);
}
