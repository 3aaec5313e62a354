import type { Facts } from '../../../charts/facts.ts';
import { TIER_LABEL } from '../../../charts/kit/labels.ts';
import type { KubeObject } from '../../../controller/cluster/port.ts';
import { stamp } from '../../../controller/reconcile/desired.ts';
import { DESIRED_HASH, refOf } from '../../../controller/reconcile/digest.ts';
import { recordOf } from '../../../controller/reconcile/rendering.ts';
import { planRevision } from '../../../controller/reconcile/revision.ts';
import { API_VERSION, KIND } from '../../../crds/group.ts';
import { type Profile, parseProfile } from '../../../crds/performance-profile.ts';
import { STAGES } from '../../../synth/synthesis.ts';
import { synthesize } from '../../../synth/synthesize.ts';
import { VERSION } from '../../../synth/version.ts';
import { versions } from '../../cluster/programs/catalog.ts';

/** All profiles of the bench live here. */
export const NAMESPACE = 'bench';
export const CONNECTION_SECRET = 'database';

/** The one node that there seems to be: roomy, so that no number of profiles is too many. */
export const NODE = { name: 'bench', cpu: 64, memoryGiB: 512, pods: 10_000 } as const;

const facts: Facts = {
  kubernetesVersion: versions.kubernetes,
  allocatableCpuMillis: NODE.cpu * 1000,
  allocatableMemoryMiB: NODE.memoryGiB * 1024,
  nodeCount: 1,
};

/** What is edited, and the values that it goes to and fro between: nginx takes it over by a reload. */
export const BURSTS = [20, 40] as const;

/**
 * The stack of the guide without a database of its own: nothing then waits for a pod before it is applied, so all
 * objects of a profile come in two steps right after one another.
 */
export const manifestOf = (name: string, burst: number = BURSTS[0]) => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name, namespace: NAMESPACE },
  spec: {
    edge: {
      hosts: [`${name}.example`],
      cache: { api: { paths: ['/api/products'] } },
      rateLimit: { api: { burst } },
    },
    backend: { image: 'registry.example/backend:2.0' },
    frontend: { image: 'registry.example/frontend:2.0' },
    postgres: { mode: 'External', connectionSecretName: CONNECTION_SECRET },
  },
});

/** Has a known length, so that the texts of the templates are as long as the real ones. */
export const nameOf = (index: number): string => `shop-${String(index).padStart(4, '0')}`;

const PLACEHOLDER = { name: 'shop-name', namespace: NAMESPACE, uid: '00000000-0000-4000-8000-000000000000' };

/** An object that is applied, as a text with placeholders. Capital letters: Go reads it. */
interface Template {
  readonly Kind: string;
  readonly Suffix: string;
  readonly Tier: string | undefined;
  readonly Hash: string;
  readonly Text: string;
}

/** All that the twin knows of profiles. */
export interface Templates {
  readonly Name: string;
  readonly Namespace: string;
  readonly UID: string;
  readonly Variants: Readonly<Record<string, { readonly Stages: readonly (readonly Template[])[] }>>;
}

/** The very objects that the operator sends for the bench's profile, rendered by it once for both values of what is edited. */
export function templatesOf(): Templates {
  const { name: Name, namespace: Namespace, uid: UID } = PLACEHOLDER;
  const variants = BURSTS.map((burst) => [String(burst), { Stages: stagesOf(burst) }] as const);
  return { Name, Namespace, UID, Variants: Object.fromEntries(variants) };
}

function stagesOf(burst: number): Template[][] {
  const profile = profileOf(PLACEHOLDER.name, burst);
  const synthesis = synthesize(profile, facts);
  const record = recordOf(synthesis);
  const plan = { profile, owner: PLACEHOLDER, record, renderVersion: VERSION, recorded: 0 };
  const { step } = planRevision(plan, new Map());
  if (step.kind !== 'create') throw new Error('a first revision is made');
  const annotations = { [DESIRED_HASH]: record.digest };
  const object = { ...step.object, metadata: { ...step.object.metadata, annotations } };
  const revision = { Hash: record.digest, ...templateOf(object) };
  const stages = STAGES.map((stage) =>
    synthesis.objects
      .filter((placed) => placed.stage === stage)
      .map((placed) => stamp(placed, PLACEHOLDER))
      .map(({ object, desired }) => ({ Hash: desired, ...templateOf(object) })),
  );
  return [[revision], ...stages].filter((stage) => stage.length > 0);
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

const templateOf = (object: Named): Omit<Template, 'Hash'> => ({
  Kind: object.kind,
  Suffix: object.metadata.name.slice(PLACEHOLDER.name.length),
  Tier: object.metadata.labels?.[TIER_LABEL],
  Text: JSON.stringify(object),
});

function profileOf(name: string, burst: number): Profile {
  const parsed = parseProfile(manifestOf(name, burst) as unknown as KubeObject);
  if ('issues' in parsed) throw new Error(`the bench's profile: ${JSON.stringify(parsed.issues)}`);
  return parsed.profile;
}

/** A pod as its Deployment asks for it. */
export interface PodOf {
  readonly tier: string;
  readonly deployment: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly containers: readonly string[];
}

/** The pods of a profile, one a tier. */
export function podsOf(name: string): PodOf[] {
  const { objects } = synthesize(profileOf(name, BURSTS[0]), facts);
  return objects.flatMap(({ object }) => {
    if (object.kind !== 'Deployment') return [];
    const { template } = object.spec as {
      template: {
        metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
        spec: { containers: { name: string }[] };
      };
    };
    return [
      {
        tier: object.metadata.labels?.[TIER_LABEL] ?? '',
        deployment: object.metadata.name,
        labels: template.metadata.labels,
        annotations: template.metadata.annotations ?? {},
        containers: template.spec.containers.map((container) => container.name),
      },
    ];
  });
}

/** How many objects of each kind a profile has, its revision among them. */
export function objectCounts(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { Kind } of stagesOf(BURSTS[0]).flat()) counts.set(Kind, (counts.get(Kind) ?? 0) + 1);
  return counts;
}

/** Of the object whose repair is measured. */
export const edgeConfigRef = (name: string): string => refOf('ConfigMap', `${name}-edge-config`);
