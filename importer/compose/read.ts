import { LineCounter, parseDocument } from 'yaml';
import type { Vault } from '../secrets.ts';
import { type SourceFile, UnreadableError } from '../source.ts';
import { interpolate, type Lookup } from './interpolate.ts';
import { type Raw, type Service, serviceOf } from './service.ts';

/** Reads a compose file: anchors and merge keys, variables, `extends`; and makes one form of short and long syntax. */

export interface Compose {
  /** The project's name, where the file says it. */
  readonly project: string | undefined;
  readonly services: readonly Service[];
  /** Keys at the top that are neither services nor of the form `x-…`. */
  readonly others: readonly string[];
}

export interface ComposeReading {
  readonly file: SourceFile;
  readonly lookup: Lookup;
  readonly vault: Vault;
  readonly beside: (path: string) => SourceFile | undefined;
  /** Called for what is named and not there. */
  readonly missing: (where: string, path: string) => void;
}

const KNOWN_TOP = new Set(['services', 'version', 'name', 'volumes', 'networks', 'secrets', 'configs']);

/** Throws UnreadableError where there is no YAML, or no services in it. */
export function readCompose(reading: ComposeReading): Compose {
  const top = treeOf(reading.file, reading.lookup);
  const services = mapOf(top.services);
  if (Object.keys(services).length === 0) {
    throw new UnreadableError(`${reading.file.name} has no services: give a compose file`);
  }
  return {
    project: typeof top.name === 'string' ? top.name : undefined,
    services: Object.keys(services).map((name) => serviceOf(name, extended(name, services, reading, []), reading)),
    others: Object.keys(top).filter((key) => !KNOWN_TOP.has(key) && !key.startsWith('x-')),
  };
}

/** The file as data, with the values of variables in its texts. Keys are not interpolated. */
function treeOf({ name, text }: SourceFile, lookup: Lookup): Raw {
  const lines = new LineCounter();
  // Not pretty: a pretty error quotes the line, and with it whatever secret stands there.
  const document = parseDocument(text, { merge: true, prettyErrors: false, lineCounter: lines, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) {
    throw new UnreadableError(`${name}:${lines.linePos(error.pos[0]).line} is no YAML (${error.code}): mend that line`);
  }
  return mapOf(interpolated(plainOf(document, name), lookup));
}

function plainOf(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS();
  } catch {
    // What is left to go wrong here are aliases: without an anchor, or too many of them.
    throw new UnreadableError(`${name} has an alias (*) without an anchor (&), or far too many: mend them`);
  }
}

function interpolated(node: unknown, lookup: Lookup): unknown {
  if (typeof node === 'string') return interpolate(node, lookup);
  if (Array.isArray(node)) return node.map((item) => interpolated(item, lookup));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, interpolated(value, lookup)]));
}

export const mapOf = (node: unknown): Raw =>
  node !== null && typeof node === 'object' && !Array.isArray(node) ? (node as Raw) : {};

/** The service with what it extends below it. A circle ends where it began. */
function extended(name: string, services: Raw, reading: ComposeReading, seen: readonly string[]): Raw {
  const { extends: base, ...own } = mapOf(services[name]);
  if (base === undefined) return own;
  const file = mapOf(base).file;
  const target = String(typeof base === 'string' ? base : (mapOf(base).service ?? name));
  const key = `${typeof file === 'string' ? file : ''}:${target}`;
  if (seen.includes(key)) return own;
  if (typeof file !== 'string') return merged(extended(target, services, reading, [...seen, key]), own);
  const other = reading.beside(file);
  if (other === undefined) {
    reading.missing(`services.${name}.extends`, file);
    return own;
  }
  return merged(extended(target, mapOf(treeOf(other, reading.lookup).services), reading, [...seen, key]), own);
}

/** Commands and checks are replaced; maps are merged, and lists are put one behind the other. */
const REPLACED = new Set(['command', 'entrypoint', 'test']);

function merged(base: Raw, own: Raw): Raw {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) result[key] = REPLACED.has(key) ? value : both(key, base[key], value);
  return result;
}

function both(key: string, below: unknown, above: unknown): unknown {
  if (key === 'environment') return { ...pairsOf(below), ...pairsOf(above) };
  if (Array.isArray(below) && Array.isArray(above)) return [...below, ...above];
  const areMaps = [below, above].every((node) => node !== null && typeof node === 'object' && !Array.isArray(node));
  return areMaps ? merged(mapOf(below), mapOf(above)) : above;
}

/** `KEY=value` in a list, or a map, as a map; a name without a value has none. */
export function pairsOf(node: unknown): Raw {
  if (!Array.isArray(node)) return mapOf(node);
  return Object.fromEntries(
    node.map((item) => {
      const text = String(item);
      const at = text.indexOf('=');
      return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
