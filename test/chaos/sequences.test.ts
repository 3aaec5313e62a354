import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../controller/cluster/errors.ts';
import type { KubeObject, WritableObject } from '../../controller/cluster/port.ts';
import { type Stamped, stamp } from '../../controller/reconcile/desired.ts';
import { refOf } from '../../controller/reconcile/digest.ts';
import { APPLIED_KINDS } from '../../controller/reconcile/kinds.ts';
import type { Operator } from '../../controller/reconcile/operator.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { PROFILE, useOperatorStage } from '../contract/operator-stage.ts';
import { requestsSince } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';
import { applyConnection, CROWD, untilRest } from './crowd.ts';
import { FULL } from './site.ts';

/** One edit after the other, and the end of a profile in the middle of one. Each test begins where the one before it ended. */
const stage = useOperatorStage(CROWD);

const A = {
  edge: { hosts: ['shop.example'], cache: { api: { paths: ['/api/products'] } } },
  backend: { image: 'shop/backend:1', workers: 2, writablePaths: ['/app/logs'] },
  frontend: { image: 'shop/frontend:1' },
  postgres: { mode: 'External', connectionSecretName: 'shop-db' },
};
/** A tier less, values gone, values changed, and one more port. */
const B = {
  edge: { hosts: ['shop.example', 'www.shop.example'], replicas: 2, service: { type: 'NodePort' } },
  backend: { image: 'shop/backend:2', workers: 1 },
  postgres: A.postgres,
};

let operator: Operator;
beforeAll(async () => {
  await applyConnection(stage.server, 'shop-db');
  operator = await stage.start({ watch: 'all' });
});
afterAll(() => operator.stop());

const ready = () => stage.waitCondition('Ready', { status: 'True' });

async function profile(): Promise<KubeObject> {
  const found = await stage.get('PerformanceProfile', PROFILE);
  if (found === undefined) throw new Error('the profile is not there');
  return found;
}

/** What the profile comes to, rendered here. */
async function desired(): Promise<readonly Stamped[]> {
  const found = await profile();
  const owner = { name: PROFILE, namespace: stage.server.namespace, uid: found.metadata.uid };
  const { objects } = synthesize(found as unknown as Profile, (found.status as Status).facts as never);
  return objects.map((placed) => stamp(placed, owner));
}

/** Objects of the kinds that we apply with the profile's label, in the order of the alphabet. */
async function owned(namespace = stage.server.namespace): Promise<KubeObject[]> {
  const selector = { namespace, labelSelector: `performance.bahamm.ir/profile=${PROFILE}` };
  const lists = await Promise.all(APPLIED_KINDS.map((kind) => stage.server.cluster.list(kind, selector)));
  return lists.flatMap(({ items }) => items).sort((one, other) => (refIn(one) < refIn(other) ? -1 : 1));
}
const refIn = ({ kind, metadata }: KubeObject) => refOf(kind, metadata.name);

/** All that the API server would store of an object that was never there before. */
async function freshOf({ object }: Stamped): Promise<unknown> {
  const renamed = { ...object, metadata: { ...object.metadata, name: `fresh-${object.metadata.name}` } };
  const { object: stored } = await stage.server.cluster.apply(renamed as WritableObject, { dryRun: true });
  return contentOf({ ...stored, metadata: { ...stored.metadata, name: object.metadata.name } });
}

/** Without what the API server or another controller assigns. */
function contentOf({ kind, metadata, status: _, ...rest }: KubeObject): unknown {
  const { name, labels, annotations, ownerReferences } = metadata;
  const { 'deployment.kubernetes.io/revision': __, ...ours } = annotations ?? {};
  const text = JSON.stringify(rest, (key, value) => (ASSIGNED.has(key) ? undefined : value));
  return { kind, name, labels, annotations: ours, ownerReferences, ...(JSON.parse(text) as object) };
}
const ASSIGNED = new Set(['clusterIP', 'clusterIPs', 'nodePort', 'healthCheckNodePort']);

