/**
 * Numbers, and the text that Prometheus reads: the exposition format 0.0.4 is a page of rules
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). A client library would hold a value for every profile
 * and have to be told of each that goes; here gauges are read from the caches when somebody asks, and nothing is held.
 */

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What is known of a metric before it has a value. `L` are the names of its labels. */
export interface Definition<L extends string = string> {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly L[];
  /** Meaning and unit, in one sentence. */
  readonly help: string;
  /** Upper bounds of a histogram, ascending, in its unit. */
  readonly buckets?: readonly number[] | undefined;
}

export type Labels<L extends string> = Readonly<Record<L, string>>;

/** One number. */
export interface Sample {
  /** `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its numbers of this moment. */
export interface Family {
  readonly definition: Definition;
  readonly samples: () => readonly Sample[];
}

/** What only grows. */
export interface Counter<L extends string> extends Family {
  /** Starts at 0 what has not happened yet: a rate of a series that is not there is no rate. */
  readonly add: (labels: Labels<L>, by?: number) => void;
}

/** How often a size occurred. */
export interface Histogram<L extends string> extends Family {
  readonly observe: (labels: Labels<L>, value: number) => void;
}

/** Labels as a key: their order is the definition's. */
const keyOf = <L extends string>({ labels }: Definition<L>, values: Labels<L>): string =>
  labels.map((label) => values[label]).join('\u0000');

export function createCounter<L extends string>(definition: Definition<L>): Counter<L> {
  const held = new Map<string, { readonly labels: Labels<L>; value: number }>();
  return {
    definition,
    add: (labels, by = 1) => {
      const key = keyOf(definition, labels);
      const before = held.get(key);
      if (before === undefined) held.set(key, { labels, value: by });
      else before.value += by;
    },
    samples: () => [...held.values()],
  };
}

/** A gauge is asked for, never set: it cannot tell of what is gone. */
export function createGauge<L extends string>(
  definition: Definition<L>,
  read: () => ReadonlyArray<{ readonly labels: Labels<L>; readonly value: number }>,
): Family {
  return { definition, samples: read };
}

interface Sizes<L extends string> {
  readonly labels: Labels<L>;
  /** One for each bound, not cumulated, and one above all bounds. */
  readonly counts: number[];
  sum: number;
}

export function createHistogram<L extends string>(definition: Definition<L>): Histogram<L> {
  const bounds = definition.buckets ?? [];
  const held = new Map<string, Sizes<L>>();
  return {
    definition,
    observe: (labels, value) => {
      const key = keyOf(definition, labels);
      const sizes = held.get(key) ?? { labels, counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 };
      held.set(key, sizes);
      const place = bounds.findIndex((bound) => value <= bound);
      const index = place < 0 ? bounds.length : place;
      sizes.counts[index] = (sizes.counts[index] ?? 0) + 1;
      sizes.sum += value;
    },
    samples: () => [...held.values()].flatMap((sizes) => samplesOf(bounds, sizes)),
  };
}

function samplesOf<L extends string>(bounds: readonly number[], { labels, counts, sum }: Sizes<L>): Sample[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    return { suffix: '_bucket', labels: { ...labels, le: numberText(bounds[index] ?? Infinity) }, value: total };
  });
  return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: total }];
}

/** The page. A metric without numbers still says what it would be. */
export function render(families: readonly Family[]): string {
  return `${families.map(familyText).join('\n')}\n`;
}

function familyText({ definition: { name, type, help }, samples }: Family): string {
  const lines = samples().map(({ suffix = '', labels, value }) => {
    const pairs = Object.entries<string>(labels).map(
      ([label, text]) => `${label}="${escaped(text).replaceAll('"', '\\"')}"`,
    );
    return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}`;
  });
  return [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`, ...lines].join('\n');
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

function numberText(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}
