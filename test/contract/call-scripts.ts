import type { Cluster, KubeObject, WritableObject } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import type { Transport } from '../../controller/cluster/transport.ts';
import { LEASE_NAME, leaseAt } from '../../controller/leader/lease.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';

/** Somebody who plays scripts to a server, a real one or a simulated one, and takes down what it answers. */
export interface Player {
  readonly cluster: Cluster;
  readonly transport: Transport;
  readonly namespace: string;
  /** Takes down an answer, or how a call failed. */
  readonly tell: (what: string, call: Promise<unknown>) => Promise<unknown>;
  /** Waits until it is so. */
  readonly until: (what: string, check: () => Promise<boolean>) => Promise<void>;
  /** Types and names of what a watch tells until it has told so many, from a version on. */
  readonly watch: (query: Readonly<Record<string, string>>, lines: number) => Promise<unknown>;
}

type Script = (player: Player) => Promise<void>;
type Loose = WritableObject & { readonly [field: string]: unknown };

const configMap = ({ namespace }: Player, name: string, data: object = { a: '1' }, metadata: object = {}): Loose => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, ...metadata },
  data,
});

const refOf = ({ namespace }: Player, name: string) => ({ namespace, name });
const OTHER_UID = '11111111-1111-4111-8111-111111111111';

const uidOf = async ({ cluster, namespace }: Player, kind: Kind, name: string): Promise<string> =>
  (await cluster.get(kind, { namespace, name }))?.metadata.uid ?? '';

const isThere = async ({ cluster, namespace }: Player, name: string): Promise<boolean> =>
  (await cluster.get('ConfigMap', { namespace, name })) !== undefined;

