import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WritableObject } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import type { Operator } from '../../controller/reconcile/operator.ts';
import { REQUESTED_AT } from '../../crds/annotations.ts';
import type { Status } from '../../crds/status.ts';
import { installManifests } from '../../deploy/install.ts';
import type { Manifest } from '../../deploy/manifest.ts';
import { OPERATOR_NAMESPACE } from '../../deploy/names.ts';
import { givenCluster } from '../cluster/given.ts';
import { denialsSince } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';
import { install, PROFILE, useOperatorStage } from './operator-stage.ts';

/** What else is in the cluster: looked at with an edit, recorded, and no business of a stack that runs. */
const stage = useOperatorStage();
/** In one that somebody else runs there are pods of which nothing is known. */
const inOurOwnCluster = describe.skipIf(givenCluster() !== undefined);
const NODE = 'facts-node';
const ELSEWHERE = 'default';
const NARROW = 'pitcrew-narrow';

const edgeWith = (requestsPerSecond: number) => ({
  hosts: ['shop.example'],
  rateLimit: { api: { requestsPerSecond, burst: 20 } },
});
const specWith = (requestsPerSecond: number) => ({
  edge: edgeWith(requestsPerSecond),
  backend: { image: 'shop/backend:1', workers: 1, pool: { size: 5 } },
  postgres: { storage: { size: '1Gi' } },
});

/** The tests tell one story: each begins where the one before it ended. */
let operator: Operator;

const remove = async (kind: Kind, name: string, namespace?: string) => {
  const object = await stage.server.cluster.get(kind, { namespace, name });
  if (object === undefined) return;
  await stage.server.cluster.delete(kind, { namespace, name }, { uid: object.metadata.uid });
};
const create = (object: WritableObject & { readonly [field: string]: unknown }) => stage.server.cluster.create(object);

/** A pod of somebody else on the node; there is no kubelet, so it neither starts nor ends. */
const neighbour = (name: string, cpu: string) =>
  create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ELSEWHERE },
    spec: {
      nodeName: NODE,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'a', image: 'a', resources: { requests: { cpu, memory: '100Mi' } } }],
    },
  } as never);

const offer = (cpu: string) => {
  const allocatable = { cpu, memory: '16Gi', pods: '110' };
  const status = { allocatable, capacity: allocatable };
  return stage.server.cluster.patch('Node', { name: NODE }, { status }, { subresource: 'status' });
};

const settled = () => stage.waitCondition('Ready', { status: 'True' });
const factsOf = async (): Promise<Status['facts']> => (await stage.status()).facts;
const finding = async (id: string) => (await stage.status()).findings?.find((candidate) => candidate.id === id);

/** A pass from beginning to end: what is taken away of ours comes back, and all is well again. */
const aWholePass = async () => {
  const name = `${PROFILE}-backend`;
  await remove('Service', name, stage.server.namespace);
  await waitFor('the Service to be back', async () => (await stage.get('Service', name)) !== undefined, 10_000);
  return settled();
};

beforeAll(async () => {
  // Of the tests before this one pods may still be on their way out, and all of them would count.
  await waitFor('a cluster without pods', async () => (await stage.server.cluster.list('Pod')).items.length === 0);
  // Cordoned, so that no pod of ours goes where no kubelet would ever let it end.
  await create({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE }, spec: { unschedulable: true } });
  await offer('4');
  await create({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'facts', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'example.org/disks',
  } as never);
});
afterAll(async () => {
  await operator?.stop();
  for (const name of ['neighbour', 'later', 'greedy']) await remove('Pod', name, ELSEWHERE);
  await remove('StorageClass', 'facts');
  await remove('Node', NODE);
});

inOurOwnCluster('what else is in the cluster', () => {
  it('is recorded with the first look', async () => {
    await neighbour('neighbour', '310m');
    operator = await stage.start();
    await stage.apply(specWith(10));
    await settled();
    const dns = await stage.server.cluster.get('Service', { namespace: 'kube-system', name: 'kube-dns' });
    expect(await factsOf()).toEqual({
      kubernetesVersion: expect.stringMatching(/^1\.\d+\.\d+$/),
      allocatableCpuMillis: 4000,
      allocatableMemoryMiB: 16_384,
      nodeCount: 1,
      otherCpuMillis: 350,
      otherMemoryMiB: 128,
      defaultStorageProvisioner: 'example.org/disks',
      ...(dns === undefined ? {} : { clusterDnsAddress: (dns.spec as { clusterIP: string }).clusterIP }),
    });
  });

  it('changes nothing while nobody edits the profile: not in a pass, not by a restart, not with a write', async () => {
    const before = await factsOf();
    await neighbour('later', '500m');
    await aWholePass();
    expect(await factsOf()).toEqual(before);
    await operator.stop();
    const since = new Date();
    operator = await stage.start();
    await sleep(3_000);
    expect(stage.writes(since)).toEqual([]);
  });

  it('is looked at anew with an edit, our own pods left out', async () => {
    await stage.apply(specWith(20));
    await settled();
    expect(await factsOf()).toMatchObject({ otherCpuMillis: 850, otherMemoryMiB: 256 });
  });
});

