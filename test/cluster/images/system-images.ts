import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../host/lock.ts';
import { type OnProgress, step } from '../host/progress.ts';
import { cacheRoot } from '../names.ts';
import { programFolder, programPath } from '../programs/build.ts';
import { corednsSet, pauseSet, versions } from '../programs/catalog.ts';
import { findProgram } from '../programs/packages.ts';
import { type ScratchImage, writeScratchImage } from './oci-archive.ts';

/** Where the node's own images live; the name is no registry's, so nothing is ever pulled. */
export const systemRepository = 'localhost/pitcrew';

/** An image of the node itself and the archive it is imported from. */
export interface SystemImage {
  name: string;
  archive: string;
}

/** The images every node needs. */
export interface SystemImages {
  pause: SystemImage;
  coredns: SystemImage;
  busybox: SystemImage;
}

/** How an image is made, and the folder of the cache for its archive. */
interface Recipe extends ScratchImage {
  folder: string;
}

const nobody = 65534;
const busyboxApplets = ['sh', 'mkdir', 'rm', 'ls', 'cat', 'sleep', 'chmod', 'test'];

/** Makes the archives of the node's own images from built programs, unless they are there. */
export async function ensureSystemImages(onProgress: OnProgress): Promise<SystemImages> {
  const [pause, coredns, busybox] = [pauseImage(), corednsImage(), busyboxImage()];
  const isMissing = (recipe: Recipe) => !existsSync(archiveOf(recipe));
  const recipes = [pause, coredns, busybox];
  if (recipes.some(isMissing)) {
    await withLock(`images in ${cacheRoot()}`, onProgress, async () => {
      for (const recipe of recipes.filter(isMissing)) {
        await step(onProgress, `making image ${recipe.name}`, () => writeScratchImage(recipe, archiveOf(recipe)));
      }
    });
  }
  const made = (recipe: Recipe): SystemImage => ({ name: recipe.name, archive: archiveOf(recipe) });
  return { pause: made(pause), coredns: made(coredns), busybox: made(busybox) };
}

/** Another recipe is another archive. */
function archiveOf(recipe: Recipe): string {
  const digest = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 8);
  return join(recipe.folder, `image-${digest}.tar`);
}

function pauseImage(): Recipe {
  const folder = programFolder(pauseSet);
  return {
    name: `${systemRepository}/pause:${folder.slice(-12)}`,
    folder,
    entrypoint: ['/pause'],
    user: nobody,
    files: { '/pause': programPath({ set: pauseSet, program: 'pause' }) },
  };
}

function corednsImage(): Recipe {
  return {
    name: `${systemRepository}/coredns:v${versions.coredns}`,
    folder: programFolder(corednsSet),
    entrypoint: ['/coredns'],
    user: nobody,
    files: { '/coredns': programPath({ set: corednsSet, program: 'coredns' }) },
  };
}

function busyboxImage(): Recipe {
  const program = findProgram('busybox');
  if (program === undefined) throw new Error('busybox is not installed');
  const digest = createHash('sha256').update(readFileSync(program)).digest('hex').slice(0, 12);
  return {
    name: `${systemRepository}/busybox:${digest}`,
    folder: join(cacheRoot(), `busybox-${digest}`),
    entrypoint: ['/bin/sh'],
    // It makes and removes the folders of volumes, which belong to root.
    user: 0,
    files: { '/bin/busybox': program },
    links: Object.fromEntries(busyboxApplets.map((applet) => [`/bin/${applet}`, 'busybox'])),
  };
}
