import type { k8s } from 'cdk8s-plus-28';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import type { Finding } from '../../charts/findings.ts';
import type { DesiredObject } from '../../charts/object.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';
import { type Profile, parseProfile } from '../../crds/performance-profile.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { smallProfile } from '../support/profiles.ts';

/** What the operator makes of a profile for its database: the mounted files and the pod. */
export interface RenderedDatabase {
  readonly files: Readonly<Record<string, string>>;
  readonly configHash: string;
  readonly pod: PodTemplate;
  readonly findings: readonly Finding[];
  readonly profile: Profile;
  readonly synthesis: Synthesis;
}

/** The part of a pod that a container runtime and a kubelet act upon, as it is sent to the API server. */
export interface PodTemplate {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
    readonly volumes: readonly Volume[];
    readonly containers: readonly Container[];
  };
}

export type Volume = k8s.Volume;

export interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly volumeMounts: ReadonlyArray<{
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }>;
  readonly readinessProbe: { readonly exec: { readonly command: readonly string[] } };
}

export type KnobValues = Readonly<Record<string, unknown>>;

const NAME = 'shop';

/** The database of a small profile on this major, with knobs set by their paths. */
export function renderDatabase(major: number, knobs: KnobValues = {}): RenderedDatabase {
  const spec = structuredClone(smallProfile(NAME, NAME).spec) as unknown as Record<string, unknown>;
  for (const [path, value] of Object.entries({ 'postgres.image': `postgres:${major}`, ...knobs }))
    put(spec, path, value);
  const parsed = parseProfile({ apiVersion: API_VERSION, kind: KIND, metadata: { name: NAME, namespace: NAME }, spec });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  const synthesis = synthesize(parsed.profile, DEFAULT_FACTS);
  const { objects, findings, configHashes } = synthesis;
  const find = (kind: string, name: string) =>
    objects.find(({ object }) => object.kind === kind && object.metadata.name === name)?.object as DesiredObject;
  const { template } = find('StatefulSet', `${NAME}-postgres`).spec as { template: PodTemplate };
  return {
    files: find('ConfigMap', `${NAME}-postgres-config`).data as Record<string, string>,
    configHash: configHashes.postgres ?? '',
    pod: template,
    findings,
    profile: parsed.profile,
    synthesis,
  };
}

function put(node: Record<string, unknown>, path: string, value: unknown): void {
  const [head = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    node[head] = value;
    return;
  }
  node[head] ??= {};
  put(node[head] as Record<string, unknown>, rest.join('.'), value);
}
