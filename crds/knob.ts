import * as z from 'zod';

/**
 * How a change of a knob reaches the running process, from cheap to dear:
 * `reload` (SIGHUP, no connection lost), `sql` (a role or database setting), `resize` (pods/resize),
 * `rolling` (new pods beside old ones), `restart` (the database goes down and up again).
 */
export type ChangeClass = 'reload' | 'sql' | 'resize' | 'rolling' | 'restart';

/**
 * Where a knob lands: a file of ours (or the word `gunicorn` for its flags, `env`, `manifest`) and the key in it.
 * `derivation` lands nowhere: it is an input, and the key names what is derived from it.
 */
export interface Target {
  readonly file:
    | 'nginx.conf'
    | 'gunicorn'
    | 'gunicorn.conf.py'
    | 'postgresql.conf'
    | 'roles.sql'
    | 'env'
    | 'manifest'
    | 'derivation';
  readonly key: string;
  /**
   * nginx.conf: the block that takes the key as a directive and the value in force as its only argument. Such a
   * knob needs nothing but its entry. Without a block, the folder of the edge renders it.
   */
  readonly block?: 'main' | 'events' | 'http';
}

/** All that is known of one tunable besides its schema. CRD, reference, `explain` and conf text follow from it. */
export interface Knob {
  readonly target: Target;
  readonly change: ChangeClass;
  /** What the tunable means, for the person who reads `kubectl explain`. Unit and bounds are added by the generator. */
  readonly description: string;
  /** Unit of the number, as a word: seconds, connections, requests per second. */
  readonly unit?: string;
  /** First major version of the tier's server that knows the setting; older ones get none, and INV-23 says so. */
  readonly since?: number;
  /** Major version of the server from which on a reload takes over what needed a restart before. */
  readonly reloadSince?: number;
  /** The values of an enum as the target writes them, where it has other words. */
  readonly words?: Readonly<Record<string, string>>;
  /** Value taken when the user says nothing and no derivation applies. Never written into the spec (D5). */
  readonly default?: string | number | boolean | readonly string[];
  /** Where the default, the bounds or the advice come from. */
  readonly source: string;
}

/** The key under which a knob hides in zod's metadata; the CRD generator takes it out again. */
export const KNOB_KEY = 'pitcrewKnob';

/** Declares a tunable: one entry that holds its schema, unit, bounds, target, change class, default and source. */
export function knob<T extends z.ZodType>(schema: T, meta: Knob) {
  return schema.meta({ ...schema.meta(), description: describe(meta), [KNOB_KEY]: meta }).optional();
}

/** Knob metadata of a schema node, where there is any (looks through `optional`). */
export function knobOf(schema: z.ZodType): Knob | undefined {
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  return inner.meta()?.[KNOB_KEY] as Knob | undefined;
}

/** One tunable together with its place in the spec, for example `backend.workers`. */
export interface PlacedKnob {
  readonly path: string;
  readonly knob: Knob;
  readonly schema: z.ZodType;
}

/** All knobs below a schema, depth first, in the order in which they are declared. */
export function knobsOf(schema: z.ZodType, prefix = ''): PlacedKnob[] {
  const own = knobOf(schema);
  if (own !== undefined) return [{ path: prefix, knob: own, schema }];
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, child]) =>
    knobsOf(child, prefix === '' ? name : `${prefix}.${name}`),
  );
}

function describe(meta: Knob): string {
  const facts = [
    meta.unit === undefined ? undefined : `Unit: ${meta.unit}.`,
    meta.target.file === 'derivation'
      ? `Sets nothing by itself: ${meta.target.key} follow from it.`
      : `Sets ${meta.target.key} in ${meta.target.file}.`,
    meta.since === undefined ? undefined : `Needs version ${meta.since} of the server or later.`,
    `A change takes effect by ${meta.change}${meta.reloadSince === undefined ? '' : `, from version ${meta.reloadSince} of the server on by reload`}.`,
    meta.default === undefined ? undefined : `Default: ${JSON.stringify(meta.default)}.`,
    `Source: ${meta.source}.`,
  ];
  return [meta.description, ...facts.filter((fact) => fact !== undefined)].join(' ');
}
