import { beforeAll, describe, expect, it } from 'vitest';
import { e2eStage, removeOtherProfiles } from '../support/e2e-stage.ts';
import { edgeOf } from '../support/edge.ts';
import { type Json, waitFor } from '../support/kubectl.ts';
import { applyProfile, smallProfile } from '../support/profiles.ts';
import { prepareNamespace, type Stage, waitReady } from '../support/stage.ts';

/** Two profiles side by side; deletion; what survives it. */
let stage: Stage;
const namespace = 'side-by-side';
const CHILDREN =
  'deployment,statefulset,service,configmap,serviceaccount,networkpolicy,poddisruptionbudget,job,controllerrevision';

beforeAll(async () => {
  stage = await e2eStage();
  await removeOtherProfiles(stage.kubectl, namespace);
  await prepareNamespace(stage.kubectl, namespace, 'unused-tls', ['a.example']);
  for (const name of ['shop', 'shop-edge']) await applyProfile(stage.kubectl, smallProfile(name, namespace));
  for (const name of ['shop', 'shop-edge']) await waitReady(stage.kubectl, namespace, name, 240_000);
});

interface ObjectView extends Json {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly ownerReferences?: ReadonlyArray<{ readonly name: string }>;
  };
}

async function childrenOf(profile: string): Promise<ObjectView[]> {
  const list = await stage.kubectl.get<{ items: ObjectView[] }>(
    CHILDREN,
    '-n',
    namespace,
    '-l',
    `performance.bahamm.ir/profile=${profile}`,
  );
  return list?.items ?? [];
}

const ask = async (profile: string) =>
  edgeOf(stage.kubectl, stage.cluster.nodeAddress, { namespace, profile, host: `${profile}.example` });

describe('two profiles in one namespace', () => {
  it('own different objects, and each Service reaches the pods of its own profile only', async () => {
    const [first, second] = [await childrenOf('shop'), await childrenOf('shop-edge')];
    expect(first.length).toBeGreaterThan(15);
    const names = (children: ObjectView[]) => children.map((child) => `${child.kind}/${child.metadata.name}`);
    expect(names(first).filter((name) => names(second).includes(name))).toEqual([]);
    for (const profile of ['shop', 'shop-edge']) {
      const endpoints = await stage.kubectl.get<{
        items: Array<{ endpoints: Array<{ targetRef: { name: string } }> }>;
      }>('endpointslice', '-n', namespace, '-l', `kubernetes.io/service-name=${profile}-backend`);
      const pods =
        endpoints?.items.flatMap((slice) => slice.endpoints.map((endpoint) => endpoint.targetRef.name)) ?? [];
      expect(pods).toHaveLength(1);
      expect(pods[0]).toMatch(new RegExp(`^${profile}-backend-[0-9a-z]+-[0-9a-z]+$`));
    }
  });

  it('have passwords of their own', async () => {
    const passwordOf = async (profile: string) =>
      (await stage.kubectl.get<{ data: Record<string, string> }>('secret', `${profile}-postgres-app`, '-n', namespace))
        ?.data.password;
    expect(await passwordOf('shop')).not.toBe(await passwordOf('shop-edge'));
  });
});

describe('deleting a profile', () => {
  it('takes its children, leaves its data, its Secret and its neighbour, and brings the data back', async () => {
    const edge = await ask('shop');
    const order = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ customer: 'Test', items: [{ product_id: 1, quantity: 2 }] }),
    };
    const placed = await waitFor('an order to be placed', async () => {
      const answer = await edge.ask('/api/orders', order);
      if (answer.status === 201) return JSON.parse(answer.body) as { id: number };
      throw new Error(`${answer.status} ${answer.body}`);
    });
    const kept = async () => ({
      claim: (await stage.kubectl.get<ObjectView>('pvc', 'data-shop-postgres-0', '-n', namespace))?.metadata.uid,
      secret: (await stage.kubectl.get<ObjectView>('secret', 'shop-postgres-app', '-n', namespace))?.metadata.uid,
      neighbour: (await stage.kubectl.get<ObjectView>('deployment', 'shop-edge-backend', '-n', namespace))?.metadata
        .uid,
    });
    const before = await kept();
    await stage.kubectl.run('delete', 'wperf', 'shop', '-n', namespace);
    await waitFor('the children to go', async () => (await childrenOf('shop')).length === 0, 120_000);
    expect(await kept()).toEqual(before);
    await applyProfile(stage.kubectl, smallProfile('shop', namespace));
    await waitReady(stage.kubectl, namespace, 'shop', 240_000);
    expect(await kept()).toEqual(before);
    const again = await ask('shop');
    const next = await again.ask('/api/orders', order);
    expect((JSON.parse(next.body) as { id: number }).id).toBeGreaterThan(placed.id);
  });
});
