import type { z } from 'zod';
import { didYouMean, nearest } from './nearest.ts';
import { boundsText, type Field, readableSizes } from './schema-field.ts';

/** What is wrong with a field, and what to write instead. */
export interface Complaint {
  readonly problem: string;
  readonly fix?: string;
}

/** A field as it stands in the file. */
export interface Raw {
  readonly path: string;
  readonly value: unknown;
  readonly field: Field | undefined;
}

/** The schema's complaint in words that name the value, the bound and the way out. */
export function complaintOf(issue: z.core.$ZodIssue, raw: Raw): Complaint {
  const bounds = raw.field === undefined ? undefined : boundsText(raw.field.schema);
  const fix = bounds === undefined ? undefined : `write ${bounds}`;
  const said = shown(raw.value);
  const better = guess(raw, issue);
  if (raw.value === undefined) return complaint('is missing', missingFix(raw, fix));
  if (raw.value === null) return complaint('is empty', fix);
  switch (issue.code) {
    case 'too_big':
      return complaint(
        `${measured(issue.origin, raw)} more than the greatest that is possible, ${String(issue.maximum)}`,
        fix,
      );
    case 'too_small':
      return complaint(
        `${measured(issue.origin, raw)} less than the least that is possible, ${String(issue.minimum)}`,
        fix,
      );
    case 'invalid_value': {
      const near = didYouMean(nearest(String(raw.value), issue.values.map(String)));
      return complaint(`${said} is none of its values${near}`, fix);
    }
    case 'custom':
      return ruleComplaint(issue.message, raw.value, better);
    default: {
      if (issue.message.startsWith('must ')) return ruleComplaint(issue.message, raw.value, better);
      const mended = better === undefined ? fix : `write ${better}${bounds === undefined ? '' : ` (${bounds})`}`;
      return complaint(`${said} is ${wrongKind(raw, bounds)}`, mended);
    }
  }
}

/** What was too much or too little: a number, the items of a list, or the letters of a text. */
function measured(origin: string, { value }: Raw): string {
  if (origin === 'array' && Array.isArray(value)) return `${value.length} items are`;
  if (origin === 'string' && typeof value === 'string') return `${shown(value)} has ${value.length} characters,`;
  return `${shown(value)} is`;
}

const complaint = (problem: string, fix: string | undefined): Complaint =>
  fix === undefined ? { problem } : { problem, fix };

/** `what is wrong: what to do`, or `must be …`, as our own rules write it. */
function ruleComplaint(message: string, value: unknown, better: string | undefined): Complaint {
  const readable = readableSizes(message);
  const said = typeof value === 'object' ? '' : `${shown(value)} `;
  if (readable.startsWith('must ')) {
    return complaint(
      `${said}${readable.replace(/^must be/, 'is not')}`,
      better === undefined ? `it ${readable}` : `write ${better}`,
    );
  }
  const [what = '', ...rest] = readable.split(': ');
  return complaint(
    `${said === '' ? '' : `${said}cannot be: `}${what}`,
    rest.length === 0 ? undefined : rest.join(': '),
  );
}

function missingFix({ field, path }: Raw, fix: string | undefined): string | undefined {
  if (field?.schema.type !== 'object') return fix?.replace(/^write/, `add ${path.split('.').at(-1)}:`);
  const required = (field.schema.required ?? []) as string[];
  return `add ${path} with ${required.length > 0 ? `at least ${required.join(' and ')}` : `any of ${Object.keys((field.schema.properties ?? {}) as object).join(', ')}`}`;
}

function wrongKind({ value, field }: Raw, bounds: string | undefined): string {
  if (typeof value === 'string' && field?.schema.type === 'integer') return `text, not ${bounds}`;
  if (typeof value === 'number' && field?.schema.type === 'string') return 'a number, not text';
  return `not ${bounds ?? 'of the right kind'}`;
}

/** The value as it stands in the file, shortened. */
function shown(value: unknown): string {
  const text =
    typeof value === 'string'
      ? /^[\w./:@%+-]+$/.test(value)
        ? value
        : JSON.stringify(value)
      : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What was most likely meant, where the mistake is a common one. */
function guess({ value, field }: Raw, issue: z.core.$ZodIssue): string | undefined {
  const pattern = field?.schema.pattern;
  if (typeof value === 'number')
    return typeof pattern === 'string' && issue.code === 'invalid_type' ? JSON.stringify(String(value)) : undefined;
  if (typeof value !== 'string') return undefined;
  if (field?.schema.type === 'integer') return /^[0-9]+$/.test(value) ? `${value} without quotes` : undefined;
  return typeof pattern === 'string'
    ? rewritten(value).find((text) => text !== value && new RegExp(pattern).test(text))
    : undefined;
}

/** Units that are spelled for another program, and capital letters. */
function rewritten(value: string): string[] {
  const size = /^([0-9]+)\s*([kKmMgGtT])(i?[bB]?)$/.exec(value);
  const [, digits = '', letter = ''] = size ?? [];
  const upper = letter.toUpperCase();
  const postgres = `${digits}${upper === 'K' ? 'k' : upper}B`;
  return size === null ? [value.toLowerCase()] : [`${digits}${upper}i`, postgres];
}
