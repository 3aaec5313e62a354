import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { BuiltImage } from '../../images/build.ts';
import { imageFolder } from '../../images/image-cache.ts';
import { run } from '../cluster/host/run.ts';
import type { Descriptor } from '../cluster/images/oci-archive.ts';

/** The files of an image as a folder, and the environment that it gives its processes: what a container starts from. */
export interface ImageRoot {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

const WHITEOUT = '.wh.';
const UNPACK_LIMIT_MS = 300_000;

/** Unpacks an image beside its archive, once; the folder appears whole or not at all. */
export async function imageRoot(image: BuiltImage): Promise<ImageRoot> {
  const place = join(imageFolder(), 'roots', basename(image.archive, '.oci.tar'));
  if (!existsSync(place)) await unpack(image.archive, place);
  forgetOrphans(dirname(place));
  return { folder: join(place, 'root'), env: environmentIn(join(place, 'config.json')) };
}

async function unpack(archive: string, place: string): Promise<void> {
  mkdirSync(dirname(place), { recursive: true });
  const work = mkdtempSync(`${place}.partial-`);
  try {
    const [layout, root] = [join(work, 'layout'), join(work, 'root')];
    for (const folder of [layout, root]) mkdirSync(folder, { mode: 0o755 });
    await run('tar', ['-xf', archive, '-C', layout], { timeoutMs: UNPACK_LIMIT_MS });
    const manifest = manifestIn(layout);
    for (const layer of manifest.layers) await addLayer(blobPath(layout, layer), root);
    renameSync(blobPath(layout, manifest.config), join(work, 'config.json'));
    rmSync(layout, { recursive: true });
    // Whoever was quicker has made the same.
    if (!existsSync(place)) renameSync(work, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

function manifestIn(layout: string): Manifest {
  const { manifests } = readJson<{ manifests: readonly Descriptor[] }>(join(layout, 'index.json'));
  const [only] = manifests;
  if (only === undefined) throw new Error(`${layout} holds no image`);
  return readJson<Manifest>(blobPath(layout, only));
}

const blobPath = (layout: string, { digest }: Descriptor): string => join(layout, 'blobs', digest.replace(':', '/'));

/** A layer also says, by the names of empty files, which files of the layers below it are gone. */
async function addLayer(layer: string, root: string): Promise<void> {
  const names = (await run('tar', ['-tf', layer])).split('\n');
  for (const name of names.filter((each) => basename(each).startsWith(WHITEOUT))) {
    rmSync(join(root, dirname(name), basename(name).slice(WHITEOUT.length)), { recursive: true, force: true });
  }
  const how = ['--numeric-owner', '--same-permissions', `--exclude=${WHITEOUT}*`];
  await run('tar', [...how, '-xf', layer, '-C', root], { timeoutMs: UNPACK_LIMIT_MS });
}

function environmentIn(configFile: string): Record<string, string> {
  const { config } = readJson<{ config?: { Env?: readonly string[] } }>(configFile);
  return Object.fromEntries((config?.Env ?? []).map((entry) => entry.split(/=(.*)/s).slice(0, 2)));
}

/** Roots whose archive the builder has dropped. */
function forgetOrphans(roots: string): void {
  for (const name of readdirSync(roots).filter((each) => !each.includes('.partial-'))) {
    const archive = join(dirname(roots), `${name}.oci.tar`);
    if (!existsSync(archive)) rmSync(join(roots, name), { recursive: true, force: true });
  }
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

/**
 * Where an absolute path of the image lies on this machine. Links are followed as the image means them: its
 * `/var/run` points to its own `/run`, not to that of the machine.
 */
export function inRoot(root: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  const place = parts.reduce((at, part) => {
    const next = join(at, part);
    const isLink = lstatSync(join(root, next), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    return isLink ? resolve(at, readlinkSync(join(root, next))) : next;
  }, '/');
  return join(root, place);
}
