import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** An image that is built and lies in the cache as an OCI archive. */
export interface BuiltImage {
  /** Short name. */
  readonly name: string;
  /** Full name, as the archive carries it. */
  readonly reference: string;
  readonly archive: string;
  readonly digest: string;
}

/** How many archives of one image stay: the newest, and the one before it for whoever still reads it. */
const keptPerImage = 2;

/** Where archives, logs and the builder's own storage live. */
export function imageFolder(env: NodeJS.ProcessEnv = process.env): string {
  const caches = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(env.PITCREW_CACHE || join(caches, 'pitcrew'), 'images');
}

/** Where an archive of this fingerprint lies, or will lie. */
export function archivePath(folder: string, name: string, fingerprint: string): string {
  return join(folder, `${name}-${fingerprint}.oci.tar`);
}

/** The image of this fingerprint if it was built before. Asking keeps it from being pruned. */
export async function findBuilt(folder: string, name: string, fingerprint: string): Promise<BuiltImage | undefined> {
  const archive = archivePath(folder, name, fingerprint);
  const record = recordOf(archive);
  if (!existsSync(archive) || !existsSync(record)) return undefined;
  const { reference, digest } = JSON.parse(await readFile(record, 'utf8')) as { reference: string; digest: string };
  const now = new Date();
  await utimes(record, now, now);
  return { name, reference, archive, digest };
}

/** Takes a finished archive in under its final name; the record comes last, so that a crash leaves nothing half valid. */
export async function recordBuilt(image: BuiltImage, partial: string): Promise<void> {
  await rename(partial, image.archive);
  const record = recordOf(image.archive);
  await writeFile(`${record}.partial`, `${JSON.stringify({ reference: image.reference, digest: image.digest })}\n`);
  await rename(`${record}.partial`, record);
}

/** Removes what a broken build left, and all but the newest archives of this image. */
export async function pruneArchives(folder: string, name: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // The fingerprint has a fixed form, so that "bahamm" could never match the archives of "bahamm-backend".
  const ours = new RegExp(`^${name}-[0-9a-f]{16}\\.oci\\.tar`);
  const files = (await readdir(folder)).filter((file) => ours.test(file)).map((file) => join(folder, file));
  const records = files.filter((file) => file.endsWith('.json') && existsSync(file.slice(0, -'.json'.length)));
  const aged = await Promise.all(records.map(async (record) => ({ record, at: (await stat(record)).mtimeMs })));
  const kept = aged.sort((a, b) => b.at - a.at).slice(0, keptPerImage);
  const keptFiles = new Set(kept.flatMap(({ record }) => [record, record.slice(0, -'.json'.length)]));
  await Promise.all(files.filter((file) => !keptFiles.has(file)).map((file) => rm(file, { force: true })));
}

function recordOf(archive: string): string {
  return `${archive}.json`;
}