/** What is there is what a first apply of the profile would make: nothing is missing, changed, or left of before. */
async function expectFresh(): Promise<void> {
  const wanted = [...(await desired())].sort((one, other) => (one.ref < other.ref ? -1 : 1));
  const fresh = await Promise.all(wanted.map(freshOf));
  await waitFor('what is not wanted to go', async () => (await owned()).length === wanted.length);
  expect((await owned()).map(contentOf)).toEqual(fresh);
}

const remove = async () => {
  const { metadata } = await profile();
  await stage.server.cluster.delete('PerformanceProfile', metadata, { uid: metadata.uid });
  return metadata.uid;
};
const asked = (since: Date) => requestsSince(stage.server.real.auditLog ?? '', since);
const allGone = (namespace?: string) => waitFor('all of it to go', async () => (await owned(namespace)).length === 0);

describe('A, then B, then A', () => {
  it('is each time what a first apply would have made', async () => {
    await stage.apply(A);
    await ready();
    await expectFresh();
    const before = (await owned()).map(contentOf);
    await stage.apply(B);
    await ready();
    await expectFresh();
    await stage.apply(A);
    await ready();
    await expectFresh();
    expect((await owned()).map(contentOf)).toEqual(before);
  });

  it.runIf(FULL)('without waiting in between comes to the last', async () => {
    for (const spec of [B, A, B, A, B]) await stage.apply(spec);
    await ready();
    await expectFresh();
  });
});

describe('the end in the middle of an update', () => {
  it('leaves nothing, and nothing is made again', async () => {
    await stage.apply(A);
    await ready();
    stage.puppet.hold('backend');
    await stage.apply(B);
    await stage.waitCondition('Ready', { status: 'False', reason: 'RollingOut' });
    const since = new Date();
    await remove();
    await allGone();
    await untilRest(() => asked(since));
    expect(await owned()).toEqual([]);
    stage.puppet.release('backend');
  });

  it.runIf(FULL)('right after an edit, and a new one of the same name: it has all of its own', async () => {
    await stage.apply(A);
    await ready();
    await stage.apply(B);
    const old = await remove();
    await stage.apply(A);
    await ready();
    await expectFresh();
    const uids = (await owned()).flatMap(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []);
    expect(uids).not.toContain(old);
  });

  it('while the operator is away, and a new one of the same name: the same', async () => {
    await stage.apply(A);
    await ready();
    await operator.stop();
    const old = await remove();
    await stage.apply(B);
    operator = await stage.start({ watch: 'all' });
    await ready();
    await expectFresh();
    const uids = (await owned()).flatMap(({ metadata }) => metadata.ownerReferences?.map(({ uid }) => uid) ?? []);
    expect(uids).not.toContain(old);
  });
});

describe('a namespace that is deleted', () => {
  it('goes with the profile in it, is not written to any more, and can be made anew', async () => {
    const { cluster, transport, namespace } = stage.server;
    const doomed = `${namespace}-doomed`;
    const create = async () => {
      await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: doomed } });
      await applyConnection({ ...stage.server, cluster, namespace: doomed }, 'shop-db');
      const { apiVersion, kind } = await profile();
      const made = { apiVersion, kind, metadata: { name: PROFILE, namespace: doomed }, spec: A };
      await cluster.apply(made, { fieldManager: 'user' });
      await waitFor('its Deployments', async () => {
        return (await owned(doomed)).filter(({ kind: of }) => of === 'Deployment').length === 3;
      });
    };
    const gone = async () => {
      const path = `/api/v1/namespaces/${doomed}`;
      await transport.request({ method: 'DELETE', path });
      await waitFor('the namespace to go', async () => {
        return transport.request({ method: 'GET', path }).then(
          () => false,
          (error: unknown) => error instanceof ApiError && error.status === 404,
        );
      });
    };
    await create();
    await gone();
    await create();
    const since = new Date();
    await gone();
    await untilRest(() => asked(since));
    // The other profile has not noticed anything of it.
    await ready();
    await expectFresh();
  });
});
