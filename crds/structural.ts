import * as z from 'zod';
import { KNOB_KEY } from './knob.ts';

/**
 * zod → structural OpenAPI schema as CustomResourceDefinitions require it, with every Kubernetes
 * peculiarity in this one place. Throws on what has no structural form (unions with types, references),
 * since that is a mistake in our own schema.
 */
export type JsonSchema = { [key: string]: unknown };

export function structuralSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    unrepresentable: 'throw',
  });
  return rewrite(json as JsonSchema, '');
}

const INT32_MAX = 2_147_483_647;

function rewrite(node: JsonSchema, path: string): JsonSchema {
  if ('$ref' in node || 'allOf' in node || 'oneOf' in node) throw new Error(`no structural form at ${path || 'root'}`);
  if (isIntOrString(node)) return intOrString(node);
  if ('anyOf' in node) return mergedEnum(node, path);
  const { $schema: _schema, additionalProperties, [KNOB_KEY]: _knob, ...rest } = node;
  const out: JsonSchema = { ...rest };
  if (additionalProperties !== undefined && additionalProperties !== false) {
    throw new Error(`free-form object at ${path}: give it properties`);
  }
  if (out.type === 'integer') Object.assign(out, integer(out), described(out));
  if (out.properties !== undefined) {
    out.properties = Object.fromEntries(
      Object.entries(out.properties as Record<string, JsonSchema>).map(([name, child]) => [
        name,
        rewrite(child, `${path}.${name}`),
      ]),
    );
  }
  if (out.items !== undefined) out.items = rewrite(out.items as JsonSchema, `${path}[]`);
  return out;
}

/** Bounds at the edge of JavaScript's integers say nothing; what is left tells the format. */
function integer(node: JsonSchema): JsonSchema {
  const { minimum, maximum } = node as { minimum?: number; maximum?: number };
  if (minimum === undefined || maximum === undefined) return { format: 'int64' };
  const unbounded = {
    ...(maximum >= Number.MAX_SAFE_INTEGER ? { maximum: undefined } : {}),
    ...(minimum <= Number.MIN_SAFE_INTEGER ? { minimum: undefined } : {}),
  };
  return { ...unbounded, format: minimum >= -INT32_MAX && maximum <= INT32_MAX ? 'int32' : 'int64' };
}

/** `kubectl explain` shows descriptions but no bounds, so the bounds go into the description. */
function described(node: JsonSchema): JsonSchema {
  const { description, minimum, maximum } = node as { description?: string; minimum?: number; maximum?: number };
  if (minimum === undefined || maximum === undefined || Math.abs(maximum) >= Number.MAX_SAFE_INTEGER) return {};
  return { description: `${description ?? ''} From ${minimum} to ${maximum}.`.trim() };
}

function variants(node: JsonSchema): JsonSchema[] {
  return Array.isArray(node.anyOf) ? (node.anyOf as JsonSchema[]) : [];
}

function isIntOrString(node: JsonSchema): boolean {
  const types = variants(node).map((variant) => variant.type);
  return types.length === 2 && types.includes('integer') && types.includes('string');
}

function intOrString(node: JsonSchema): JsonSchema {
  const text = variants(node).find((variant) => variant.type === 'string') ?? {};
  const { anyOf: _anyOf, [KNOB_KEY]: _knob, ...rest } = node;
  return {
    ...rest,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    pattern: text.pattern,
    'x-kubernetes-int-or-string': true,
  };
}

/** A union of literals of one type is an enum. */
function mergedEnum(node: JsonSchema, path: string): JsonSchema {
  const all = variants(node);
  const type = all[0]?.type;
  if (!all.every((variant) => Array.isArray(variant.enum) && variant.type === type))
    throw new Error(`no structural form at ${path}`);
  const { anyOf: _anyOf, [KNOB_KEY]: _knob, ...rest } = node;
  return {
    ...rest,
    type: type === 'number' ? 'integer' : type,
    enum: all.flatMap((variant) => variant.enum as unknown[]),
  };
}
