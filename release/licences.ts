import type { BundledPackage } from './packages.ts';

/** Licences under which a package may be bundled: permissive, and compatible with Apache-2.0. */
const ALLOWED: ReadonlySet<string> = new Set([
  'Apache-2.0',
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
  'BlueOak-1.0.0',
  'PSF-2.0',
  'Python-2.0',
]);

/** Packages whose licence is not allowed, each with it: `left-pad 1.0.0 (WTFPL)`. */
export const objectionable = (packages: readonly BundledPackage[]): string[] =>
  packages
    .filter(({ licence }) => !ALLOWED.has(licence))
    .map(({ name, version, licence }) => `${name} ${version} (${licence})`);

/** The text that must travel with the bundle: every package in it, its licence, and the licence's words. */
export function licencesText(packages: readonly BundledPackage[]): string {
  const list = packages.map(({ name, version, licence }) => `- ${name} ${version}: ${licence}`);
  const sections = packages.map(({ name, version, licence, texts }) => {
    const words = texts.length > 0 ? texts.join('\n\n') : `The package carries no text of its licence, ${licence}.`;
    return `${'='.repeat(80)}\n${name} ${version} (${licence})\n\n${words}\n`;
  });
  return `Packages in the bundles of pitcrew, and their licences. Written by \`make licences\`.\n\n${list.join('\n')}\n\n${sections.join('\n')}`;
}
