import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TIERS } from '../../charts/kit/labels.ts';
import { GROUP, KIND } from '../../crds/group.ts';
import { yamlOf } from '../../crds/yaml.ts';

/**
 * What Argo CD has to know of our kind. The scripts lie in the folder that upstream takes as it is, with their tests;
 * an Argo CD that does not bring them gets the same ones by its ConfigMap.
 */

/** The folder that has the form of upstream's, and ours in it. */
export const CUSTOMIZATIONS = 'resource_customizations';
export const OUR_FOLDER = `${CUSTOMIZATIONS}/${GROUP}/${KIND}`;

const source = join(import.meta.dirname, OUR_FOLDER);

/** deploy/argocd/argocd-cm.yaml: a patch of Argo CD's own ConfigMap. */
export function argocdPatch(): string {
  const patch = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm' }, data: settings() };
  return `# Generated from resource_customizations/ beside it by \`make generate\`. Do not edit.\n${yamlOf(patch)}`;
}

function settings(): Record<string, string> {
  const of = (what: string) => `resource.customizations.${what}.${GROUP}_${KIND}`;
  return {
    [of('health')]: script('health.lua'),
    [of('actions')]: yamlOf({ 'discovery.lua': script('actions/discovery.lua'), definitions: definitions() }),
    [of('knownTypeFields')]: yamlOf(TIERS.map(resourcesOf)),
  };
}

function definitions(): object[] {
  const folders = readdirSync(join(source, 'actions'), { withFileTypes: true });
  const names = folders.filter((entry) => entry.isDirectory() && entry.name !== 'testdata').map(({ name }) => name);
  return names.sort().map((name) => ({ name, 'action.lua': script(`actions/${name}/action.lua`) }));
}

/** So that `1000m` in Git and `1` in the cluster are the same CPU. */
const resourcesOf = (tier: string) => ({ field: `spec.${tier}.resources`, type: 'core/v1/ResourceRequirements' });

const script = (path: string): string => readFileSync(join(source, path), 'utf8');
