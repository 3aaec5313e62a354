import { PROFILE_LABEL } from '../../charts/kit/labels.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import { CREDENTIALS, stamp } from '../../controller/reconcile/desired.ts';
import { childOf, refOf } from '../../controller/reconcile/digest.ts';
import { APPLIED_KINDS } from '../../controller/reconcile/kinds.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { type Place, SHOP } from './site.ts';

/** `Kind/name` and the hash of what was sent, in the order of the alphabet. */
export type Inventory = readonly string[];

/** What a place should hold for its profile: the offline rendering for the facts that the status records. */
export async function desiredOf(place: Place): Promise<Inventory> {
  const profile = await place.profile();
  const { namespace } = place.server;
  const { facts } = profile.status as Status;
  const owner = { name: SHOP, namespace, uid: profile.metadata.uid };
  const backend = await place.server.cluster.get('Deployment', { namespace, name: `${SHOP}-backend` });
  const template = backend?.spec as { template: { metadata: { annotations?: Record<string, string> } } } | undefined;
  const credentials = template?.template.metadata.annotations?.[CREDENTIALS];
  return synthesize(profile as unknown as Profile, facts as never)
    .objects.map((placed) => stamp(placed, owner, credentials))
    .filter(({ kind }) => isApplied(kind))
    .map(({ ref, desired }) => `${ref} ${desired} of ${owner.uid}`)
    .sort();
}

/** What it does hold of its profile, whoever made it. */
export async function ownedOf(place: Place): Promise<Inventory> {
  return (await belongings(place))
    .map(childOf)
    .map(({ ref, desiredHash, owner }) => `${ref} ${desiredHash} of ${owner?.uid}`)
    .sort();
}

/** Everything of the kinds that the operator applies that carries the profile's label. */
export async function belongings({ server }: Place): Promise<KubeObject[]> {
  const selector = { namespace: server.namespace, labelSelector: `${PROFILE_LABEL}=${SHOP}` };
  const lists = await Promise.all(APPLIED_KINDS.map((kind) => server.cluster.list(kind, selector)));
  return lists.flatMap(({ items }) => items);
}

const isApplied = (kind: string): boolean => APPLIED_KINDS.some((one) => one === kind);

/** Objects of somebody else in the same namespace, one of them with our manager's label. */
export async function settleStrangers({ server }: Place): Promise<() => Promise<string[]>> {
  const { cluster, namespace } = server;
  const strangers: readonly [Kind, string, Record<string, string>][] = [
    ['ConfigMap', 'settings', {}],
    ['ConfigMap', 'neighbour-edge-config', { 'app.kubernetes.io/managed-by': 'pitcrew', [PROFILE_LABEL]: 'neighbour' }],
    ['ServiceAccount', 'neighbour', { 'app.kubernetes.io/managed-by': 'pitcrew' }],
  ];
  const versions: string[] = [];
  for (const [kind, name, labels] of strangers) {
    const object = { apiVersion: 'v1', kind, metadata: { name, namespace, labels } };
    const { metadata } = (await cluster.create(object)).object;
    versions.push(`${refOf(kind, name)} ${metadata.uid} ${metadata.resourceVersion}`);
  }
  /** Those that are no longer as they were. */
  return async () => {
    const now = await Promise.all(strangers.map(([kind, name]) => cluster.get(kind, { namespace, name })));
    const left = now.map(
      (object) =>
        object &&
        `${refOf(object.kind, object.metadata.name)} ${object.metadata.uid} ${object.metadata.resourceVersion}`,
    );
    return versions.filter((version) => !left.includes(version));
  };
}