inOurOwnCluster('an edit that does not fit beside the others', () => {
  it('is refused with the numbers, and what runs keeps running', async () => {
    await neighbour('greedy', '3');
    await stage.apply(specWith(30));
    const { message } = await stage.waitCondition('Valid', { status: 'False', reason: 'FindingsUnacknowledged' });
    expect(message).toMatch(/^INV-14 .*other pods 3850m: \d+m of 4000m that can be allocated/);
    const ready = await stage.waitCondition('Ready', { status: 'False' });
    expect(ready.message).toContain('What ran before keeps running: edge 1/1, backend 1/1');
    const reconciling = await stage.waitCondition('Reconciling', { status: 'False' });
    expect(reconciling.message).toContain('until there is room');
  });

  it('is taken by itself when there is room', async () => {
    await remove('Pod', 'greedy', ELSEWHERE);
    await waitFor('room', async () => (await stage.waitCondition('Valid', { status: 'True' })) !== undefined, 100_000);
    await settled();
    expect(await factsOf()).toMatchObject({ otherCpuMillis: 850 });
    expect(await finding('INV-14')).toBeUndefined();
  });
});

inOurOwnCluster('a request to look again', () => {
  /** Its answer, and what was true when it was given. */
  const request = async (name: string): Promise<Status> => {
    const at = { namespace: stage.server.namespace, name: PROFILE };
    await stage.server.cluster.patch('PerformanceProfile', at, { metadata: { annotations: { [REQUESTED_AT]: name } } });
    return waitFor(`the answer to ${name}`, async () => {
      const status = await stage.status();
      return status.lastHandledRequest === name && status;
    });
  };
  const valid = ({ conditions }: Status) => conditions?.find(({ type }) => type === 'Valid')?.status;

  it('records what is there now, and refuses nothing that was admitted', async () => {
    await neighbour('greedy', '3');
    const status = await request('again');
    expect(status.facts).toMatchObject({ otherCpuMillis: 3850 });
    expect(valid(status)).toBe('True');
    expect(await finding('INV-14')).toMatchObject({ severity: 'Warning' });
  });

  it('lets in what waits for room as soon as there is some', async () => {
    await stage.apply(specWith(35));
    await stage.waitCondition('Valid', { status: 'False', reason: 'FindingsUnacknowledged' });
    await remove('Pod', 'greedy', ELSEWHERE);
    expect(valid(await request('room'))).toBe('True');
    await settled();
    expect(await factsOf()).toMatchObject({ otherCpuMillis: 850 });
  });
});

inOurOwnCluster('a node that shrinks', () => {
  it('refuses nothing that was admitted, and is said', async () => {
    await offer('1');
    await waitFor('the finding', async () => (await finding('INV-14')) !== undefined);
    expect(await finding('INV-14')).toMatchObject({
      severity: 'Warning',
      message: expect.stringContaining('This came up after the profile had been admitted'),
    });
    const { message } = await stage.waitCondition('Valid', { status: 'True', reason: 'Accepted' });
    expect(message).toMatch(/^admitted with findings: .*INV-14/);
    expect(await factsOf()).toMatchObject({ allocatableCpuMillis: 1000, otherCpuMillis: 850 });
    await aWholePass();
  });

  it('refuses the next edit, until there is room again', async () => {
    await stage.apply(specWith(40));
    const { message } = await stage.waitCondition('Valid', { status: 'False', reason: 'FindingsUnacknowledged' });
    expect(message).toMatch(/^INV-14 .* of 1000m that can be allocated/);
    expect(await finding('INV-14')).toMatchObject({ severity: 'Error' });
    await offer('4');
    await settled();
    expect(await finding('INV-14')).toBeUndefined();
  });
});

/** The rights of an operator that may see its namespace and the nodes, and nothing else. */
function narrowRights(namespace: string): Manifest[] {
  const role = installManifests().find(({ kind }) => kind === 'ClusterRole');
  const group = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'ServiceAccount', name: NARROW, namespace: OPERATOR_NAMESPACE }];
  const nodes = [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }];
  const rights = (kind: 'Role' | 'ClusterRole', rules: unknown, place: object): Manifest[] => [
    { apiVersion: `${group}/v1`, kind, metadata: { name: NARROW, ...place }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: `${kind}Binding`,
      metadata: { name: NARROW, ...place },
      roleRef: { apiGroup: group, kind, name: NARROW },
      subjects,
    },
  ];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NARROW, namespace: OPERATOR_NAMESPACE } },
    ...rights('Role', role?.rules, { namespace }),
    ...rights('ClusterRole', nodes, {}),
  ];
}

inOurOwnCluster('an operator that may see its own namespace only', () => {
  it('goes on without the facts that it may not read, and does not ask again and again', async () => {
    await operator.stop();
    for (const manifest of narrowRights(stage.server.namespace)) await install(stage.server, manifest);
    const since = new Date();
    operator = await stage.start({ serviceAccount: NARROW });
    await stage.apply(specWith(50));
    await settled();
    const facts = await factsOf();
    expect(facts).toMatchObject({ allocatableCpuMillis: 4000, nodeCount: 1 });
    expect(Object.keys(facts ?? {})).toHaveLength(4);
    await aWholePass();
    const user = `system:serviceaccount:${OPERATOR_NAMESPACE}:${NARROW}`;
    expect(denialsSince(stage.server.real.auditLog ?? '', since, user).sort()).toEqual([
      'get services in kube-system',
      'list pods in all',
      'list storageclasses in all',
    ]);
  });
});
