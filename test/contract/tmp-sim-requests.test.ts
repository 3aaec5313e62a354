import { beforeAll, describe, expect, it, vi } from 'vitest';
import { REQUESTED_AT, SUSPEND } from '../../crds/annotations.ts';
import { type Kubectl, kubectlFor, waitFor } from '../support/kubectl.ts';
import { PROFILE, useOperatorStage } from './operator-stage.ts';

/** What is asked for by annotation, as Argo CD's actions and `kubectl annotate` ask. The tests tell one story. */
const stage = useOperatorStage('sim');
let kubectl: Kubectl;

const spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop/backend:1', workers: 2, pool: { size: 5 } },
  postgres: { storage: { size: '1Gi' } },
};
const greedy = { ...spec, backend: { ...spec.backend, workers: 8, pool: { size: 40 } } };

const annotate = (...annotations: string[]) =>
  kubectl.run('annotate', 'wperf', PROFILE, '-n', stage.server.namespace, '--overwrite', ...annotations);

/** Asks for a look at everything anew, and waits for the answer. */
async function request(name: string): Promise<void> {
  await annotate(`${REQUESTED_AT}=${name}`);
  await waitFor(`the answer to ${name}`, async () => (await stage.status()).lastHandledRequest === name, 10_000);
}

const waitReady = (seconds: number) =>
  kubectl.attempt(
    'wait',
    '--for=condition=Ready',
    `wperf/${PROFILE}`,
    '-n',
    stage.server.namespace,
    `--timeout=${seconds}s`,
  );

beforeAll(async () => {
  kubectl = kubectlFor(stage.server.real.kubeconfig, stage.server.real.binDir);
  await stage.start();
  await stage.apply(spec);
  await stage.waitCondition('Ready', { status: 'True' });
});

describe('a request', () => {
  it('has the processes asked again, and is answered by one write of the status', async () => {
    const probes = [vi.spyOn(stage.puppet.probes, 'edge'), vi.spyOn(stage.puppet.probes, 'postgres')];
    const since = new Date();
    await request('one');
    expect(probes.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    // The second answer proves that nothing was written after the first.
    await request('two');
    const answer = { verb: 'patch', resource: 'performanceprofiles', name: PROFILE, subresource: 'status' };
    expect(stage.writes(since)).toEqual([expect.objectContaining(answer), expect.objectContaining(answer)]);
    expect((await stage.waitCondition('Ready', { status: 'True' })).message).toMatch(/^revision 1: /);
  });

  it('has a profile looked at that is refused', async () => {
    await stage.apply(greedy);
    await stage.waitCondition('Valid', { status: 'False' });
    await request('three');
    await stage.waitCondition('Stalled', { status: 'True', reason: 'FindingsUnacknowledged' });
  });

  it('has a profile looked at that is suspended', async () => {
    await stage.apply({ ...spec, suspend: true });
    await stage.waitCondition('Reconciling', { status: 'False', reason: 'Suspended' });
    await request('four');
    await stage.apply(spec);
    await stage.waitCondition('Ready', { status: 'True' });
  });
});

describe('the annotation that suspends', () => {
  it('does so without an edit of the spec, says so, and is taken back', async () => {
    const generation = async () => (await stage.get('PerformanceProfile', PROFILE))?.metadata.generation;
    const before = await generation();
    await annotate(`${SUSPEND}=true`);
    const { message } = await stage.waitCondition('Ready', { status: 'True', reason: 'Suspended' });
    expect(message).toContain(`suspended by annotation ${SUSPEND}`);
    const since = new Date();
    await kubectl.run('delete', 'service', `${PROFILE}-backend`, '-n', stage.server.namespace);
    await stage.waitCondition('Ready', { status: 'False', reason: 'Suspended' });
    expect(stage.writes(since).filter(({ resource }) => resource === 'services')).toEqual([]);
    await annotate(`${SUSPEND}-`);
    await stage.waitCondition('Ready', { status: 'True', reason: 'Ready' });
    expect(await stage.get('Service', `${PROFILE}-backend`)).toBeDefined();
    expect(await generation()).toBe(before);
  });
});

describe('kubectl wait', () => {
  it('returns when the profile is Ready, and not for an edit that is refused', async () => {
    expect(await waitReady(30)).toMatchObject({ code: 0 });
    await stage.apply(greedy);
    await stage.waitCondition('Valid', { status: 'False' });
    expect(await waitReady(1)).toMatchObject({ code: 1, output: expect.stringContaining('timed out') });
  });
});
