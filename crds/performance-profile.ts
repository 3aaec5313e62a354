import * as z from 'zod';
import { SUSPEND } from './annotations.ts';
import { duplicatesIn } from './duplicates.ts';
import { objectName, withCel } from './fields.ts';
import { API_VERSION, KIND } from './group.ts';
import { knob } from './knob.ts';
import type { Status } from './status.ts';
import { backendSchema } from './tiers/backend.ts';
import { edgeSchema } from './tiers/edge.ts';
import { frontendSchema, uploadsSchema } from './tiers/frontend.ts';
import { postgresSchema } from './tiers/postgres.ts';

/** The spec of a PerformanceProfile: what a user may say. Nothing is ever defaulted into it (D5). */

const objective = z
  .strictObject({
    requestsPerSecond: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('Requests per second that the site shall carry.'),
    concurrentUsers: z.int().min(1).max(1_000_000).optional().describe('Users who are active at the same time.'),
    p95Milliseconds: z
      .int()
      .min(1)
      .max(600_000)
      .optional()
      .describe('Time within which 95 of 100 answers shall come. Unit: milliseconds.'),
    cacheHitPercent: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe('Share of cacheable requests that the cache shall answer. Unit: percent.'),
  })
  .describe('What the site shall achieve. Recorded and compared with what is measured; changes nothing by itself.');

const policy = withCel(
  z.strictObject({
    acknowledge: z
      .array(
        z
          .string()
          .min(3)
          .max(20)
          .regex(/^[A-Z]+-[0-9]{2}$/),
      )
      .max(50)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Ids of findings of severity Error that are accepted, for example [INV-05].'),
    reason: z.string().min(3).max(1024).optional().describe('Why they are accepted.'),
  }),
  {
    rule: '!has(self.acknowledge) || size(self.acknowledge) == 0 || has(self.reason)',
    message: 'an acknowledgement needs a reason: set spec.policy.reason',
  },
  (value) => (value.acknowledge?.length ?? 0) === 0 || value.reason !== undefined,
).describe('What the operator shall tolerate.');

export const specSchema = withCel(
  z.strictObject({
    requestDeadlineSeconds: knob(z.int().min(1).max(600), {
      target: { file: 'nginx.conf', key: 'proxy_read_timeout' },
      change: 'reload',
      description:
        'Time after which nginx gives up on a request. The ladder of timeouts below it follows from it: waiting for a connection, statement, graceful stop. Those of the backend are replaced with its pods, unless they are set; crossing a full minute replaces the pods of edge and frontend too, whose time to end follows it.',
      unit: 'seconds',
      default: 45,
      source: 'BE-03, INV-07',
    }),
    cpuLimitPolicy: knob(z.enum(['Limit', 'None']), {
      target: { file: 'manifest', key: 'resources.limits.cpu' },
      change: 'rolling',
      description:
        'Whether edge, backend and frontend get a CPU limit. None leaves it away, so that they use what the node has to spare and are never throttled; their requests still share the node fairly. The database keeps its limit.',
      default: 'Limit',
      source: 'guide, table of resource limits; RES-02',
    }),
    objective: objective.optional(),
    edge: edgeSchema,
    backend: backendSchema,
    frontend: frontendSchema.optional(),
    uploads: uploadsSchema.optional(),
    postgres: postgresSchema,
    imagePullSecrets: z
      .array(objectName())
      .max(10)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional()
      .describe('Names of Secrets with the credentials of private image registries.'),
    policy: policy.optional(),
    suspend: z
      .boolean()
      .optional()
      .describe(
        `While true, the operator changes nothing; what runs keeps running. Annotation ${SUSPEND} does the same.`,
      ),
  }),
  {
    rule: '!has(self.uploads) || !has(self.backend.writablePaths) || !self.backend.writablePaths.exists(p, p == self.uploads.backendPath)',
    message: 'uploads.backendPath is a volume of its own: remove it from backend.writablePaths',
  },
  (spec) => spec.uploads === undefined || !(spec.backend.writablePaths ?? []).includes(spec.uploads.backendPath),
).describe('How a web stack shall perform.');

export type Spec = z.output<typeof specSchema>;

/** Names of children are built from the profile's name, so it must leave them room and be a DNS label. */
export const NAME_RULE = {
  rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 40",
  message:
    'metadata.name must be a DNS label that starts with a letter, of at most 40 characters: Services are named after it',
};

/** The metadata of a profile that synthesis and the operator use. */
export interface ProfileMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A profile that passed the schema and every rule that needs only the object. */
export interface Profile {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: ProfileMetadata;
  readonly spec: Spec;
  readonly status?: Status;
}

/** One refusal: the field, and what is wrong with it. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Checks raw JSON as the API server does (schema and rules). Never throws. */
export function parseProfile(raw: unknown): { profile: Profile } | { issues: Issue[] } {
  const envelope = envelopeSchema.safeParse(raw);
  if (!envelope.success) return { issues: issuesOf(envelope.error.issues) };
  const { metadata, spec } = envelope.data;
  const duplicates = duplicatesIn(specSchema, spec, ['spec']);
  if (duplicates.length > 0) return { issues: issuesOf(duplicates) };
  const status = (raw as { status?: Status }).status;
  return {
    profile: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { ...metadata, namespace: metadata.namespace ?? 'default' } as ProfileMetadata,
      spec,
      ...(status === undefined ? {} : { status }),
    },
  };
}

const envelopeSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  metadata: z.looseObject({
    name: z
      .string()
      .max(40, NAME_RULE.message)
      .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, NAME_RULE.message),
    namespace: z.string().optional(),
  }),
  spec: specSchema,
});

function issuesOf(found: ReadonlyArray<{ readonly path: readonly PropertyKey[]; readonly message: string }>): Issue[] {
  return found.map((issue) => ({
    path: issue.path
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
      .join('')
      .replace(/^\./, ''),
    message: issue.message,
  }));
}
