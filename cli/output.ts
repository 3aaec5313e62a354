import { stringify } from 'yaml';

/** Data for machines: `json`, else YAML. */
export function machineText(form: string, data: unknown): string {
  return form === 'json'
    ? `${JSON.stringify(data, null, 2)}\n`
    : stringify(data, { lineWidth: 0, aliasDuplicateObjects: false });
}
