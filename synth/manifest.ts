import { parseAllDocuments } from 'yaml';
import type { DesiredObject } from '../charts/object.ts';
import { yamlOf } from '../crds/yaml.ts';

/** YAML text of objects, one document each. The one place where objects become text, so that every door prints the same bytes. */
export function manifestOf(objects: readonly DesiredObject[]): string {
  return objects.map((object) => `---\n${yamlOf(object)}`).join('');
}

/** All documents of a YAML text, empty ones left out. Throws with line and column on broken YAML. */
export function parseManifest(text: string): unknown[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors ?? [];
    if (error !== undefined) throw error;
    const value: unknown = document.toJS();
    return value === null || value === undefined ? [] : [value];
  });
}
