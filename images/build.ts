import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withBuilderLock } from './builder-lock.ts';
import { defaultSuite, type ImageRecipe, recipesOf } from './catalog.ts';
import { chooseEngine } from './choose-engine.ts';
import type { Engine } from './engine.ts';
import { fingerprintOf } from './fingerprint.ts';
import { archivePath, type BuiltImage, findBuilt, imageFolder, pruneArchives, recordBuilt } from './image-cache.ts';
import { bundleUnlessUnchanged } from './operator/bundle.ts';
import { type Progress, progressLine, withTicks } from './progress.ts';

export type { BuiltImage } from './image-cache.ts';

export interface BuildOptions {
  /** Short names; none means all but those on demand. */
  readonly names?: readonly string[];
  readonly onProgress?: (progress: Progress) => void;
}

const repository = join(import.meta.dirname, '..');

/** Builds the images whose inputs have changed, and says where each one's archive lies. */
export async function buildImages(options: BuildOptions = {}): Promise<BuiltImage[]> {
  const recipes = recipesOf(options.names ?? []);
  const folder = imageFolder();
  const workshop = { folder, engine: chooseEngine(folder) };
  const report = reporterOf(recipes.length, options.onProgress);
  const onWait = (holder: string): void => report(`process ${holder} is building`, 0, 'waiting', 0);
  return await withBuilderLock(folder, onWait, async () => {
    const images: BuiltImage[] = [];
    for (const [index, recipe] of recipes.entries()) {
      const tell: Tell = (state, elapsedMs) => report(recipe.name, index + 1, state, elapsedMs);
      images.push(await buildUnlessUnchanged(workshop, recipe, tell));
    }
    return images;
  });
}

interface Workshop {
  readonly folder: string;
  readonly engine: Engine;
}

type Tell = (state: Progress['state'], elapsedMs: number) => void;

function reporterOf(total: number, onProgress: BuildOptions['onProgress']) {
  return (name: string, position: number, state: Progress['state'], elapsedMs: number): void =>
    onProgress?.({ name, position, total, state, elapsedMs });
}

async function buildUnlessUnchanged(workshop: Workshop, recipe: ImageRecipe, tell: Tell): Promise<BuiltImage> {
  const start = Date.now();
  if (recipe.bundled) await bundleUnlessUnchanged();
  const built = await findCurrent(workshop, recipe, await workshop.engine.readBaseId(suiteOf(recipe)));
  if (built !== undefined) {
    tell('unchanged', 0);
    return built;
  }
  try {
    const image = await withTicks(
      (elapsedMs) => tell('building', elapsedMs),
      () => build(workshop, recipe),
    );
    tell('built', Date.now() - start);
    return image;
  } catch (error) {
    tell('failed', Date.now() - start);
    throw error;
  }
}

async function build(workshop: Workshop, recipe: ImageRecipe): Promise<BuiltImage> {
  const { folder, engine } = workshop;
  const logFile = join(folder, 'logs', `${recipe.name}.log`);
  await rm(logFile, { force: true });
  const baseId = await engine.prepareBase(suiteOf(recipe), logFile);
  const existing = await findCurrent(workshop, recipe, baseId);
  if (existing !== undefined) return existing;
  const { name, reference, installsPackages = false, buildArgs = {} } = recipe;
  const archive = archivePath(folder, name, await fingerprintOf(inputsOf(engine, recipe, baseId)));
  const partial = `${archive}.partial`;
  const places = { dockerfile: join(repository, recipe.dockerfile), context: join(repository, recipe.context) };
  try {
    const digest = await engine.build({ reference, ...places, archive: partial, logFile, installsPackages, buildArgs });
    const image = { name, reference, archive, digest };
    await recordBuilt(image, partial);
    return image;
  } finally {
    await pruneArchives(folder, name);
    await engine.tidy(logFile);
  }
}

async function findCurrent(
  { folder, engine }: Workshop,
  recipe: ImageRecipe,
  baseId: string | undefined,
): Promise<BuiltImage | undefined> {
  if (baseId === undefined) return undefined;
  return await findBuilt(folder, recipe.name, await fingerprintOf(inputsOf(engine, recipe, baseId)));
}

const suiteOf = ({ suite = defaultSuite }: ImageRecipe) => suite;

function inputsOf(engine: Engine, recipe: ImageRecipe, baseId: string) {
  return {
    reference: recipe.reference,
    dockerfile: join(repository, recipe.dockerfile),
    context: join(repository, recipe.context),
    buildArgs: { ...recipe.buildArgs, ...engine.buildArgs, ENGINE: engine.name },
    baseId,
  };
}

async function main(names: string[]): Promise<void> {
  const onProgress = (progress: Progress): boolean => process.stderr.write(`${progressLine(progress)}\n`);
  const images = await buildImages({ names, onProgress });
  for (const { reference, digest, archive } of images) console.log([reference, digest, archive].join('\t'));
}

if (process.argv[1] === import.meta.filename) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
