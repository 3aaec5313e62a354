import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../controller/cluster/port.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { applyAs, type KubeLike, patchAs } from '../contract/api-server.ts';
import { useOperatorStage } from '../contract/operator-stage.ts';
import { requestsSince } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';
import { applyConnection, CROWD } from './crowd.ts';
import { FULL } from './site.ts';

/** Another controller that wants what we want otherwise, and is faster: 50 writes a second. */
const stage = useOperatorStage(CROWD);
const BEATS = FULL ? 1_000 : 150;
const EVERY_MS = 20;

const spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop/backend:1', workers: 1 },
  postgres: { mode: 'External', connectionSecretName: 'shop-db' },
};

/** So many calls at that pace, or as fast as the machine can; how many seconds that took. */
async function atPace(beats: number, call: (nth: number) => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  for (let nth = 0; nth < beats; nth += 1) {
    await call(nth);
    const earlyMs = startedMs + (nth + 1) * EVERY_MS - performance.now();
    if (earlyMs > 0) await sleep(earlyMs);
  }
  return (performance.now() - startedMs) / 1000;
}

/** Five at once, the next after ten seconds, after twenty more, after forty more. */
const mostRepairs = (seconds: number): number => 5 + Math.floor(Math.log2(seconds / 10 + 1));
const asked = (since: Date) => requestsSince(stage.server.real.auditLog ?? '', since);
const backendOf = (name: string) => ({ namespace: stage.server.namespace, name: `${name}-backend` });
const replicasOf = async (name: string) => {
  const found = (await stage.get('Deployment', backendOf(name).name)) as KubeObject & { spec: { replicas: number } };
  return found.spec.replicas;
};

/** A profile that serves, without a database of ours. */
async function settled(name: string): Promise<void> {
  await applyConnection(stage.server, 'shop-db');
  await stage.apply(spec, name);
  await stage.waitCondition('Ready', { status: 'True' }, name);
}

/** Another version of the charts that leaves replicas to an autoscaler. */
const withoutReplicas: typeof synthesize = (profile, facts) => {
  const synthesis = synthesize(profile, facts);
  if (profile.metadata.name !== 'scaled') return synthesis;
  const objects = structuredClone(synthesis.objects);
  for (const { object } of objects) {
    if (object.kind === 'Deployment') delete (object as { spec?: { replicas?: number } }).spec?.replicas;
  }
  return { ...synthesis, objects };
};

describe('another manager', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it('that forces a field of ours over and over is named, repaired ever more seldom, and forgotten when it ends', async () => {
    const operator = await stage.start();
    ends.push(operator.stop);
    await settled('fought');
    const since = new Date();
    const metadata = backendOf('fought');
    const seconds = await atPace(BEATS, (nth) =>
      applyAs(stage.server, 'rival', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { ...metadata, annotations: { beat: String(nth) } } as KubeLike['metadata'],
        spec: { replicas: 2 + (nth % 2) },
      }),
    );
    const requests = asked(since);
    const contended = await stage.waitCondition('Ready', { status: 'False', reason: 'Contended' }, 'fought');
    expect(contended.message).toMatch(/^Deployment\/fought-backend: manager "rival" sets spec\.replicas, as often as/);
    const repairs = requests.filter(({ verb, resource }) => verb === 'patch' && resource === 'deployments');
    expect(repairs.length).toBeGreaterThanOrEqual(5);
    expect(repairs.length).toBeLessThanOrEqual(mostRepairs(seconds));
    // Looks at most once a second, of which each may have another number of pods to tell.
    expect(requests.length).toBeLessThanOrEqual(25 + 3 * seconds);
    await stage.waitCondition('Ready', { status: 'True' }, 'fought');
    expect(await replicasOf('fought')).toBe(1);
    const { items } = await stage.server.cluster.list('Event', {
      namespace: metadata.namespace,
      fieldSelector: 'reason=Contended',
    });
    expect(items).toEqual([expect.objectContaining({ type: 'Warning', note: expect.stringContaining('rival') })]);
    if (FULL) console.log({ seconds, repairs: repairs.length, requests: requests.length });
  });

  it('of a field that we leave to it is not even noticed', async () => {
    const operator = await stage.start({ synthesize: withoutReplicas });
    ends.push(operator.stop);
    await settled('scaled');
    const since = new Date();
    const path = `/apis/apps/v1/namespaces/${stage.server.namespace}/deployments/${backendOf('scaled').name}/scale`;
    await atPace(50, (nth) => patchAs(stage.server, 'autoscaler', path, { spec: { replicas: 2 + (nth % 2) } }));
    await stage.waitCondition('Ready', { status: 'True' }, 'scaled');
    const written = stage.writes(since).filter(({ resource }) => resource !== 'events');
    expect(written.filter(({ subresource }) => subresource !== 'status')).toEqual([]);
    await waitFor('its number to stand', async () => (await replicasOf('scaled')) > 1);
  });
});
