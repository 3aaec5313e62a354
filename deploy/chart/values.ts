import * as z from 'zod';
import { yamlOf } from '../../crds/yaml.ts';
import { DEFAULTS } from '../options.ts';

/** What whoever installs the chart may choose: one schema, from which values.yaml and values.schema.json are made. */

const [REPOSITORY = '', TAG = ''] = DEFAULTS.image.split(/:(?=[^:]*$)/);
const { requests, limits } = DEFAULTS.resources;

const quantity = z.string().regex(/^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?$/);

const image = z.strictObject({
  repository: z.string().min(1).default(REPOSITORY).describe('Where the image of the operator is.'),
  tag: z
    .string()
    .regex(/^\w[\w.-]{0,127}$/)
    .default(TAG)
    .describe('Tag of the image, where no digest is given.'),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/)
    .default('')
    .describe('Digest of the image, as sha256:…; takes the place of the tag.'),
});

const resources = z.strictObject({
  requests: z.strictObject({ cpu: quantity.default(requests.cpu), memory: quantity.default(requests.memory) }),
  limits: z.strictObject({
    memory: z
      .string()
      .regex(/^[1-9][0-9]{2,}Mi$/)
      .default(limits.memory)
      .describe('In Mi, at least 100Mi: the heap of Node is made to fit into it.'),
  }),
});

const metrics = z.strictObject({
  service: z.boolean().default(false).describe('A Service pitcrew-metrics, to which the network lets all pods.'),
  serviceMonitor: z
    .boolean()
    .default(false)
    .describe('With the Service, a ServiceMonitor for the Prometheus Operator, which must be there.'),
});

export const VALUES = z.strictObject({
  image,
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .default([])
    .describe('Secrets of pitcrew-system with which the image is pulled: [{name: registry}].'),
  replicas: z
    .int()
    .min(0)
    .max(3)
    .default(DEFAULTS.replicas)
    .describe(
      'One works; with 2 or 3 the others stand by and take over within 17 s. 0 stops it; stacks go on without it.',
    ),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default(DEFAULTS.logLevel).describe('What is logged.'),
  watchNamespaces: z
    .array(
      z
        .string()
        .max(63)
        .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
    )
    .default([])
    .meta({ uniqueItems: true })
    .describe(
      'Namespaces with profiles. They must exist; each gets a Role, and the operator has no rights elsewhere. Empty: all namespaces, by a ClusterRole.',
    ),
  readNodes: z
    .boolean()
    .default(true)
    .describe(
      'With watchNamespaces: whether the operator may read nodes. Without, it assumes what they offer, and says so in the status.',
    ),
  metrics: metrics.describe('What is made for those who collect metrics; /metrics is served in any case.'),
  resources: resources.describe('What the operator requests, and the memory that it may take.'),
  nodeSelector: z
    .record(z.string(), z.string())
    .default({})
    .describe('Labels of the nodes on which the operator may run.'),
  tolerations: z.array(z.looseObject({})).default([]).describe('Taints that the operator tolerates.'),
});

interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** A chart that is part of another one is handed `global` by Helm. */
function schema(): JsonSchema {
  const { properties, ...rest } = z.toJSONSchema(VALUES, { io: 'input' }) as JsonSchema;
  return { ...rest, properties: { ...properties, global: { type: 'object' } as JsonSchema } };
}

/** values.schema.json. */
export const valuesSchema = (): string => `${JSON.stringify(schema(), undefined, 2)}\n`;

/** values.yaml: each value with its default, and above it what it means. */
export function valuesYaml(): string {
  const { properties = {} } = z.toJSONSchema(VALUES, { io: 'input' }) as JsonSchema;
  return linesOf(properties, '').join('\n').concat('\n');
}

function linesOf(properties: Readonly<Record<string, JsonSchema>>, indent: string): string[] {
  return Object.entries(properties).flatMap(([name, { description, properties: inner, default: value }]) => {
    const comment = wrapped(description ?? '').map((line) => `${indent}# ${line}`);
    const rest = inner === undefined ? [`${indent}${yamlOf({ [name]: value }).trimEnd()}`] : [`${indent}${name}:`];
    return [...comment, ...rest, ...linesOf(inner ?? {}, `${indent}  `)];
  });
}

/** Lines of at most 100 letters. */
const wrapped = (text: string): string[] => text.match(/\S.{0,98}\S(?= |$)/g) ?? [];
