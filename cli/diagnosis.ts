import { type Document, isMap, isNode, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { API_VERSION, KIND } from '../crds/group.ts';
import { parseProfile, specSchema } from '../crds/performance-profile.ts';
import { type Complaint, complaintOf, type Raw } from './complaint.ts';
import { didYouMean, nearest } from './nearest.ts';
import { type Field, fieldsOfSpec } from './schema-field.ts';

/** One thing that keeps a text from being a profile: where it stands, what is wrong, what to write. */
export interface Diagnosis extends Complaint {
  readonly line: number;
  readonly column: number;
  /** Dotted path of the field; empty where it is not about one. */
  readonly path: string;
}

type Steps = ReadonlyArray<string | number>;

/** Everything that is wrong with a text that `profilesIn` refuses, in the order of the lines. */
export function diagnose(text: string): Diagnosis[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(documents)) return [nothingIn([])];
  const [broken] = documents.flatMap(({ errors }) => errors.slice(0, 1));
  if (broken !== undefined) return [brokenAt(broken, text, lines)];
  const profiles = documents.filter((document) => document.get('kind') === KIND);
  if (profiles.length === 0) return [nothingIn(documents)];
  const fields = fieldsOfSpec();
  return profiles.flatMap((document) => diagnoseDocument(document, fields, lines));
}

/** Only the first error of syntax: the others mostly follow from it. */
function brokenAt(
  { pos, message }: { pos: [number, number]; message: string },
  text: string,
  lines: LineCounter,
): Diagnosis {
  const found = place(lines, pos[0]);
  const line = text.split('\n')[found.line - 1]?.trim() ?? '';
  return {
    ...found,
    path: '',
    problem: `this is no YAML: ${message.replace(/:$/, '')}${line === '' ? '' : ` (the line reads: ${line.slice(0, 60)})`}`,
    fix: 'mend the indentation, close what is open, or put quotes around text with special characters, here or in the line before',
  };
}

function nothingIn(documents: readonly Document[]): Diagnosis {
  const kinds = documents
    .map((document) => (isMap(document.contents) ? document.get('kind') : undefined))
    .filter((kind) => typeof kind === 'string');
  const found = kinds.length === 0 ? '' : `, only ${[...new Set(kinds)].join(', ')}`;
  return {
    line: 1,
    column: 1,
    path: 'kind',
    problem: `there is no ${KIND} in it${found}${didYouMean(nearest(kinds[0] ?? '', [KIND]))}`,
    fix: `begin with \`apiVersion: ${API_VERSION}\` and \`kind: ${KIND}\``,
  };
}

function diagnoseDocument(document: Document, fields: ReadonlyMap<string, Field>, lines: LineCounter): Diagnosis[] {
  const raw = document.toJS() as Record<string, unknown>;
  const at = (steps: Steps, complaint: Complaint, isName = false): Diagnosis => ({
    ...place(lines, offsetOf(document, steps, isName)),
    path: dotted(steps),
    ...complaint,
  });
  return [...aroundSpec(raw, at), ...insideSpec(raw.spec, fields, at)].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  );
}

type At = (steps: Steps, complaint: Complaint, isName?: boolean) => Diagnosis;

/** What is wrong outside of the spec. */
function aroundSpec(raw: Record<string, unknown>, at: At): Diagnosis[] {
  const known = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];
  const strangers = Object.keys(raw).filter((key) => !known.includes(key));
  const parsed = parseProfile(raw);
  const issues = 'issues' in parsed ? parsed.issues.filter(({ path }) => !/^spec[.[]/.test(path)) : [];
  return [
    ...strangers.map((key) =>
      at(
        [key],
        { problem: `there is no such field beside spec${didYouMean(nearest(key, known))}`, fix: 'rename or remove it' },
        true,
      ),
    ),
    ...issues.flatMap(({ path, message }) => {
      // The rules of the spec as a whole carry its own path; what is inside has said more already.
      if (path === 'spec' && raw.spec !== null && typeof raw.spec === 'object') return [];
      return [at(path.split('.'), envelopeComplaint(path, scalarAt(raw, path), message))];
    }),
  ];
}

const MISSING: Readonly<Record<string, string>> = {
  apiVersion: `add apiVersion: ${API_VERSION}`,
  metadata: 'add metadata with a name, for example metadata: {name: shop, namespace: shop}',
  'metadata.name': 'add a name, for example name: shop',
  spec: 'a profile needs spec with edge, backend and postgres',
};

