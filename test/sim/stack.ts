import { createHash } from 'node:crypto';
import type { Facts } from '../../charts/facts.ts';
import { CONFIG_HASH, labelsOf, ROLE_LABEL, selectorOf, type Tier } from '../../charts/kit/labels.ts';
import { configName, migrateName, tierName, uploadsName } from '../../charts/kit/names.ts';
import type { DesiredObject } from '../../charts/object.ts';
import { postgresManaged } from '../../charts/stack.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Placed, Stage, Synthesis } from '../../synth/synthesis.ts';
import { UNKNOWN_FIELD } from './server/validation.ts';

/**
 * A small stack in place of the real one, which would take most of a schedule's time: an object or two of each stage, of each way a change
 * takes effect, and of each kind that has rules of its own. What the operator does with it is all real.
 */
export function synthesizeSmall(profile: Profile, facts: Facts): Synthesis {
  const key = JSON.stringify([profile.metadata.namespace, profile.metadata.name, profile.spec]);
  const rendering = known.get(key) ?? rendered(profile);
  known.set(key, rendering);
  return { ...rendering, findings: [], effective: [], facts, connections: undefined };
}

type Rendering = Pick<Synthesis, 'objects' | 'configHashes' | 'requires'>;

/** There are some hundreds of profiles in all schedules: each is rendered once. */
const known = new Map<string, Rendering>();

function rendered(profile: Profile): Rendering {
  const { image, migrate } = profile.spec.backend;
  if (image === IMAGES.throws) throw new Error('planted: this profile cannot be rendered');
  const hash = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 10);
  const isManaged = postgresManaged(profile.spec);
  const configHashes = {
    edge: hash(profile.spec.edge),
    backend: hash(profile.spec.backend.workers),
    ...(isManaged ? { postgres: hash(profile.spec.postgres) } : {}),
  };
  const place = (stage: Stage, object: DesiredObject): Placed => ({ stage, object });
  const objects: Placed[] = [
    place('foundation', configMap(profile, 'edge', configHashes.edge)),
    ...(isManaged ? [place('foundation', configMap(profile, 'postgres', configHashes.postgres ?? ''))] : []),
    place('foundation', claim(profile)),
    place('foundation', service(profile, 'edge')),
    ...(isManaged ? [place('database', workload(profile, 'StatefulSet', 'postgres', 'postgres:17'))] : []),
    ...(migrate === undefined ? [] : [place('migration', migration(profile, hash([image, migrate])))]),
    place('serving', workload(profile, 'Deployment', 'backend', image, configHashes.backend)),
    place('serving', workload(profile, 'Deployment', 'edge', 'nginx:1')),
    ...(profile.spec.frontend === undefined
      ? []
      : [place('serving', workload(profile, 'Deployment', 'frontend', profile.spec.frontend.image))]),
  ];
  return { objects, configHashes, requires: [] };
}

/** Images of the backend that stand for something. */
export const IMAGES = {
  /** Synthesis throws. */
  throws: 'shop/throws:1',
  /** The API server refuses the Deployment. */
  rejected: 'shop/rejected:1',
} as const;

function metadataOf(profile: Profile, tier: Tier, name: string, annotations?: Record<string, string>) {
  const { name: owner, namespace = 'default' } = profile.metadata;
  const noted = annotations === undefined ? {} : { annotations };
  return { name, namespace, labels: labelsOf(owner, tier), ...noted };
}

const configMap = (profile: Profile, tier: 'edge' | 'postgres', hash: string): DesiredObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: metadataOf(profile, tier, configName(profile.metadata.name, tier), { [CONFIG_HASH]: hash }),
  data: { 'main.conf': JSON.stringify(profile.spec[tier]) },
});

const claim = (profile: Profile): DesiredObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: metadataOf(profile, 'backend', uploadsName(profile.metadata.name)),
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

const service = (profile: Profile, tier: Tier): DesiredObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadataOf(profile, tier, tierName(profile.metadata.name, tier)),
  spec: { selector: selectorOf(profile.metadata.name, tier), ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
});

function templateOf(labels: Record<string, string>, image: string, hash?: string) {
  const annotations = hash === undefined ? {} : { annotations: { [CONFIG_HASH]: hash } };
  return { metadata: { labels, ...annotations }, spec: { containers: [{ name: 'main', image }] } };
}

function workload(
  profile: Profile,
  kind: 'Deployment' | 'StatefulSet',
  tier: Tier,
  image: string,
  hash?: string,
): DesiredObject {
  const { name } = profile.metadata;
  const matchLabels = selectorOf(name, tier);
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: metadataOf(profile, tier, tierName(name, tier)),
    spec: { replicas: 1, selector: { matchLabels }, template: templateOf(matchLabels, image, hash) },
    ...(image === IMAGES.rejected ? { [UNKNOWN_FIELD]: true } : {}),
  };
}

function migration(profile: Profile, hash: string): DesiredObject {
  const { name } = profile.metadata;
  const metadata = metadataOf(profile, 'backend', migrateName(name, hash));
  const labels = { ...metadata.labels, [ROLE_LABEL]: 'migrate' };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, labels },
    spec: { template: templateOf(labels, profile.spec.backend.image) },
  };
}
