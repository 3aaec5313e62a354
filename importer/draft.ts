import * as z from 'zod';
import { API_VERSION, KIND } from '../crds/group.ts';
import { type Issue, type Profile, parseProfile, specSchema } from '../crds/performance-profile.ts';
import { missingIn, withoutGaps } from './compose/interpolate.ts';
import { isSecretValue, type Vault } from './secrets.ts';

/** The profile as it comes together: each value with the place that it comes from, and what could not be taken over. */

/** A value of the spec. A step `[name]` of the path is an item of a list. */
export interface Entry {
  readonly path: readonly string[];
  readonly value: unknown;
  /** The place in the user's files. */
  readonly from: string;
  /** What stands behind the value: where it is from, or why it stands here. */
  readonly comment: string;
}

/**
 * What the user has to know. `fill`: the profile holds a placeholder, so it must not be applied as it is. `choose`: a
 * value that no file tells. `changed`: taken over differently. `unmapped`: not taken over.
 */
export type NoteKind = 'fill' | 'choose' | 'changed' | 'unmapped';

export interface Note {
  readonly kind: NoteKind;
  /** `services.api.command: --preload`, or `nginx.conf:12 limit_req`. */
  readonly where: string;
  /** Why, and what to do. */
  readonly text: string;
}

/** A Secret that the user has to make. */
export interface SecretToMake {
  readonly name: string;
  /** `tls` takes a certificate and its key. */
  readonly type: 'generic' | 'tls';
  /** Keys, and where their values stand today. */
  readonly keys: ReadonlyMap<string, string>;
}

export class Draft {
  readonly name: string;
  readonly namespace: string;
  readonly #vault: Vault;
  readonly #entries: Entry[] = [];
  readonly #notes: Note[] = [];
  readonly #secrets = new Map<string, { type: 'generic' | 'tls'; keys: Map<string, string> }>();

  constructor(name: string, namespace: string, vault: Vault) {
    this.name = name;
    this.namespace = namespace;
    this.#vault = vault;
  }

  /**
   * Puts a value at `edge.cache.maxSize`. What the schema refuses is brought within its bounds or left out, with a
   * note. Says whether the field has this value now.
   */
  place(path: string | readonly string[], value: unknown, from: string, comment = `from ${from}`): boolean {
    const steps = typeof path === 'string' ? path.split('.') : path;
    const before = this.at(steps);
    if (before !== undefined && JSON.stringify(before.value) === JSON.stringify(value)) return true;
    const objection = this.#objectionTo(steps, value) ?? occupied(before, value, from);
    const schema = schemaAt(steps);
    const parsed = schema.safeParse(value);
    const taken = parsed.success ? value : withinBounds(schema, value);
    if (objection !== undefined || taken === undefined) {
      const reason = objection ?? `${shown(value)} does not fit ${fieldOf(steps, value)}: ${reasonOf(parsed.error)}`;
      this.note('unmapped', from, reason);
      return false;
    }
    this.#entries.push({ path: steps, value: taken, from, comment });
    if (!parsed.success) {
      this.note(
        'changed',
        from,
        `${shown(value)} is out of the bounds of ${fieldOf(steps, value)}, which is now ${taken}`,
      );
    }
    return true;
  }

  /** What keeps a value out, whatever the field takes. */
  #objectionTo(steps: readonly string[], value: unknown): string | undefined {
    const texts = [value, typeof value === 'object' ? Object.values(value ?? {}) : []].flat(3).filter(isText);
    const missing = texts.flatMap(missingIn);
    if (missing.length > 0) {
      return `${missing.join(', ')} has no value in your files: give it by --dotenv, or set ${fieldOf(steps, value)} yourself`;
    }
    const isHidden = steps.at(-1) === 'image' ? hasLogin : isSecretValue;
    if (!texts.some((text) => this.#vault.holds(text) || (!this.#vault.allows(text) && isHidden(text))))
      return undefined;
    return `looks like a credential and is not copied: set ${fieldOf(steps, value)} yourself if it is none`;
  }

  /** The entry of a path. */
  at(path: string | readonly string[]): Entry | undefined {
    const field = typeof path === 'string' ? path : path.join('.');
    return this.#entries.find((entry) => entry.path.join('.') === field);
  }

  note(kind: NoteKind, where: string, text: string): void {
    const isSaid = this.#notes.some((note) => note.where === where && note.text === text);
    if (!isSaid) this.#notes.push({ kind, where, text });
  }

  /** Asks for a key of a Secret; the value stays where it is. */
  secret(name: string, key: string, from: string, type: 'generic' | 'tls' = 'generic'): void {
    const made = this.#secrets.get(name) ?? { type, keys: new Map() };
    made.keys.set(key, from);
    this.#secrets.set(name, made);
  }

  /** Leaves out what no profile can hold together; then the profile is one. */
  settle(): Profile {
    for (;;) {
      const parsed = parseProfile(this.#raw(this.#entries));
      if ('profile' in parsed) return parsed.profile;
      const [issue = { path: '', message: '' }] = parsed.issues;
      const entry = this.#culprit(parsed.issues);
      if (entry === undefined) throw new Error(`import misses ${issue.path}: ${issue.message}`);
      this.#entries.splice(this.#entries.indexOf(entry), 1);
      this.note('unmapped', entry.from, `${fieldOf(entry.path, entry.value)} is left out: ${issue.message}`);
    }
  }

  /** The entry below an issue without which it is gone and nothing new is wrong; of several the one placed last. */
  #culprit(issues: readonly Issue[]): Entry | undefined {
    const [{ path, message } = { path: '', message: '' }, ...others] = issues;
    const known = new Set(others.filter((other) => other.path !== path || other.message !== message).map(said));
    const isGone = (entry: Entry) => {
      const parsed = parseProfile(this.#raw(this.#entries.filter((each) => each !== entry)));
      return 'profile' in parsed || parsed.issues.every((issue) => known.has(said(issue)));
    };
    const below = this.#below(path.replaceAll(/\[\d+\]/g, '').replace(/^spec\.?/, ''));
    return below.find(isGone) ?? below[0];
  }

  /** The entries of a field, or of the nearest group around it that has any: the last first. */
  #below(field: string): Entry[] {
    const found = this.#entries.filter(({ path }) => field === '' || `${path.join('.')}.`.startsWith(`${field}.`));
    return found.length > 0 || field === '' ? found.reverse() : this.#below(field.split('.').slice(0, -1).join('.'));
  }

  #raw(entries: readonly Entry[]): unknown {
    return {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: this.name, namespace: this.namespace },
      spec: specOf(entries),
    };
  }

  entries(): readonly Entry[] {
    return this.#entries.map((entry) => ({ ...entry, comment: this.#clean(entry.comment) }));
  }

  notes(): readonly Note[] {
    return this.#notes.map(({ kind, where, text }) => ({ kind, where: this.#clean(where), text: this.#clean(text) }));
  }

  secrets(): readonly SecretToMake[] {
    return [...this.#secrets].map(([name, { type, keys }]) => ({
      name,
      type,
      keys: new Map([...keys].map(([key, from]) => [key, this.#clean(from)])),
    }));
  }

  #clean(text: string): string {
    // A name with a line break in it would end a comment.
    return withoutGaps(this.#vault.scrubbed(text)).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
  }
}

