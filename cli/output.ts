import { yamlOf } from '../crds/yaml.ts';

/** Data for machines: `json`, else YAML. */
export function machineText(form: string, data: unknown): string {
  return form === 'json' ? `${JSON.stringify(data, null, 2)}\n` : yamlOf(data);
}
