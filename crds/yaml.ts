import { stringify } from 'yaml';

/**
 * YAML text of a value, in one form for everything that is printed or committed. kubectl and the API server read
 * YAML 1.1, in which a bare `off`, `yes` or `1e3` is no string: such words are quoted.
 */
export function yamlOf(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
}
