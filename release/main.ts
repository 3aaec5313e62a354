import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { bundle } from '../images/operator/bundle.ts';
import { VERSION } from '../synth/version.ts';
import { licencesText, objectionable } from './licences.ts';
import { type BundledPackage, bundledPackages } from './packages.ts';
import { billOfMaterials } from './sbom.ts';

const repository = join(import.meta.dirname, '..');
/** Committed, since it must travel with the bundle; a test compares it with what is bundled. */
export const LICENCES_FILE = 'THIRD_PARTY_LICENSES.txt';

/** What a release is made of, besides its files. */
export interface ReleaseRecords {
  readonly packages: readonly BundledPackage[];
  readonly licences: string;
  readonly sbom: object;
}

/** Bundles into a folder and says what went in. Throws for a licence that is not allowed. */
export async function releaseRecords(outFolder: string): Promise<ReleaseRecords> {
  const { inputs, outputs } = await bundle({ outFolder });
  const packages = bundledPackages(repository, Object.keys(inputs));
  const wrong = objectionable(packages);
  if (wrong.length > 0) throw new Error(`may not be bundled, for their licences: ${wrong.join(', ')}`);
  const hashes = Object.keys(outputs).map((output) => {
    const file = resolve(repository, output);
    return [relative(outFolder, file), createHash('sha256').update(readFileSync(file)).digest('hex')] as const;
  });
  const files = Object.fromEntries(hashes.sort(([a], [b]) => (a < b ? -1 : 1)));
  const sbom = billOfMaterials({ name: 'pitcrew', version: VERSION, files }, packages);
  return { packages, licences: licencesText(packages), sbom };
}

/** `make sbom`: the bundle, its licences, and its bill of materials in `dist`. */
async function main(): Promise<void> {
  const outFolder = join(repository, 'dist');
  const { packages, licences, sbom } = await releaseRecords(outFolder);
  writeFileSync(join(repository, LICENCES_FILE), licences);
  writeFileSync(join(outFolder, 'sbom.cdx.json'), `${JSON.stringify(sbom, undefined, 2)}\n`);
  process.stdout.write(`${packages.length} packages: ${LICENCES_FILE}, dist/sbom.cdx.json\n`);
}

if (process.argv[1] === import.meta.filename) await main();
