import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DesiredObject } from '../../charts/object.ts';
import { yamlOf } from '../../crds/yaml.ts';

/**
 * Writes a Helm chart that makes these very objects with its own values, as somebody would write it who lets users
 * tune what a profile lets them tune: each number, size and image is a value, resources are a block of values, names
 * and the namespace come from the release, and each object can be switched off. There are no helpers, no loops and no
 * dependencies, which would cost Helm more than what is here.
 */
export function writeChart(folder: string, release: string, objects: readonly DesiredObject[]): void {
  mkdirSync(join(folder, 'templates'), { recursive: true });
  const values: Record<string, unknown> = {};
  for (const object of objects) {
    const id = `${object.kind}-${object.metadata.name}`.replaceAll(/-+(.)/g, (_, next: string) => next.toUpperCase());
    const template = new Template(id, release);
    writeFileSync(join(folder, 'templates', `${id}.yaml`), template.textOf(object));
    values[id] = { isEnabled: true, ...template.values };
  }
  writeFileSync(join(folder, 'values.yaml'), yamlOf(values));
  writeFileSync(join(folder, 'Chart.yaml'), yamlOf({ apiVersion: 'v2', name: 'stack', version: '0.1.0' }));
}

type Path = readonly string[];

/** A number, or a size or share of a CPU as Kubernetes writes it. */
const QUANTITY = /^\d+(?:\.\d+)?(?:m|[KMGT]i?)?$/;
/** A line of a configuration file that sets something to what begins with a number. */
const SETTING = /^(\s*)(\w+)( = '?| +)(\d+)(?=\w*'?;?$)/gm;

/** The text of one object with expressions in it, and the values that they read. */
class Template {
  readonly values: Record<string, unknown> = {};
  readonly #id: string;
  readonly #release: string;
  readonly #expressions: string[] = [];

  constructor(id: string, release: string) {
    this.#id = id;
    this.#release = release;
  }

  /** YAML is written with marks, which become expressions afterwards: no quoting gets in their way. */
  textOf(object: DesiredObject): string {
    const expressionAt = (index: string) => this.#expressions[Number(index)] ?? '';
    const body = yamlOf(this.#node(object, []))
      .replaceAll('{{', '{{ "{{" }}')
      .replaceAll(/^([ -]*)(resources: )§(\d+)§$/gm, (_, indent: string, name: string, index: string) => {
        return `${indent}${name}{{- ${expressionAt(index)} | nindent ${indent.length + 2} }}`;
      })
      .replaceAll(/§(\d+)§/g, (_, index: string) => `{{ ${expressionAt(index)} }}`);
    return `{{- if .Values.${this.#id}.isEnabled }}\n${body}{{- end }}\n`;
  }

  #node(node: unknown, path: Path): unknown {
    const key = path.at(-1);
    if (key === 'namespace') return this.#mark('.Release.Namespace');
    if (key === 'resources') return this.#mark(`toYaml ${this.#valueAt(path, node)}`);
    if (typeof node === 'number') return this.#mark(`${this.#valueAt(path, node)} | int64`);
    if (typeof node === 'string') return this.#string(node, path);
    if (Array.isArray(node)) return node.map((each, index) => this.#node(each, [...path, String(index)]));
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(Object.entries(node).map(([name, each]) => [name, this.#node(each, [...path, name])]));
  }

  #string(text: string, path: Path): string {
    const isValue = path.at(-1) === 'image' || QUANTITY.test(text);
    if (isValue) return this.#mark(`${this.#valueAt(path, text)} | quote`);
    const isFile = path[0] === 'data';
    return (isFile ? this.#settings(text, path) : text).replaceAll(
      `${this.#release}-`,
      () => `${this.#mark('.Release.Name')}-`,
    );
  }

  #settings(text: string, path: Path): string {
    return text.replaceAll(SETTING, (_, indent: string, name: string, sign: string, value: string, at: number) => {
      const number = this.#valueAt([...path, name, String(at)], Number(value));
      return `${indent}${name}${sign}${this.#mark(`${number} | int64`)}`;
    });
  }

  #mark(expression: string): string {
    return `§${this.#expressions.push(expression) - 1}§`;
  }

  #valueAt(path: Path, value: unknown): string {
    const name = path.join('_').replaceAll(/\W/g, '_');
    this.values[name] = value;
    return `.Values.${this.#id}.${name}`;
  }
}