/** The first that names a field has it. */
function occupied(before: Entry | undefined, value: unknown, from: string): string | undefined {
  if (before === undefined) return undefined;
  const place = before.from === from ? 'the same place' : before.from;
  return `${shown(value)} is not taken: ${fieldOf(before.path, before.value)} is ${shown(before.value)} already, from ${place}`;
}

const said = ({ path, message }: Issue): string => `${path}: ${message}`;

const isText = (value: unknown): value is string => typeof value === 'string';
/** An image may name a digest after an @, and nothing else. */
const hasLogin = (image: string): boolean => /@(?!sha256:[0-9a-f]{64}$)/.test(image);

/** `backend.env.SECRET_KEY`. */
export const dotted = (path: readonly string[]): string =>
  path.map((step) => step.replace(/^\[(.*)\]$/, '$1')).join('.');

/** The field of an entry in a note: of an item that is a text, the list, since the item could be a secret. */
const fieldOf = (path: readonly string[], value: unknown): string =>
  dotted(isText(value) && path.at(-1)?.startsWith('[') === true ? path.slice(0, -1) : path);

/** A value in a note: numbers and sizes as they are; of other text only that it is there, since it could be a secret. */
function shown(value: unknown): string {
  const text = String(value);
  return /^[0-9]{1,12}(\.[0-9]{1,4})?[A-Za-z]{0,3}(\/[sm])?$|^[A-Za-z]{1,12}$/.test(text) ? text : 'the value';
}

function reasonOf(error: z.ZodError | undefined): string {
  const [issue] = error?.issues ?? [];
  const message = issue?.message.replace(/^Invalid string: must match pattern .*$/, 'it has another form') ?? '';
  // A text that is quoted by the message would be one of the user's.
  return /received "/.test(message) ? 'it has another form' : message.charAt(0).toLowerCase() + message.slice(1);
}

/** A number that is too large or too small, brought to the nearest that is possible. */
function withinBounds(schema: z.ZodType, value: unknown): number | undefined {
  if (!(schema instanceof z.ZodNumber) || typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  const bounded = Math.min(Math.max(value, schema.minValue ?? value), schema.maxValue ?? value);
  return schema.safeParse(bounded).success ? bounded : undefined;
}

/** The schema of a path of the spec, without its `optional`. Throws for a path that is none: a mistake of ours. */
function schemaAt(path: readonly string[]): z.ZodType {
  let schema: z.ZodType = specSchema;
  for (const step of path) {
    const child = step.startsWith('[') ? (schema as z.ZodArray).element : (schema as z.ZodObject).shape?.[step];
    if (child === undefined) throw new Error(`no field ${path.join('.')}`);
    schema = child instanceof z.ZodOptional ? (child.unwrap() as z.ZodType) : (child as z.ZodType);
  }
  return schema;
}

/** Place of a path in the order of the schema, so that what is written is in the order of the reference. */
export function orderOf(path: readonly string[]): number[] {
  let schema: z.ZodType | undefined = specSchema;
  return path.map((step) => {
    if (!(schema instanceof z.ZodObject)) return 0;
    const keys = Object.keys(schema.shape);
    const child = schema.shape[step] as z.ZodType | undefined;
    schema = child instanceof z.ZodOptional ? (child.unwrap() as z.ZodType) : child;
    return keys.indexOf(step);
  });
}

/** The entries as the nested value that they are. */
function specOf(entries: readonly Entry[]): Record<string, unknown> {
  const spec: Record<string, unknown> = {};
  for (const { path, value } of entries) plant(spec, path, value);
  return spec;
}

function plant(node: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [step = '', next, ...rest] = path;
  if (next === undefined) {
    node[step] = value;
  } else if (next.startsWith('[')) {
    const list = (node[step] ?? []) as unknown[];
    list.push(value);
    node[step] = list;
  } else {
    const child = (node[step] ?? {}) as Record<string, unknown>;
    node[step] = child;
    plant(child, [next, ...rest], value);
  }
}
