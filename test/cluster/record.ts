import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Link } from './addresses.ts';
import type { Layout } from './layout.ts';

/** Grows when a cluster of an older form can no longer be repaired, only replaced. */
export const recordForm = 1;

/** What a cluster was made as; written first, so that an `up` that ends in the middle leaves it. */
export interface ClusterRecord {
  form: number;
  /** Folder of the Kubernetes programs that made its data. */
  binDir: string;
  node: boolean;
  /** Whether the last `up` came to its end. */
  complete: boolean;
  link: Link;
}

/** Reads a cluster's record; undefined when there is none. */
export function readRecord(layout: Layout): ClusterRecord | undefined {
  try {
    return JSON.parse(readFileSync(layout.record, 'utf8')) as ClusterRecord;
  } catch {
    return undefined;
  }
}

/** Writes a cluster's record, all or nothing. */
export function writeRecord(layout: Layout, record: ClusterRecord): void {
  mkdirSync(dirname(layout.record), { recursive: true });
  writeFileSync(`${layout.record}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
  renameSync(`${layout.record}.new`, layout.record);
}
