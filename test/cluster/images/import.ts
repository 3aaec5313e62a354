import { run } from '../host/run.ts';
import { fullImageName } from './image-name.ts';
import { readArchive } from './oci-archive.ts';

/** How to call `ctr` for a node: the program and the arguments before its own. */
export interface Ctr {
  program: string;
  args: string[];
}

/** The `ctr` of a local cluster's containerd. */
export function ctrOf(socket: string): Ctr {
  return { program: 'ctr', args: ['--address', socket, '--namespace', 'k8s.io'] };
}

/** k3s brings its own, which finds its containerd by itself. */
export const k3sCtr: Ctr = { program: 'k3s', args: ['ctr', '--namespace', 'k8s.io'] };

/** Imports an OCI archive under a name, unless the node has that very image; returns whether it had to. */
export async function importArchive(ctr: Ctr, archive: string, imageName: string): Promise<boolean> {
  const wanted = fullImageName(imageName);
  const { name, digest } = await readArchive(archive);
  if ((await imageDigests(ctr)).get(wanted) === digest) return false;
  if (name === undefined) {
    throw new Error(`${archive} names no image: push it as "oci-archive:FILE:${imageName}"`);
  }
  await run(ctr.program, [...ctr.args, 'images', 'import', archive], { timeoutMs: 10 * 60_000 });
  if (name === wanted) return true;
  await run(ctr.program, [...ctr.args, 'images', 'tag', '--force', name, wanted]);
  // The short form of the same name is of no use to a node; another name may well be.
  if (fullImageName(name) === wanted) await run(ctr.program, [...ctr.args, 'images', 'remove', name]);
  return true;
}

/** Digest by name of the images that a node has. */
export async function imageDigests(ctr: Ctr): Promise<Map<string, string>> {
  return parseImageList(await run(ctr.program, [...ctr.args, 'images', 'list']));
}

/** Reads the table of `ctr images list`. */
export function parseImageList(table: string): Map<string, string> {
  const digests = new Map<string, string>();
  for (const line of table.split('\n').slice(1)) {
    const [name, , digest] = line.trim().split(/\s+/);
    if (name && digest) digests.set(name, digest);
  }
  return digests;
}
