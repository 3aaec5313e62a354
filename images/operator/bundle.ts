import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { areInputsUnchanged, recordInputs } from './bundle-inputs.ts';

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

/** Bundles the operator and the command line, each into one file with all that it imports; says what went in. */
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
    minify: true,
    keepNames: true,
    // Licence texts are collected from the list of inputs instead of being left between the lines.
    legalComments: 'none',
    metafile: true,
    banner: { js: `#!/usr/bin/env node\n${commonJsNames}` },
    logLevel: 'warning',
  });
  // Outside the repository nothing else says that these files are modules.
  await writeFile(join(outFolder, 'package.json'), '{"type":"module"}\n');
  await Promise.all(Object.keys(entries).map((name) => chmod(join(outFolder, `${name}.js`), 0o755)));
  await recordInputs(root, outFolder, [
    ...Object.keys(metafile.inputs),
    ...recipe.filter((file) => existsSync(join(root, file))),
  ]);
  return metafile;
}

/** Bundles unless all that the last bundle was made of is still the same. */
export async function bundleUnlessUnchanged(): Promise<void> {
  const outFolder = join(repository, 'dist');
  const complete = Object.keys(entries).every((name) => existsSync(join(outFolder, `${name}.js`)));
  if (!complete || !(await areInputsUnchanged(repository, outFolder))) await bundle();
}

if (process.argv[1] === import.meta.filename) {
  bundle().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
