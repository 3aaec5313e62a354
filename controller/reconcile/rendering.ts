import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { Owner } from './desired.ts';
import { APPLIED_KINDS } from './kinds.ts';

/** All of a synthesis that is run. A revision keeps it, so that a later version of the operator can go on with it. */
export type Rendering = Pick<Synthesis, 'objects' | 'configHashes' | 'requires'>;

/** A rendering as text, and what it is known by. */
export interface RenderingRecord {
  readonly text: string;
  /** SHA-256 of the text: whoever reads it can prove it, by whatever version it was written. */
  readonly digest: string;
}

/** Pure; equal renderings have equal records, since the charts sort the keys of what they make. */
export function recordOf({ objects, configHashes, requires }: Rendering): RenderingRecord {
  const text = JSON.stringify({ objects, configHashes, requires });
  return { text, digest: digestOf(text) };
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The text as a revision holds it: base64 of gzip, a fifth of its length. */
export const packed = (text: string): string => gzipSync(text, { level: 9 }).toString('base64');

/** A rendering is some 40 KB; far more is no work of ours, and must not fill the memory. */
const MAX_BYTES = 4 * 1024 * 1024;

const KINDS: ReadonlySet<string> = new Set([...APPLIED_KINDS, 'PersistentVolumeClaim']);

/**
 * The rendering that a revision holds; undefined: it is not the one of this digest. What is applied with the operator's
 * rights must be what the operator wrote: a revision can be made by anybody who may make one in the namespace.
 */
export function unpacked(data: unknown, digest: string, owner: Owner): Rendering | undefined {
  const text = typeof data === 'string' ? inflated(data) : undefined;
  if (text === undefined || digestOf(text) !== digest) return undefined;
  const rendering = JSON.parse(text) as Rendering;
  const isOurs = rendering.objects.every(
    ({ object: { kind, metadata } }) => KINDS.has(kind) && metadata.namespace === owner.namespace,
  );
  return isOurs ? rendering : undefined;
}

function inflated(data: string): string | undefined {
  try {
    return gunzipSync(Buffer.from(data, 'base64'), { maxOutputLength: MAX_BYTES }).toString('utf8');
  } catch {
    return undefined;
  }
}
