import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { customResourceDefinition } from '../crd.ts';

/** Writes what is generated from the schema. A test fails when the committed files differ. */
const crd = new URL('../generated/performanceprofiles.yaml', import.meta.url);
writeFileSync(
  crd,
  `# Generated from crds/ by \`make generate\`. Do not edit.\n${stringify(customResourceDefinition(), { lineWidth: 0, aliasDuplicateObjects: false })}`,
);
