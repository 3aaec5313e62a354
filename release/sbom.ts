import { createHash } from 'node:crypto';
import type { BundledPackage } from './packages.ts';

/** What the bill of materials is about. */
export interface Subject {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of each file of the bundle, by its path in it. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Bill of materials in CycloneDX 1.6. The same bundle gives the same bytes: the serial number follows from the content,
 * and there is no time in it.
 */
export function billOfMaterials(subject: Subject, packages: readonly BundledPackage[]): object {
  const root = `pkg:npm/${subject.name}@${subject.version}`;
  const components = packages.map(componentOf);
  const body = {
    metadata: {
      component: {
        type: 'application',
        'bom-ref': root,
        name: subject.name,
        version: subject.version,
        purl: root,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        components: Object.entries(subject.files).map(([path, sha256]) => ({
          type: 'file',
          'bom-ref': `file:${path}`,
          name: path,
          hashes: [{ alg: 'SHA-256', content: sha256 }],
        })),
      },
    },
    components,
    dependencies: [{ ref: root, dependsOn: components.map((component) => component['bom-ref']) }],
  };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf(JSON.stringify(body)),
    version: 1,
    ...body,
  };
}

function componentOf({ name, version, licence }: BundledPackage) {
  // In a package URL the @ of a scope is written in percent.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    licenses: [/\s/.test(licence) ? { expression: licence } : { license: { id: licence } }],
  };
}

/** A UUID of version 8, which RFC 9562 leaves to the maker, of the content. */
function serialOf(content: string): string {
  const hex = createHash('sha256').update(content).digest('hex').slice(0, 32).split('');
  hex[12] = '8';
  hex[16] = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  const text = hex.join('');
  return `urn:uuid:${[text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-')}`;
}
