import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { REFRESH } from '../../charts/kit/labels.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import { secretValue } from '../../controller/reconcile/credentials.ts';
import type { Operator } from '../../controller/reconcile/operator.ts';
import { CERTIFICATE, KEY, OTHER_KEY } from '../../controller/reconcile/pair-fixture.ts';
import { waitFor } from '../support/kubectl.ts';
import { PROFILE, useOperatorStage } from './operator-stage.ts';

const stage = useOperatorStage('sim');

const spec = {
  edge: { hosts: ['shop.example'], cache: { api: { paths: ['/api/products'] } } },
  backend: { image: 'shop/backend:1', migrate: { command: ['python', 'seed_db.py'] }, workers: 2, pool: { size: 5 } },
  frontend: { image: 'shop/frontend:1' },
  uploads: { path: '/uploads/', backendPath: '/app/uploads', size: '1Gi' },
  postgres: { storage: { size: '1Gi' } },
};
const backendWith = (change: object) => ({ ...spec, backend: { ...spec.backend, ...change } });

/** The tests tell one story: each begins where the one before it ended. */
let operator: Operator;

const required = async (kind: Kind, name: string): Promise<KubeObject> => {
  const object = await stage.get(kind, name);
  if (object === undefined) throw new Error(`${kind} ${name} is not there`);
  return object;
};
const uidOf = async (kind: Kind, name: string) => (await required(kind, name)).metadata.uid;
const remove = async (kind: Kind, name: string) => {
  const { metadata } = await required(kind, name);
  await stage.server.cluster.delete(kind, metadata, { uid: metadata.uid });
  return metadata.uid;
};
const podNames = async (tier: string, profile = PROFILE) => {
  const labelSelector = `performance.bahamm.ir/profile=${profile},performance.bahamm.ir/tier=${tier}`;
  const { items } = await stage.server.cluster.list('Pod', { namespace: stage.server.namespace, labelSelector });
  return items.map(({ metadata }) => metadata.name);
};
const ready = () => stage.waitCondition('Ready', { status: 'True' });
const passwordOf = async (name: string) => secretValue(await required('Secret', name), 'password');

describe('from nothing', () => {
  it('becomes a running stack in the order of its stages', async () => {
    stage.puppet.hold('postgres');
    operator = await stage.start();
    await stage.apply(spec);
    await stage.waitCondition('Ready', { status: 'False', reason: 'AwaitingDatabase' });
    expect(await stage.get('Deployment', `${PROFILE}-backend`)).toBeUndefined();
    stage.puppet.release('postgres');
    const { message } = await ready();
    const tiers = 'edge 1/1, backend 1/1, frontend 1/1, postgres 1/1';
    expect(message).toBe(`revision 1: ${tiers}; configuration loaded everywhere`);
    const status = await stage.status();
    expect(status.migration?.state).toBe('Succeeded');
    expect(status.conditions?.map((condition) => `${condition.type}=${condition.status}`)).toEqual([
      'Ready=True',
      'Reconciling=False',
      'Stalled=False',
      'Valid=True',
      'ConfigInSync=True',
      'RestartPending=False',
    ]);
  });

  it('owns what it made, except what holds data', async () => {
    const { uid } = (await required('PerformanceProfile', PROFILE)).metadata;
    const owners = async (kind: Kind, name: string) =>
      (await required(kind, name)).metadata.ownerReferences?.map((owner) => `${owner.uid} ${owner.controller}`);
    expect(await owners('Deployment', `${PROFILE}-backend`)).toEqual([`${uid} true`]);
    expect(await owners('PersistentVolumeClaim', `${PROFILE}-backend-uploads`)).toBeUndefined();
    expect(await owners('Secret', `${PROFILE}-postgres-app`)).toBeUndefined();
  });

  it('writes nothing at rest', async () => {
    await sleep(2_000);
    const since = new Date();
    await sleep(8_000);
    expect(stage.writes(since)).toEqual([]);
  });

  it('writes nothing when the operator is started again', async () => {
    await operator.stop();
    const since = new Date();
    operator = await stage.start();
    await sleep(3_000);
    expect(stage.writes(since)).toEqual([]);
  });
});

