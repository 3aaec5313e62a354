import { customResourceDefinition } from '../crd.ts';
import { reference } from '../reference.ts';
import { yamlOf } from '../yaml.ts';

/** Every file that follows from the schema, and its text. */
export const GENERATED: ReadonlyArray<{ readonly file: string; readonly text: () => string }> = [
  {
    file: 'crds/generated/performanceprofiles.yaml',
    text: () => `# Generated from crds/ by \`make generate\`. Do not edit.\n${yamlOf(customResourceDefinition())}`,
  },
  { file: 'docs/reference.md', text: reference },
];
