import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';

/** What was measured: one row a question, the guide's answer beside ours. */
export interface Row {
  readonly what: string;
  readonly guide: Value;
  readonly ours: Value;
}

export type Value = string | number | undefined;

export interface Result {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** What the rows were counted from, and under which conditions. */
  readonly raw: object;
}

/** `8 × 200, 3 × 503`. */
export const statuses = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([status, count]) => `${count} × ${status}`)
    .join(', ') || 'none';

export const percent = (part: number, whole: number): string =>
  whole === 0 ? 'none asked' : `${((100 * part) / whole).toFixed(1)} %`;

export function printResult(result: Result): void {
  const cells = [['', 'guide', 'ours'], ...result.rows.map((row) => [row.what, text(row.guide), text(row.ours)])];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  process.stdout.write(`\n(${result.id}) ${result.title}\n`);
  for (const row of cells) {
    process.stdout.write(`  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
    process.stdout.write('\n');
  }
}

const text = (value: Value): string => (value === undefined ? '–' : String(value));

/** Writes docs/measurements/<date>.json and returns its path. A later run of the same day replaces what it measured anew. */
export function writeResults(results: readonly Result[], versions: Readonly<Record<string, string>>): string {
  const date = new Date().toISOString().slice(0, 10);
  const folder = join(import.meta.dirname, '..', '..', 'docs', 'measurements');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${date}.json`);
  const merged = new Map([...earlier(file), ...results].map((result) => [result.id, result]));
  const ordered = [...merged.values()].sort((one, other) => one.id.localeCompare(other.id));
  const machine = { cores: cpus().length, memoryMiB: Math.round(totalmem() / 2 ** 20) };
  writeFileSync(file, `${JSON.stringify({ date, machine, versions, results: ordered }, undefined, 2)}\n`);
  return `docs/measurements/${date}.json`;
}

const earlier = (file: string): readonly Result[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { results: Result[] }).results : [];
