import { isSecret } from '../secrets.ts';
import { wordsOf } from '../shell-words.ts';
import { parseDotenv } from './dotenv.ts';
import { missingIn } from './interpolate.ts';
import { type ComposeReading, mapOf, pairsOf } from './read.ts';

/** A service of a compose file in one form, whichever of its many syntaxes was used. */

export type Raw = Readonly<Record<string, unknown>>;

/** A variable of a container. */
export interface Variable {
  readonly name: string;
  /** Undefined: the files do not say it. */
  readonly value: string | undefined;
  /** Where it stands: `services.api.environment`. */
  readonly from: string;
}

export interface Mount {
  /** Undefined for a volume without a name, and for a tmpfs. */
  readonly source: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
  /** A folder or file of the host, not a volume. */
  readonly isBind: boolean;
}

/** A number of the resources, and where it stands. */
export interface Amount {
  readonly text: string;
  readonly from: string;
}

export interface Service {
  readonly name: string;
  readonly image: string | undefined;
  readonly isBuilt: boolean;
  /** As the container gets them; undefined: those of the image. */
  readonly command: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly environment: readonly Variable[];
  /** Ports in the container that the file names. */
  readonly ports: readonly number[];
  readonly mounts: readonly Mount[];
  readonly dependsOn: readonly string[];
  readonly limits: { readonly cpu?: Amount; readonly memory?: Amount };
  readonly requests: { readonly cpu?: Amount; readonly memory?: Amount };
  readonly replicas: Amount | undefined;
  readonly healthcheck: readonly string[];
  readonly user: string | undefined;
  readonly labels: Raw;
  /** Every key that stands there. */
  readonly keys: readonly string[];
}

export function serviceOf(name: string, raw: Raw, reading: ComposeReading): Service {
  return {
    name,
    image: textOf(raw.image),
    isBuilt: raw.build !== undefined,
    command: commandOf(raw.command),
    entrypoint: commandOf(raw.entrypoint),
    environment: environmentOf(name, raw, reading),
    ports: [...listOf(raw.ports), ...listOf(raw.expose)].flatMap(portOf),
    mounts: [...listOf(raw.volumes).flatMap(mountOf), ...textsOf(raw.tmpfs).map(tmpfsOf)],
    dependsOn: Array.isArray(raw.depends_on) ? raw.depends_on.map(String) : Object.keys(mapOf(raw.depends_on)),
    ...resourcesOf(name, raw),
    replicas: replicasOf(name, raw),
    healthcheck: healthcheckOf(raw.healthcheck),
    user: textOf(raw.user),
    labels: { ...pairsOf(mapOf(raw.deploy).labels), ...pairsOf(raw.labels) },
    keys: Object.keys(raw),
  };
}

const textOf = (node: unknown): string | undefined =>
  typeof node === 'string' || typeof node === 'number' ? String(node) : undefined;
const listOf = (node: unknown): readonly unknown[] => (Array.isArray(node) ? node : []);
const textsOf = (node: unknown): string[] => (typeof node === 'string' ? [node] : listOf(node).map(String));

function commandOf(node: unknown): string[] | undefined {
  if (Array.isArray(node)) return node.map(String);
  return typeof node === 'string' ? wordsOf(node) : undefined;
}

function healthcheckOf(node: unknown): string[] {
  const { test } = mapOf(node);
  return Array.isArray(test) ? test.map(String) : typeof test === 'string' ? ['CMD-SHELL', test] : [];
}

/** What stands under `environment` wins over what stands in the files of `env_file`. */
function environmentOf(name: string, raw: Raw, reading: ComposeReading): Variable[] {
  const own = Object.entries(pairsOf(raw.environment)).map(([key, value]): Variable => {
    const text = value === null || value === undefined ? reading.lookup(key) : String(value);
    return { name: key, value: text, from: `services.${name}.environment` };
  });
  const all = new Map([...fromFiles(name, raw, reading), ...own].map((variable) => [variable.name, variable]));
  for (const { name: key, value } of all.values()) {
    if (value !== undefined && missingIn(value).length === 0 && isSecret(key, value)) reading.vault.add(value);
  }
  return [...all.values()];
}

function fromFiles(name: string, raw: Raw, reading: ComposeReading): Variable[] {
  const files = typeof raw.env_file === 'string' ? [raw.env_file] : listOf(raw.env_file);
  return files.flatMap((item) => {
    const path = typeof item === 'string' ? item : String(mapOf(item).path ?? '');
    const file = reading.beside(path);
    if (file === undefined) {
      reading.missing(`services.${name}.env_file`, path);
      return [];
    }
    return [...parseDotenv(file.text)].map(([key, value]) => ({
      name: key,
      value: value ?? reading.lookup(key),
      from: file.name,
    }));
  });
}

/** `80:8080`, `127.0.0.1:80:8080/tcp`, `8080`, or the long form: the port in the container. */
function portOf(node: unknown): number[] {
  const text = node !== null && typeof node === 'object' ? String(mapOf(node).target) : String(node);
  const match = /(?:^|:)([0-9]+)(?:\/\w+)?$/.exec(text);
  return match === null ? [] : [Number(match[1])];
}

function mountOf(node: unknown): Mount[] {
  if (typeof node !== 'string') {
    const { source, target, read_only: readOnly, type } = mapOf(node);
    if (typeof target !== 'string') return [];
    return [{ source: textOf(source), target, readOnly: readOnly === true, isBind: type === 'bind' }];
  }
  const [first = '', second, mode = ''] = node.split(':');
  if (second === undefined) return [{ source: undefined, target: first, readOnly: false, isBind: false }];
  return [{ source: first, target: second, readOnly: mode.split(',').includes('ro'), isBind: /^[./~]/.test(first) }];
}

const tmpfsOf = (text: string): Mount => ({
  source: undefined,
  target: text.split(':')[0] ?? '',
  readOnly: false,
  isBind: false,
});

/** `deploy.resources` wins over the keys of the second format. */
function resourcesOf(name: string, raw: Raw): Pick<Service, 'limits' | 'requests'> {
  const at = `services.${name}`;
  const { limits, reservations } = mapOf(mapOf(raw.deploy).resources);
  const below = (node: unknown, group: string, key: string) =>
    amountOf(mapOf(node)[key], `${at}.deploy.resources.${group}.${key}`);
  const pair = (cpu: Amount | undefined, memory: Amount | undefined) => ({
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  });
  return {
    limits: pair(
      below(limits, 'limits', 'cpus') ?? amountOf(raw.cpus, `${at}.cpus`),
      below(limits, 'limits', 'memory') ?? amountOf(raw.mem_limit, `${at}.mem_limit`),
    ),
    requests: pair(
      below(reservations, 'reservations', 'cpus'),
      below(reservations, 'reservations', 'memory') ?? amountOf(raw.mem_reservation, `${at}.mem_reservation`),
    ),
  };
}

function amountOf(node: unknown, from: string): Amount | undefined {
  const text = textOf(node);
  return text === undefined ? undefined : { text, from };
}

const replicasOf = (name: string, raw: Raw): Amount | undefined =>
  amountOf(mapOf(raw.deploy).replicas, `services.${name}.deploy.replicas`) ??
  amountOf(raw.scale, `services.${name}.scale`);
