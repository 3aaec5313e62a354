import type { KubeObject } from '../../../controller/cluster/port.ts';

/** Whether an object is meant. */
export type Selector = (object: KubeObject) => boolean;

/** What of a collection is asked for. */
export interface Selection {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | null | undefined;
  readonly fieldSelector?: string | null | undefined;
}

/** Namespace, label selectors `a=b` and `a`, field selectors `a.b=c` and `a.b!=c`, each joined by commas. */
export function selectorOf({ namespace, labelSelector, fieldSelector }: Selection): Selector {
  const tests: Selector[] = [
    ...(namespace === undefined ? [] : [(object: KubeObject) => object.metadata.namespace === namespace]),
    ...partsOf(labelSelector).map(labelTest),
    ...partsOf(fieldSelector).map(fieldTest),
  ];
  return (object) => tests.every((test) => test(object));
}

const partsOf = (selector: string | null | undefined): string[] => (selector ? selector.split(',') : []);

function labelTest(part: string): Selector {
  const [name = '', value] = part.split('=');
  return ({ metadata: { labels = {} } }) => (value === undefined ? labels[name] !== undefined : labels[name] === value);
}

function fieldTest(part: string): Selector {
  const [, path = '', operator, value = ''] = /^([^!=]+)(!?=)(.*)$/.exec(part) ?? [];
  const keys = path.split('.');
  return (object) => {
    const held = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
    return ((held ?? '') === value) === (operator === '=');
  };
}
