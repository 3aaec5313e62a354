import { yamlOf } from '../crds/yaml.ts';
import { type InstallOptions, installManifests } from './operator.ts';

/** deploy/install.yaml: everything to install, in one file. Pure. */
export function renderInstall(options: InstallOptions): string {
  const documents = installManifests(options).map((manifest) => yamlOf(manifest));
  return `# Generated from deploy/operator.ts and crds/ by \`make generate\`. Do not edit.\n${documents.join('---\n')}`;
}