describe('somebody else interferes', () => {
  it.each<[Kind, string]>([
    ['Deployment', `${PROFILE}-backend`],
    ['ConfigMap', `${PROFILE}-edge-config`],
    ['Service', `${PROFILE}-frontend`],
    ['NetworkPolicy', `${PROFILE}-postgres`],
  ])('makes a deleted %s again within 5 s', async (kind, name) => {
    const before = await remove(kind, name);
    await waitFor(`${name} to be back`, async () => (await uidOf(kind, name)) !== before, 5_000);
    await ready();
  });

  it('takes back what was changed, and leaves alone what is not ours', async () => {
    const at = { namespace: stage.server.namespace, name: `${PROFILE}-frontend` };
    const change = { metadata: { annotations: { note: 'mine' } }, spec: { replicas: 3 } };
    await stage.server.transport.request({
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/${at.namespace}/deployments/${at.name}`,
      query: { fieldManager: 'somebody' },
      body: change,
      contentType: 'application/merge-patch+json',
    });
    const spec = async () => (await required('Deployment', at.name)).spec as { replicas: number };
    await waitFor('one replica again', async () => (await spec()).replicas === 1, 5_000);
    expect((await required('Deployment', at.name)).metadata.annotations?.note).toBe('mine');
    await ready();
  });

  it('puts back the labels that make an object ours', async () => {
    const { metadata } = await required('Service', `${PROFILE}-edge`);
    const labels = { 'app.kubernetes.io/managed-by': null, 'performance.bahamm.ir/profile': null };
    await stage.server.cluster.patch('Service', metadata, { metadata: { labels } });
    await waitFor(
      'the label to be back',
      async () =>
        (await required('Service', metadata.name)).metadata.labels?.['app.kubernetes.io/managed-by'] === 'pitcrew',
      5_000,
    );
    expect(await uidOf('Service', metadata.name)).toBe(metadata.uid);
    await ready();
  });

  it('is not disturbed by a pod of somebody else that carries our labels', async () => {
    const { metadata } = await required('Deployment', `${PROFILE}-edge`);
    const { template } = (await required('Deployment', metadata.name)).spec as { template: KubeObject };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'stranger', namespace: stage.server.namespace } };
    const labels = { 'performance.bahamm.ir/profile': PROFILE, 'performance.bahamm.ir/tier': 'postgres' };
    // It never runs: were it ours, the stack would wait for it.
    stage.puppet.hold('stranger');
    await stage.server.cluster.create({ ...pod, metadata: { ...pod.metadata, labels }, spec: template.spec } as never);
    await sleep(1_500);
    await ready();
    expect((await required('Pod', 'stranger')).metadata.annotations?.[REFRESH]).toBeUndefined();
    await remove('Pod', 'stranger');
  });

  it('makes a deleted Secret of the database anew, and other pods of the backend with it', async () => {
    const [before, password] = [await podNames('backend'), await passwordOf(`${PROFILE}-postgres-app`)];
    const { template } = (await required('Deployment', `${PROFILE}-backend`)).spec as { template: KubeObject };
    const { uid, resourceVersion } = (await required('Secret', `${PROFILE}-postgres-app`)).metadata;
    const credentials = 'performance.bahamm.ir/credentials';
    expect(template.metadata.annotations?.[credentials]).toBe(`${uid}.${resourceVersion}`);
    await operator.stop();
    await remove('Secret', `${PROFILE}-postgres-app`);
    operator = await stage.start();
    await waitFor('other pods', async () => {
      const after = await podNames('backend');
      return after.length === 1 && !before.includes(after[0] ?? '');
    });
    await ready();
    expect(await passwordOf(`${PROFILE}-postgres-app`)).not.toBe(password);
    const [postgres = ''] = await podNames('postgres');
    expect((await required('Pod', postgres)).metadata.annotations?.[REFRESH]).toMatch(/^[0-9a-f]+\../);
    const since = new Date();
    await sleep(4_000);
    expect(stage.writes(since)).toEqual([]);
  });

  it('does not run a migration again whose Job was deleted', async () => {
    const { migration } = await stage.status();
    const name = `${PROFILE}-migrate-${migration?.hash}`;
    await remove('Job', name);
    await sleep(2_000);
    expect(await stage.get('Job', name)).toBeUndefined();
    await ready();
  });
});

describe('the profile is edited', () => {
  it('reloads nginx in place when a limit changes', async () => {
    const before = await podNames('edge');
    await stage.apply({ ...spec, edge: { ...spec.edge, rateLimit: { api: { requestsPerSecond: 20, burst: 20 } } } });
    const { message } = await ready();
    expect(message).toMatch(/^revision 2:/);
    expect(await podNames('edge')).toEqual(before);
    const { config } = await stage.status();
    const edge = config?.find(({ tier }) => tier === 'edge');
    expect(edge?.loaded).toBe(edge?.desired);
  });

  it('rolls out new pods when the workers change', async () => {
    const before = await podNames('backend');
    await stage.apply(backendWith({ workers: 1 }));
    expect((await ready()).message).toMatch(/^revision 3:/);
    const after = await podNames('backend');
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
  });

  it('refuses what cannot work, says why, and keeps running what ran', async () => {
    const since = new Date();
    await stage.apply(backendWith({ workers: 8, pool: { size: 20, maxOverflow: 20 } }));
    const valid = await stage.waitCondition('Valid', { status: 'False', reason: 'FindingsUnacknowledged' });
    expect(valid.message).toMatch(/^INV-05 .*320 database connections.*leaves \d+ of \d+.*set backend.pool/);
    await stage.waitCondition('Stalled', { status: 'True', reason: 'FindingsUnacknowledged' });
    await stage.waitCondition('Reconciling', { status: 'False' });
    const ready = await stage.waitCondition('Ready', { status: 'False', reason: 'FindingsUnacknowledged' });
    expect(ready.message).toContain('What ran before keeps running: edge 1/1, backend 1/1');
    await sleep(1_000);
    expect(stage.writes(since).map(({ resource }) => resource)).toEqual(
      expect.not.arrayContaining(['deployments', 'configmaps']),
    );
  });

  it('changes nothing while it is suspended', async () => {
    await stage.apply({ ...backendWith({ workers: 3 }), suspend: true });
    await stage.waitCondition('Reconciling', { status: 'False', reason: 'Suspended' });
    const { message } = await stage.waitCondition('Ready', { status: 'False', reason: 'Suspended' });
    expect(message).toMatch(/the edit of generation \d+ is not applied: .*Deployment\/shop-backend/);
    const before = await podNames('backend');
    await sleep(1_000);
    expect(await podNames('backend')).toEqual(before);
    await stage.apply(backendWith({ workers: 3 }));
    await ready();
    expect(await podNames('backend')).not.toEqual(before);
  });

  it('prunes a tier that is left out, once the rest serves', async () => {
    const { frontend: _, ...without } = backendWith({ workers: 3 });
    await stage.apply(without);
    await ready();
    await waitFor(
      'the frontend to go',
      async () => (await stage.get('Deployment', `${PROFILE}-frontend`)) === undefined,
    );
    await waitFor('its Service to go', async () => (await stage.get('Service', `${PROFILE}-frontend`)) === undefined);
    await stage.apply(backendWith({ workers: 3 }));
    await ready();
  });
});

describe('what can not be changed', () => {
  it('is told in the words of the profile, and not sent again and again', async () => {
    const since = new Date();
    const larger = backendWith({ workers: 3 });
    await stage.apply({ ...larger, postgres: { storage: { size: '2Gi' } } });
    const { message } = await stage.waitCondition('Ready', { status: 'False', reason: 'ApplyRejected' });
    expect(message).toMatch(/spec.postgres.storage.size is 2Gi, but the database was made with 1Gi.*back to 1Gi/);
    for (let kick = 0; kick < 3; kick += 1) {
      await remove('Service', `${PROFILE}-frontend`);
      await waitFor('it', async () => (await stage.get('Service', `${PROFILE}-frontend`)) !== undefined, 5_000);
    }
    expect(stage.writes(since).filter(({ resource }) => resource === 'statefulsets')).toHaveLength(1);
    await stage.apply(larger);
    await ready();
  });
});

describe('what others must provide', () => {
  it('names a missing Secret, and goes on when it is there', async () => {
    await stage.apply({ ...spec, edge: { ...spec.edge, tls: { secretName: 'shop-tls' } } });
    const missing = await stage.waitCondition('Ready', { status: 'False', reason: 'RequirementMissing' });
    expect(missing.message).toMatch(/^Secret shop-tls is missing: spec.edge.tls.*tls.crt, tls.key/);
    const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls' };
    const metadata = { name: 'shop-tls', namespace: stage.server.namespace };
    const put = (crt: string, key: string) =>
      stage.server.cluster.apply({ ...secret, metadata, stringData: { 'tls.crt': crt, 'tls.key': key } } as never);
    const before = await podNames('edge');
    await put(CERTIFICATE, OTHER_KEY);
    const unusable = await stage.waitCondition('Ready', { status: 'False', reason: 'CertificateUnusable' });
    expect(unusable.message).toMatch(/^Secret shop-tls.*tls.key does not belong/);
    expect(await podNames('edge')).toEqual(before);
    await put(CERTIFICATE, KEY);
    await ready();
    expect(await podNames('edge')).not.toEqual(before);
  });

  it('never touches an object of the same name that is not ours', async () => {
    const metadata = { name: 'clash-edge-config', namespace: stage.server.namespace };
    const foreign = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mine: 'yes' } };
    const { object: before } = await stage.server.cluster.apply(foreign, { fieldManager: 'somebody' });
    await stage.apply(spec, 'clash');
    const clash = await stage.waitCondition('Ready', { status: 'False', reason: 'NameClash' }, 'clash');
    expect(clash.message).toMatch(/^ConfigMap\/clash-edge-config: it exists and is not managed by pitcrew/);
    const { metadata: after } = await required('ConfigMap', 'clash-edge-config');
    expect(after.resourceVersion).toBe(before.metadata.resourceVersion);
    await remove('ConfigMap', 'clash-edge-config');
    await stage.waitCondition('Ready', { status: 'True' }, 'clash');
  });

  it('leaves the other profile of the namespace alone', async () => {
    const before = await Promise.all([uidOf('Deployment', `${PROFILE}-edge`), passwordOf(`${PROFILE}-postgres-app`)]);
    expect(await podNames('edge', 'clash')).toHaveLength(1);
    await remove('PerformanceProfile', 'clash');
    await waitFor('clash to go', async () => (await stage.get('Deployment', 'clash-edge')) === undefined);
    const after = await Promise.all([uidOf('Deployment', `${PROFILE}-edge`), passwordOf(`${PROFILE}-postgres-app`)]);
    expect(after).toEqual(before);
    await ready();
  });
});

describe('a migration fails', () => {
  it('keeps the backend that runs, says why, and can be run again', async () => {
    const before = await podNames('backend');
    stage.puppet.failMigrations = 'loading…\nKeyError: price';
    await stage.apply(backendWith({ image: 'shop/backend:2' }));
    const failed = await stage.waitCondition('Stalled', { status: 'True', reason: 'MigrationFailed' });
    expect(failed.message).toContain('KeyError: price');
    expect(await podNames('backend')).toEqual(before);
    stage.puppet.failMigrations = undefined;
    await remove('Job', `${PROFILE}-migrate-${(await stage.status()).migration?.hash}`);
    await ready();
    expect(await podNames('backend')).not.toEqual(before);
    const { items } = await stage.server.cluster.list('Job', { namespace: stage.server.namespace });
    expect(items.filter((job) => job.metadata.deletionTimestamp === undefined)).toHaveLength(1);
  });
});

describe('the end', () => {
  const deployments = () =>
    Promise.all(['edge', 'backend', 'frontend'].map((tier) => uidOf('Deployment', `${PROFILE}-${tier}`)));

  it('leaves claims and Secrets when the profile is deleted, and uses them again at once', async () => {
    const password = await passwordOf(`${PROFILE}-postgres-app`);
    const before = await deployments();
    await remove('PerformanceProfile', PROFILE);
    await stage.apply(spec);
    await ready();
    const after = await deployments();
    for (const uid of before) expect(after).not.toContain(uid);
    expect(await passwordOf(`${PROFILE}-postgres-app`)).toBe(password);
  });

  it('takes over what an orphaning deletion has left', async () => {
    const before = await deployments();
    const revisions = async () => {
      const labelSelector = `performance.bahamm.ir/profile=${PROFILE},app.kubernetes.io/managed-by=pitcrew`;
      const { namespace } = stage.server;
      const { items } = await stage.server.cluster.list('ControllerRevision', { namespace, labelSelector });
      return items.filter(({ metadata }) => !metadata.name.includes('postgres')).map((item) => item.metadata.uid);
    };
    const history = await revisions();
    expect(history).toHaveLength(1);
    const { metadata } = await required('PerformanceProfile', PROFILE);
    await stage.server.cluster.delete('PerformanceProfile', metadata, { uid: metadata.uid, propagation: 'Orphan' });
    await waitFor('the profile to go', async () => (await stage.get('PerformanceProfile', PROFILE)) === undefined);
    await stage.apply(spec);
    await ready();
    expect(await deployments()).toEqual(before);
    expect(await revisions()).toEqual(history);
  });

  it('leaves nothing but claims and Secrets', async () => {
    await remove('PerformanceProfile', PROFILE);
    for (const tier of ['edge', 'backend', 'frontend']) {
      await waitFor(`${tier} to go`, async () => (await stage.get('Deployment', `${PROFILE}-${tier}`)) === undefined);
    }
    await waitFor('postgres to go', async () => (await stage.get('StatefulSet', `${PROFILE}-postgres`)) === undefined);
    expect(await stage.get('PersistentVolumeClaim', `data-${PROFILE}-postgres-0`)).toBeDefined();
    expect(await stage.get('PersistentVolumeClaim', `${PROFILE}-backend-uploads`)).toBeDefined();
    expect(await stage.get('Secret', `${PROFILE}-postgres-app`)).toBeDefined();
  });
});