const ownership: Script = async (player) => {
  const { cluster, tell } = player;
  const edit = (data: object, manager = 'somebody') =>
    player.transport.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${player.namespace}/configmaps/owned`,
      query: { fieldManager: manager },
      body: { data },
      contentType: 'application/merge-patch+json',
    });
  await tell('new', cluster.apply(configMap(player, 'owned')));
  await tell('again', cluster.apply(configMap(player, 'owned')));
  await tell('more', cluster.apply(configMap(player, 'owned', { a: '1', b: '2' }, { labels: { x: 'y' } })));
  await tell('less', cluster.apply(configMap(player, 'owned')));
  await tell('edited', edit({ a: '9', foreign: 'yes' }));
  await tell('conflict', cluster.apply(configMap(player, 'owned'), { force: false }));
  await tell('forced', cluster.apply(configMap(player, 'owned')));
  await tell('removed', edit({ a: null }));
  await tell('back', cluster.apply(configMap(player, 'owned')));
  await tell('same from another', cluster.apply(configMap(player, 'owned'), { fieldManager: 'copycat' }));
  await tell('dropped, still held by the other', cluster.apply(configMap(player, 'owned', { b: '2' })));
  await tell('taken by force', cluster.apply(configMap(player, 'owned', { b: '7' }), { fieldManager: 'copycat' }));
};

const preconditions: Script = async (player) => {
  const { cluster, tell } = player;
  await tell('created', cluster.create(configMap(player, 'once')));
  await tell('exists', cluster.create(configMap(player, 'once')));
  await tell('applied only where none is', cluster.apply(configMap(player, 'once'), { onlyIfAbsent: true }));
  await tell('none is', cluster.apply(configMap(player, 'fresh'), { onlyIfAbsent: true }));
  const ref = refOf(player, 'once');
  await tell('namesake patched', cluster.patch('ConfigMap', ref, { metadata: { uid: OTHER_UID, labels: { x: 'y' } } }));
  const uid = await uidOf(player, 'ConfigMap', 'once');
  await tell('patched', cluster.patch('ConfigMap', ref, { metadata: { uid, labels: { x: 'y' } } }));
  await tell('patched again', cluster.patch('ConfigMap', ref, { metadata: { uid, labels: { x: 'y' } } }));
  await tell('namesake applied', cluster.apply(configMap(player, 'once', {}, { uid: OTHER_UID })));
  await tell('namesake deleted', cluster.delete('ConfigMap', ref, { uid: OTHER_UID }));
  await tell('deleted', cluster.delete('ConfigMap', ref, { uid }));
  await tell('absent', cluster.delete('ConfigMap', ref, { uid }));
  await tell('patched when absent', cluster.patch('ConfigMap', ref, { metadata: { labels: {} } }));
  await tell('read when absent', cluster.get('ConfigMap', ref));
};

const refusals: Script = async (player) => {
  const { cluster, tell, namespace } = player;
  const nowhere = { ...configMap(player, 'lost'), metadata: { name: 'lost', namespace: 'no-such-namespace' } };
  await tell('created nowhere', cluster.create(nowhere));
  await tell('applied nowhere', cluster.apply(nowhere));
  await tell('unknown field', cluster.apply({ ...configMap(player, 'odd'), notInTheSchema: true } as Loose));
  await tell('not stored', cluster.get('ConfigMap', refOf(player, 'odd')));
  const metadata = { name: 'revision', namespace };
  const revision = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata, data: { spec: '{}' }, revision: 1 };
  await tell('revision', cluster.create(revision));
  await tell('renumbered', cluster.patch('ControllerRevision', metadata, { revision: 2 }));
  await tell('changed', cluster.patch('ControllerRevision', metadata, { data: { spec: '[]' } }));
};

const finalizers: Script = async (player) => {
  const { cluster, tell } = player;
  const ref = refOf(player, 'held');
  await cluster.create(configMap(player, 'held', {}, { finalizers: ['example.com/hold'] }));
  const uid = await uidOf(player, 'ConfigMap', 'held');
  await tell('delete', cluster.delete('ConfigMap', ref, { uid }));
  await tell('still there', cluster.get('ConfigMap', ref));
  await tell('let go', cluster.patch('ConfigMap', ref, { metadata: { finalizers: null } }));
  await tell('gone', cluster.get('ConfigMap', ref));
};

const status: Script = async (player) => {
  const { cluster, tell, namespace } = player;
  const metadata = { name: 'web', namespace };
  const spec = { defaultBackend: { service: { name: 'web', port: { number: 80 } } } };
  const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata };
  const told = { ...ingress, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
  const options = { subresource: 'status', fieldManager: 'pitcrew-status' } as const;
  await tell('of nothing', cluster.apply(told, options));
  await tell('spec', cluster.apply({ ...ingress, spec } as Loose));
  await tell('status', cluster.apply(told, options));
  await tell('status again', cluster.apply(told, options));
  await tell('spec again', cluster.apply({ ...ingress, spec } as Loose));
  await tell('another spec', cluster.patch('Ingress', metadata, { spec: { ingressClassName: 'other' } }));
};

const profile: Script = async (player) => {
  const { cluster, tell, namespace } = player;
  const metadata = { name: 'shop', namespace };
  const postgres = { mode: 'External', connectionSecretName: 'database' };
  // One that the admission policy of an installation, if there is one, has nothing to say of.
  const edge = { hosts: ['shop.example'], service: { externalTrafficPolicy: 'Local' } };
  const spec = { edge, backend: { image: 'shop/backend:1' }, postgres };
  const profileOf = (change: object) => ({ apiVersion: API_VERSION, kind: KIND, metadata, ...change }) as Loose;
  const statusOf = (uid: string, resourceVersion?: string) =>
    profileOf({ metadata: { ...metadata, uid, resourceVersion }, status: { observedGeneration: 1 } });
  const versionOf = async () => (await cluster.get(KIND, metadata))?.metadata.resourceVersion;
  const options = { subresource: 'status', fieldManager: 'pitcrew-status' } as const;
  await tell('made', cluster.apply(profileOf({ spec }), { fieldManager: 'person' }));
  const uid = await uidOf(player, KIND, 'shop');
  await tell('status', cluster.apply(statusOf(uid), options));
  await tell('status again', cluster.apply(statusOf(uid), options));
  const version = await versionOf();
  await tell('status at this version', cluster.apply(statusOf(uid, version), options));
  await tell('annotated', cluster.patch(KIND, metadata, { metadata: { annotations: { note: 'hello' } } }));
  await tell('status at an earlier version', cluster.apply(statusOf(uid, version), options));
  await tell('edited', cluster.patch(KIND, metadata, { spec: { backend: { image: 'shop/backend:2' } } }));
  await cluster.delete(KIND, metadata, { uid });
  await tell('status of what is gone', cluster.apply(statusOf(uid), options));
  await cluster.apply(profileOf({ spec }), { fieldManager: 'person' });
  await tell('status of the one before', cluster.apply(statusOf(uid), options));
  await tell('status of the one before at its version', cluster.apply(statusOf(uid, version), options));
};

const lease: Script = async (player) => {
  const { transport, tell, namespace, cluster } = player;
  const store = leaseAt(transport, { namespace, name: LEASE_NAME });
  const call = { deadlineMs: 5_000 };
  const spec = { holderIdentity: 'a', leaseDurationSeconds: 15 };
  await tell('none', store.read(call));
  const first = await store.write(undefined, spec, call);
  await tell('first', Promise.resolve(first));
  await tell('second of the name', store.write(undefined, spec, call));
  await tell('renewed', store.write(first, { ...spec, leaseTransitions: 1 }, call));
  await tell('too late', store.write(first, { ...spec, holderIdentity: 'b' }, call));
  const last = await store.read(call);
  await cluster.delete('Lease', refOf(player, LEASE_NAME), { uid: await uidOf(player, 'Lease', LEASE_NAME) });
  await tell('gone', store.write(last, spec, call));
};

const secret: Script = async (player) => {
  const { cluster, tell, namespace } = player;
  const metadata = { name: 'secret', namespace };
  const stringData = { username: 'a', password: 'b' };
  await tell(
    'created',
    cluster.create({ apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', stringData } as Loose),
  );
  await tell('read', cluster.get('Secret', metadata));
};

const lists: Script = async (player) => {
  const { cluster, tell, transport, namespace } = player;
  const labels = { listed: 'yes' };
  for (const name of ['l3', 'l1', 'l5', 'l2', 'l4']) await cluster.create(configMap(player, name, {}, { labels }));
  const namesOf = (items: readonly KubeObject[]) => items.map(({ metadata }) => metadata.name);
  const pages: unknown[] = [];
  const options = { namespace, labelSelector: 'listed=yes', pageSize: 2 };
  for await (const { items, resourceVersion } of cluster.pages('ConfigMap', options)) {
    pages.push({ names: namesOf(items), resourceVersion });
    if (pages.length === 1) await cluster.create(configMap(player, 'l6', {}, { labels }));
  }
  await tell('pages', Promise.resolve(pages));
  const { items, resourceVersion } = await cluster.list('ConfigMap', { namespace, labelSelector: 'listed=yes' });
  await tell('all', Promise.resolve(namesOf(items)));
  await cluster.delete('ConfigMap', refOf(player, 'l1'), { uid: await uidOf(player, 'ConfigMap', 'l1') });
  const query = { labelSelector: 'listed=yes', resourceVersion, resourceVersionMatch: 'Exact' };
  const { body } = await transport.request({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    query,
  });
  await tell('as it was', Promise.resolve(namesOf((body as { items: KubeObject[] }).items)));
};

const watches: Script = async (player) => {
  const { cluster, tell, namespace } = player;
  const labels = { watched: 'yes' };
  const ref = refOf(player, 'seen');
  const { resourceVersion } = await cluster.list('ConfigMap', { namespace, labelSelector: 'watched=yes' });
  await tell('made', cluster.apply(configMap(player, 'seen', { a: '1' }, { labels })));
  await tell('changed', cluster.apply(configMap(player, 'seen', { a: '2' }, { labels })));
  await tell('not changed', cluster.apply(configMap(player, 'seen', { a: '2' }, { labels })));
  await tell('unlabelled', cluster.patch('ConfigMap', ref, { metadata: { labels: { watched: null } } }));
  await cluster.patch('ConfigMap', ref, { data: { a: '3' } });
  await tell('labelled', cluster.patch('ConfigMap', ref, { metadata: { labels } }));
  await cluster.delete('ConfigMap', ref, { uid: await uidOf(player, 'ConfigMap', 'seen') });
  await tell('told', player.watch({ labelSelector: 'watched=yes', resourceVersion }, 5));
};

const garbage: Script = async (player) => {
  const { cluster, tell, until, namespace } = player;
  for (const propagation of ['Background', 'Foreground', 'Orphan'] as const) {
    const [owner, owned] = [`owner-${propagation.toLowerCase()}`, `owned-${propagation.toLowerCase()}`];
    await cluster.create(configMap(player, owner));
    const uid = await uidOf(player, 'ConfigMap', owner);
    const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid, blockOwnerDeletion: true };
    await cluster.create(configMap(player, owned, {}, { ownerReferences: [reference] }));
    await cluster.delete('ConfigMap', { namespace, name: owner }, { uid, propagation });
    await until(`${owner} to go`, async () => !(await isThere(player, owner)));
    if (propagation !== 'Orphan') await until(`${owned} to go`, async () => !(await isThere(player, owned)));
    await tell(propagation, cluster.get('ConfigMap', { namespace, name: owned }));
  }
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: OTHER_UID };
  await cluster.create(configMap(player, 'owned-by-nobody', {}, { ownerReferences: [reference] }));
  await until('what nobody owns to go', async () => !(await isThere(player, 'owned-by-nobody')));
};

const namespaceEnd: Script = async (player) => {
  const { cluster, tell, until } = player;
  const namespace = `${player.namespace}-end`;
  const named = (name: string, metadata: object = {}) =>
    configMap({ ...player, namespace }, name, { a: '1' }, metadata);
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await cluster.create(named('last', { finalizers: ['example.com/hold'] }));
  const { uid } = (await cluster.get('Namespace', { name: namespace }))?.metadata ?? { uid: '' };
  await cluster.delete('Namespace', { name: namespace }, { uid });
  await tell('created', cluster.create(named('late')));
  await tell('applied', cluster.apply(named('late')));
  const { object } = await cluster.patch('ConfigMap', { namespace, name: 'last' }, { data: { b: '1' } });
  await tell('patched', Promise.resolve(object.data));
  await cluster.patch('ConfigMap', { namespace, name: 'last' }, { metadata: { finalizers: null } });
  await until('the namespace to go', async () => (await cluster.get('Namespace', { name: namespace })) === undefined);
};

/** Every kind of call that the operator makes, in the ways in which it goes well and badly. */
export const SCRIPTS: ReadonlyArray<readonly [string, Script]> = [
  ['ownership of fields', ownership],
  ['preconditions', preconditions],
  ['refusals', refusals],
  ['finalizers', finalizers],
  ['a status', status],
  ['a profile', profile],
  ['a Lease', lease],
  ['a Secret', secret],
  ['lists', lists],
  ['watches', watches],
  ['garbage collection', garbage],
  ['the end of a namespace', namespaceEnd],
];
