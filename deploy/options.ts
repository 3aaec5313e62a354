import type { Labels } from './manifest.ts';

/** What may differ between installations. */
export interface InstallOptions {
  readonly image: string;
  /** Names of Secrets with which the image is pulled. Default: none. */
  readonly imagePullSecrets?: readonly { readonly name: string }[] | Placeholder | undefined;
  /** One works; more stand by, and one of them goes on when it is gone. 0 has the operator stopped. */
  readonly replicas: number | Placeholder;
  readonly logLevel: string;
  readonly resources: Resources;
  /** Size of Node's old heap space, a number of MiB; the rest of the limit is for what lies outside of it. */
  readonly heapMiB: string;
  readonly nodeSelector?: Readonly<Record<string, string>> | Placeholder | undefined;
  readonly tolerations?: readonly object[] | Placeholder | undefined;
  /**
   * What the operator watches, with commas between. Left out: all namespaces. No empty text: the API server forgets it,
   * and then takes the same text from somebody else for a conflict.
   */
  readonly watchNamespaces?: string | undefined;
  /** Added to the labels of every object, not to those of the operator's pod. */
  readonly labels?: Labels | undefined;
}

/** Stands in a chart for a value that is no text: deploy/chart/template.ts makes a template of it. */
export type Placeholder = `{{ ${string} }}`;

/** Quantities as Kubernetes writes them. No limit of CPU: it would only make the operator late. */
export interface Resources {
  readonly requests: { readonly cpu: string; readonly memory: string };
  readonly limits: { readonly memory: string };
}

const MEMORY_LIMIT_MIB = 256;
/** Hundredths of the memory limit that Node's old heap space may take. */
export const HEAP_PERCENT = 60;

/** An installation that watches all namespaces. */
export const DEFAULTS = {
  image: 'localhost/pitcrew:dev',
  replicas: 1,
  logLevel: 'info',
  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: `${MEMORY_LIMIT_MIB}Mi` } },
  heapMiB: String(Math.floor((HEAP_PERCENT * MEMORY_LIMIT_MIB) / 100)),
} as const satisfies InstallOptions;
