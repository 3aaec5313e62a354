import { yamlOf } from '../../crds/yaml.ts';
import type { Manifest } from '../manifest.ts';
import type { Placeholder } from '../options.ts';

/**
 * A manifest as a template of Helm. Text needs nothing done: where an option is `{{ .Values.logLevel }}`, so it stands in
 * the YAML, in quotes, and is a string when Helm has filled it in. Quotes inside must be backticks for that reason.
 * What is no text is marked by the two functions below.
 */

/** A number or a truth value. */
export const bare = (path: string): Placeholder => `{{ bare ${path} }}`;

/** Anything that may be empty; where it is, there is no field. */
export const optional = (expression: string): Placeholder => `{{ optional ${expression} }}`;

export function templateOf(manifest: Manifest): string {
  return yamlOf(manifest)
    .replaceAll(/^( *)(\w+): "\{\{ optional (.+) \}\}"$/gm, '$1{{- with $3 }}\n$1$2: {{ toJson . }}\n$1{{- end }}')
    .replaceAll(/"\{\{ bare (\S+) \}\}"/g, '{{ $1 }}');
}

/** Templates of objects, each of its own document. */
export const templatesOf = (manifests: readonly Manifest[]): string =>
  manifests.map((manifest) => `---\n${templateOf(manifest)}`).join('');
