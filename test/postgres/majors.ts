import { buildImages } from '../../images/build.ts';
import type { ImageName } from '../../images/catalog.ts';
import { progressLine } from '../../images/progress.ts';
import { prepareMachine } from '../cluster/cluster.ts';
import { type ImageRoot, imageRoot } from './image-root.ts';

/** The versions of PostgreSQL that we test with: those that the Debian releases 12, 13 and 14 carry. */
export const MAJORS = [15, 17, 18] as const;
export type Major = (typeof MAJORS)[number];

const IMAGES: Readonly<Record<Major, ImageName>> = { 15: 'postgres-15', 17: 'postgres-17', 18: 'postgres' };

/** Builds what is missing of their images, and unpacks it. */
export async function imageRoots(): Promise<Record<Major, ImageRoot>> {
  await prepareMachine(['cluster', 'images']);
  const images = await buildImages({
    names: Object.values(IMAGES),
    onProgress: (progress) => progress.state === 'unchanged' || process.stderr.write(`${progressLine(progress)}\n`),
  });
  const rootOf = async (major: Major): Promise<ImageRoot> => {
    const image = images.find(({ name }) => name === IMAGES[major]);
    if (image === undefined) throw new Error(`no image of PostgreSQL ${major}`);
    return imageRoot(image);
  };
  return { 15: await rootOf(15), 17: await rootOf(17), 18: await rootOf(18) };
}
