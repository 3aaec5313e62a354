import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package of which at least one file is in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as the package says it. */
  readonly licence: string;
  /** The licence's text and notices, as they come with the package. */
  readonly texts: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** Innermost folder of a package in the path of one of its files: `node_modules/a/node_modules/@b/c`. */
const PACKAGE_FOLDER = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/;

/**
 * The packages of a bundle, by what went into it and not by what is installed, sorted by name and version. Throws for
 * a package without a name, a version or a licence.
 */
export function bundledPackages(root: string, inputs: readonly string[]): BundledPackage[] {
  const folders = new Set(inputs.flatMap((input) => PACKAGE_FOLDER.exec(input) ?? []));
  const packages = [...folders].map((folder) => packageIn(join(root, folder)));
  const byName = new Map(packages.map((found) => [`${found.name}@${found.version}`, found]));
  return [...byName.values()].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

/** By code units: the order is the same in every locale. */
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function packageIn(folder: string): BundledPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  if (!name || !version || !license) throw new Error(`${folder}/package.json has no name, version or license`);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = files.sort(compare).map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return { name, version, licence: license, texts };
}
