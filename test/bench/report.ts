import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { quantile, ratiosOf, type Series } from './alternate.ts';

/** Cases measured together, one of which the others are compared with. */
export interface Benchmark {
  readonly title: string;
  readonly series: readonly Series[];
  /** Index of the series that stands still while the others are worked on. */
  readonly anchor: number;
}

/** Middle, 99th percentile and extremes in milliseconds, and the same of the ratio to the anchor. */
export function tableOf({ title, series, anchor }: Benchmark): string {
  const other = series[anchor] ?? { name: '', samples: [] };
  const rows = series.map((one) => {
    const ratios = ratiosOf(one, other);
    return [one.name, at(one.samples, 0.5), at(one.samples, 0.99), range(one.samples), at(ratios, 0.5), range(ratios)];
  });
  const head = [title, 'p50', 'p99', 'range in ms', 'ratio', 'range'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)));
  return [head, ...rows].map((row) => `${lineOf(row).join('   ')}\n`).join('');
}

const at = (samples: readonly number[], share: number): string => text(quantile(samples, share));
const range = (samples: readonly number[]): string => `${text(Math.min(...samples))} to ${text(Math.max(...samples))}`;
const text = (value: number): string => value.toFixed(value < 10 ? 2 : 0);

/** Writes every sample to docs/bench/<date>-render.json, and returns that path. */
export function writeReport(benchmarks: readonly Benchmark[], versions: Readonly<Record<string, string>>): string {
  const date = new Date().toISOString().slice(0, 10);
  const path = `docs/bench/${date}-render.json`;
  const root = join(import.meta.dirname, '..', '..');
  mkdirSync(join(root, 'docs', 'bench'), { recursive: true });
  const machine = { cores: cpus().length, processor: cpus()[0]?.model, memoryMiB: Math.round(totalmem() / 2 ** 20) };
  const rounded = benchmarks.map(({ title, series, anchor }) => ({
    title,
    unit: 'ms',
    order: 'each round forth and back: A-B-B-A',
    anchor: series[anchor]?.name,
    series: series.map(({ name, samples }) => ({
      name,
      p50: round(quantile(samples, 0.5)),
      samples: samples.map(round),
    })),
  }));
  const report = JSON.stringify({ date, machine, versions, benchmarks: rounded }, undefined, 2);
  writeFileSync(join(root, path), `${report.replaceAll(NUMBERS, (list) => list.replaceAll(/\s+/g, ' '))}\n`);
  return path;
}

/** Lists of numbers stay on one line. */
const NUMBERS = /\[[\d.,\s]+\]/g;
const round = (value: number): number => Math.round(value * 1000) / 1000;
