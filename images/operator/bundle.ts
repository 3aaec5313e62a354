import { existsSync } from 'node:fs';
import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { isBundleCurrent, recordBundle } from './bundle-record.ts';

export interface BundleOptions {
  /** Where the entries lie. */
  readonly root?: string;
  readonly outFolder?: string;
}

const repository = join(import.meta.dirname, '../..');
const entries = { operator: 'controller/main.ts', pitcrew: 'cli/main.ts' };

// What decides how the entries are bundled, as far as it exists.
const recipe = ['images/operator/bundle.ts', 'package.json', 'package-lock.json', 'tsconfig.json'];

// Some dependencies are CommonJS inside: they expect these three names, which a module does not have.
const commonJsNames = `import { createRequire as pitcrewRequire } from 'node:module';
const require = pitcrewRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;`;

/**
 * Bundles the operator and the command line: for each a file to run, and beside them the chunks with all that they
 * import, so that what is loaded late is read late, and what both need is there once. The same sources give the same
 * bytes. Says what went in.
 */
export async function bundle(options: BundleOptions = {}): Promise<Metafile> {
  const root = options.root ?? repository;
  const outFolder = options.outFolder ?? join(root, 'dist');
  const missing = Object.values(entries).filter((entry) => !existsSync(join(root, entry)));
  if (missing.length > 0) throw new Error(`cannot bundle: ${missing.join(' and ')} missing in ${root}`);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: outFolder,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    // Not minified: it would start no faster, and a trace would quote a line of a hundred thousand characters. Shorter
    // names would even have to be set right again at every start, since messages carry those of classes.
    // Licence texts are collected from the list of inputs instead of being left between the lines.
    legalComments: 'none',
    metafile: true,
    banner: { js: commonJsNames },
    logLevel: 'warning',
  });
  await removeOldChunks(join(outFolder, 'chunks'), metafile);
  // Outside the repository nothing else says that these files are modules.
  await writeFile(join(outFolder, 'package.json'), '{"type":"module"}\n');
  await Promise.all(Object.keys(entries).map((name) => chmod(join(outFolder, `${name}.js`), 0o755)));
  await recordBundle(root, outFolder, [
    ...Object.keys(metafile.inputs),
    ...Object.keys(metafile.outputs),
    ...recipe.filter((file) => existsSync(join(root, file))),
  ]);
  return metafile;
}

/** A chunk's name changes with its content, so those of older bundles would stay for ever. */
async function removeOldChunks(folder: string, { outputs }: Metafile): Promise<void> {
  const current = new Set(Object.keys(outputs).map((output) => basename(output)));
  const old = (await readdir(folder)).filter((file) => !current.has(file));
  await Promise.all(old.map((file) => rm(join(folder, file))));
}

/** Bundles unless the last bundle, and all that it was made of, is still the same. */
export async function bundleUnlessUnchanged(): Promise<void> {
  if (!(await isBundleCurrent(repository, join(repository, 'dist')))) await bundle();
}

if (process.argv[1] === import.meta.filename) {
  bundle().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
