import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { quantile } from '../alternate.ts';
import type { Round } from './runs.ts';

/** One figure of a round; undefined where the round has not measured it. */
interface Row {
  readonly what: string;
  readonly unit: string;
  readonly of: (round: Round) => number | undefined;
  /** Whether less is better. */
  readonly less: boolean;
}

const row = (what: string, unit: string, of: Row['of'], less = true): Row => ({ what, unit, of, less });
const per = (sum: number | undefined, count: number | undefined): number | undefined =>
  sum === undefined || count === undefined ? undefined : sum / count;

const ROWS: readonly Row[] = [
  row('burst: throughput, until Ready', 'profiles/s', ({ profiles, burst }) => profiles / burst.seconds, false),
  row('burst: applied, p50', 'ms', ({ burst }) => quantile(burst.applied, 0.5)),
  row('burst: applied, p99', 'ms', ({ burst }) => quantile(burst.applied, 0.99)),
  row('burst: Ready, p50', 'ms', ({ burst }) => quantile(burst.ready, 0.5)),
  row('burst: Ready, p99', 'ms', ({ burst }) => quantile(burst.ready, 0.99)),
  row('burst: requests per profile', '', ({ profiles, burst }) => burst.requests / profiles),
  row('burst: writes per profile', '', ({ profiles, burst }) => burst.writes / profiles),
  row('burst: CPU per profile', 'ms', ({ profiles, burst }) => burst.cpuMs / profiles),
  row('burst: CPU of the API server per profile', 'ms', ({ profiles, burst }) => burst.apiServerCpuMs / profiles),
  row('burst: peak memory', 'MiB', ({ burst }) => burst.peakMiB),
  row('idle: memory', 'MiB', ({ idle }) => idle.residentMiB),
  row('idle: CPU', '%', ({ idle }) => idle.cpuMs / idle.seconds / 10),
  row('idle: requests', '', ({ idle }) => idle.requests),
  row('edit: applied, p50', 'ms', ({ edit }) => edit && quantile(edit.applied, 0.5)),
  row('edit: applied, p99', 'ms', ({ edit }) => edit && quantile(edit.applied, 0.99)),
  row('edit: requests each', '', ({ edit }) => per(edit?.requests, edit?.edits)),
  row('edit: writes each', '', ({ edit }) => per(edit?.writes, edit?.edits)),
  row('edit: CPU each', 'ms', ({ edit }) => per(edit?.cpuMs, edit?.edits)),
  row('edit: CPU of the API server each', 'ms', ({ edit }) => per(edit?.apiServerCpuMs, edit?.edits)),
  row('repair: p50', 'ms', ({ repair }) => repair && quantile(repair.made, 0.5)),
  row('repair: p99', 'ms', ({ repair }) => repair && quantile(repair.made, 0.99)),
  row('repair: requests each', '', ({ repair }) => per(repair?.requests, repair?.made.length)),
  row('restart: until rest', 'ms', ({ restart }) => restart?.restMs),
  row('restart: requests', '', ({ restart }) => restart?.requests),
  row('restart: writes sent', '', ({ restart }) => restart?.writes),
  row('cold start: process to first write', 'ms', ({ coldStartMs }) => coldStartMs),
];

/** Medians and ranges by size: ours, the twin, and ours by the twin's. */
export function tablesOf(rounds: readonly Round[]): string {
  const sizes = [...new Set(rounds.map(({ profiles }) => profiles))];
  return sizes
    .map((size) =>
      tableOf(
        size,
        rounds.filter(({ profiles }) => profiles === size),
      ),
    )
    .join('\n');
}

function tableOf(size: number, rounds: readonly Round[]): string {
  const names = [...new Set(rounds.map(({ contestant }) => contestant))];
  const lines = ROWS.flatMap(({ what, unit, of }) => {
    const samples = names.map((name) =>
      rounds.filter(({ contestant }) => contestant === name).flatMap((one) => of(one) ?? []),
    );
    if (samples.every((some) => some.length === 0)) return [];
    const [ours = [], anchor = []] = samples;
    return [[what, unit, ...samples.map(cell), ratioOf(median(ours), median(anchor))]];
  });
  const head = [`${size} profiles`, 'unit', ...names, 'ratio'];
  const all = [head, head.map(() => '---'), ...lines];
  return `\n${all.map((cells) => `| ${cells.join(' | ')} |\n`).join('')}`;
}

const ratioOf = (ours: number, anchor: number): string =>
  Number.isFinite(ours / anchor) ? (ours / anchor).toFixed(2) : '';

const text = (value: number): string => value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);

function cell(samples: readonly number[]): string {
  if (samples.length === 0) return '';
  const [least, most] = [Math.min(...samples), Math.max(...samples)];
  return samples.length === 1 ? text(least) : `${text(median(samples))} (${text(least)} to ${text(most)})`;
}

/** The mean of the two middle ones where their number is even. */
function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Writes all that was measured to docs/bench/<date>-loop.json, and returns that path. */
export function writeLoopReport(rounds: readonly Round[]): string {
  const date = new Date().toISOString().slice(0, 10);
  const root = join(import.meta.dirname, '..', '..', '..');
  const path = `docs/bench/${date}-loop.json`;
  mkdirSync(join(root, 'docs', 'bench'), { recursive: true });
  const machine = { cores: cpus().length, processor: cpus()[0]?.model, memoryMiB: Math.round(totalmem() / 2 ** 20) };
  const report = { date, node: process.version, machine, loadAfter: loadavg(), rounds: rounds.map(rounded) };
  writeFileSync(join(root, path), `${JSON.stringify(report)}\n`);
  return path;
}

const rounded = (round: Round): unknown =>
  JSON.parse(JSON.stringify(round, (_, value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value)));
