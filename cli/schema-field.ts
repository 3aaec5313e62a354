import * as kinds from '../crds/fields.ts';
import { specSchema } from '../crds/performance-profile.ts';
import { type JsonSchema, structuralSchema } from '../crds/structural.ts';
import { formatPgSize, PG_SIZE_PATTERN, QUANTITY_PATTERN } from '../crds/units.ts';

/** The fields of the spec and their bounds in words, from the same schema as the CRD. */

/** A field by its dotted path; a list's items stand under `path[]`. */
export interface Field {
  readonly path: string;
  readonly schema: JsonSchema;
  readonly required: boolean;
}

/** All fields in the order of the schema. Computing it takes some 50 ms, so it is asked for only where it is needed. */
export function fieldsOfSpec(): Map<string, Field> {
  return new Map(fieldsBelow(structuralSchema(specSchema), '').map((field): [string, Field] => [field.path, field]));
}

function fieldsBelow(schema: JsonSchema, path: string): Field[] {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  const required = new Set((schema.required as string[] | undefined) ?? []);
  return Object.entries(properties).flatMap(([name, child]) => {
    const here = path === '' ? name : `${path}.${name}`;
    const items = child.items as JsonSchema | undefined;
    return [
      { path: here, schema: child, required: required.has(name) },
      ...fieldsBelow(child, here),
      ...(items === undefined ? [] : [{ path: `${here}[]`, schema: items, required: false }]),
      ...(items === undefined ? [] : fieldsBelow(items, `${here}[]`)),
    ];
  });
}

/** Words and an example for a text field, by the pattern that guards it. */
interface TextKind {
  readonly words: string;
  readonly example: string;
}

const VOLUME_PATTERN = '^[1-9][0-9]{0,6}(Mi|Gi|Ti)$';
const patternOf = (schema: Parameters<typeof structuralSchema>[0]): string => String(structuralSchema(schema).pattern);

let textKinds: Map<string, TextKind> | undefined;

function textKindOf(pattern: unknown): TextKind | undefined {
  textKinds ??= new Map<string, TextKind>([
    [QUANTITY_PATTERN, { words: 'a Kubernetes quantity', example: '512Mi or 1Gi for bytes, 500m or 2 for CPU' }],
    [PG_SIZE_PATTERN, { words: "a size in PostgreSQL's units", example: '256MB' }],
    [VOLUME_PATTERN, { words: 'the size of a volume', example: '20Gi' }],
    [patternOf(kinds.decimal()), { words: 'a decimal number in quotes', example: '"1.1"' }],
    [patternOf(kinds.hostName()), { words: 'a host name in lower case', example: 'shop.example' }],
    [patternOf(kinds.objectName()), { words: 'the name of a Kubernetes object', example: 'shop-tls' }],
    [patternOf(kinds.image()), { words: 'a container image', example: 'registry.example/shop:2.0' }],
    [patternOf(kinds.containerPath()), { words: 'an absolute path in the container', example: '/app/logs' }],
    [patternOf(kinds.urlPath()), { words: 'a path of a URL', example: '/api/products' }],
    [patternOf(kinds.cookieName()), { words: 'the name of a cookie', example: 'session' }],
    [patternOf(kinds.cidr()), { words: 'a block of addresses', example: '10.42.0.0/16' }],
  ]);
  return typeof pattern === 'string' ? textKinds.get(pattern) : undefined;
}

/** What a field takes, in words: `a whole number from 1 to 32`. */
export function boundsText(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.join(', ')}`;
  if (schema['x-kubernetes-int-or-string'] === true) return ruleText(schema) ?? kindText(schema);
  if (schema.type === 'integer') return numberText(schema);
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'array') return listText(schema);
  if (schema.type === 'object') return `a group of ${Object.keys((schema.properties ?? {}) as object).join(', ')}`;
  return ruleText(schema) ?? kindText(schema);
}

function numberText({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined && maximum === undefined) return 'a whole number';
  if (maximum === undefined) return `a whole number from ${String(minimum)} on`;
  return `a whole number from ${String(minimum)} to ${String(maximum)}`;
}

function listText({ items, minItems, maxItems }: JsonSchema): string {
  const least = typeof minItems === 'number' ? `${minItems} to` : 'up to';
  const most = typeof maxItems === 'number' ? ` of ${least} ${maxItems}` : '';
  return `a list${most}, each ${boundsText((items ?? {}) as JsonSchema)}`;
}

/** The message of the field's own rule says its bounds; sizes in it are written as people write them. */
function ruleText(schema: JsonSchema): string | undefined {
  const [rule] = (schema['x-kubernetes-validations'] ?? []) as Array<{ message: string }>;
  if (rule === undefined) return undefined;
  return readableSizes(rule.message).replace(/^must be /, '');
}

/** `1073741824kB` → `1TB`; the greatest number that fits into 32 bits → `just under 2TB`. */
export function readableSizes(text: string): string {
  return text.replaceAll(/\b(\d+)kB\b/g, (_, digits: string) => {
    const kilobytes = Number(digits);
    return terabytes(kilobytes) ?? terabytes(kilobytes + 1, 'just under ') ?? formatPgSize(kilobytes);
  });
}

function terabytes(kilobytes: number, before = ''): string | undefined {
  const size = kilobytes / 1024 ** 3;
  return Number.isInteger(size) ? `${before}${size}TB` : undefined;
}

function kindText(schema: JsonSchema): string {
  const kind = textKindOf(schema.pattern);
  if (kind !== undefined) return `${kind.words}: ${kind.example}`;
  const length = typeof schema.maxLength === 'number' ? `text of up to ${schema.maxLength} characters` : 'text';
  return typeof schema.pattern === 'string' ? `${length} of the form ${schema.pattern}` : length;
}