function envelopeComplaint(path: string, value: unknown, message: string): Complaint {
  if (value === undefined || value === null) return { problem: 'is missing', fix: MISSING[path] ?? `add ${path}` };
  if (path === 'apiVersion') {
    const problem = `${String(value)} is not a version that this pitcrew knows`;
    return { problem, fix: `write apiVersion: ${API_VERSION}` };
  }
  const problem = `${String(value)} cannot be: ${message.replace('metadata.name ', '')}`;
  const label = labelOf(String(value));
  return path === 'metadata.name' && label !== '' ? { problem, fix: `write ${label}` } : { problem };
}

/** The nearest name that the rule for names lets through. */
function labelOf(text: string): string {
  const allowed = text.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
  return allowed
    .replace(/^[^a-z]+/, '')
    .slice(0, 40)
    .replace(/-+$/, '');
}

/** What the schema and its rules say of the spec. */
function insideSpec(spec: unknown, fields: ReadonlyMap<string, Field>, at: At): Diagnosis[] {
  if (spec === null || typeof spec !== 'object') return [];
  const parsed = specSchema.safeParse(spec);
  if (parsed.success) return [];
  const { issues } = parsed.error;
  return issues
    .filter((issue) => !isRepeated(issue, issues, spec))
    .flatMap((issue) => {
      const steps = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map((key) => at(['spec', ...steps, key], unknownField(steps, key, fields), true));
      const raw: Raw = {
        path: dotted(steps),
        value: valueAt(spec, steps),
        field: fields.get(dotted(steps.map((step) => (typeof step === 'number' ? '[]' : step)))),
      };
      return [at(['spec', ...steps], complaintOf(issue, raw))];
    });
}

/** Whether another issue says the same, and says it better. */
function isRepeated(issue: z.core.$ZodIssue, all: readonly z.core.$ZodIssue[], spec: unknown): boolean {
  const path = dotted(issue.path as Steps);
  // A field that breaks its pattern usually breaks its rule as well.
  if (issue.code === 'invalid_format') {
    return all.some((other) => other.code === 'custom' && dotted(other.path as Steps) === path);
  }
  if (valueAt(spec, issue.path as Steps) !== undefined) return false;
  // What is missing is there under a name with a typo.
  const parent = dotted(issue.path.slice(0, -1) as Steps);
  const name = String(issue.path.at(-1));
  return all.some(
    (other) =>
      other.code === 'unrecognized_keys' &&
      dotted(other.path as Steps) === parent &&
      other.keys.some((key) => nearest(key, [name]).length > 0),
  );
}

function unknownField(steps: Steps, key: string, fields: ReadonlyMap<string, Field>): Complaint {
  const parent = dotted(steps.map((step) => (typeof step === 'number' ? '[]' : step)));
  const prefix = parent === '' ? '' : `${parent}.`;
  const siblings = [...fields.keys()]
    .filter((path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('.') && !path.endsWith('[]'))
    .map((path) => path.slice(prefix.length));
  const near = nearest(key, siblings, 2);
  const elsewhere = near.length > 0 ? [] : [...fields.keys()].filter((path) => path.endsWith(`.${key}`)).slice(0, 3);
  const where = parent === '' ? 'spec' : parent;
  const suggestion = didYouMean([...near, ...elsewhere]);
  return {
    problem: `${where} has no field ${key}${suggestion}`,
    fix: suggestion === '' ? `remove it; ${where} has ${siblings.join(', ')}` : 'rename or remove it',
  };
}

const dotted = (steps: Steps): string =>
  steps
    .map((step) => (typeof step === 'number' || step === '[]' ? (step === '[]' ? '[]' : `[${step}]`) : `.${step}`))
    .join('')
    .replace(/^\./, '');

const scalarAt = (raw: unknown, path: string): unknown => valueAt(raw, path.split('.'));

function valueAt(root: unknown, steps: Steps): unknown {
  let node: unknown = root;
  for (const step of steps)
    node = node !== null && typeof node === 'object' ? (node as Record<string | number, unknown>)[step] : undefined;
  return node;
}

const place = (lines: LineCounter, offset: number): { line: number; column: number } => {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
};

/** Where a field stands in the text; for one that is missing, where its parent stands. */
function offsetOf(document: Document, steps: Steps, isName: boolean): number {
  const [last, ...before] = [...steps].reverse();
  const parent = before.length === 0 ? document.contents : document.getIn(before.reverse(), true);
  if (isName && isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(key) === String(last));
    if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
  }
  const node = steps.length === 0 ? document.contents : document.getIn(steps, true);
  if (isNode(node)) return (node as ParsedNode).range?.[0] ?? 0;
  return steps.length === 0 ? 0 : offsetOf(document, steps.slice(0, -1), true);
}
