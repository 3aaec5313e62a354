import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Status } from '../../crds/status.ts';
import { installManifests } from '../../deploy/install.ts';
import type { Asked } from '../chaos/asked.ts';
import { drop, refuse, stall } from '../chaos/faults.ts';
import { type ChaosProxy, type Fault, startChaosProxy } from '../chaos/proxy.ts';
import { useApiServer } from '../contract/api-server.ts';
import { install } from '../contract/operator-stage.ts';
import { type OperatorProcess, startOperatorProcess } from '../contract/replica.ts';
import { waitFor } from '../support/kubectl.ts';
import { Prometheus } from './prometheus.ts';

/** A real operator before a real API server that gets into one trouble after the other, and a real Prometheus. */
const server = useApiServer('watched');
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-operator-alerts-'));
let api: ChaosProxy;
let operator: OperatorProcess;
let prometheus: Prometheus;

const isLease = ({ resource }: Asked): boolean => resource === 'leases';
const isDeployments = ({ kind, resource }: Asked): boolean => kind === 'watch' && resource === 'deployments';
const PROFILES = Array.from({ length: 16 }, (_, number) => `shop${number}`);

/** Costs one pass that writes the status, and nothing runs. */
async function edit(name: string, requestsPerSecond: number): Promise<void> {
  const profile = {
    apiVersion: 'performance.bahamm.ir/v1alpha1',
    kind: 'PerformanceProfile',
    metadata: { name, namespace: server.namespace },
    spec: {
      suspend: true,
      edge: { hosts: ['shop.example'], rateLimit: { api: { requestsPerSecond, burst: 20 } } },
      backend: { image: 'shop/backend:1', workers: 1, pool: { size: 5 } },
      postgres: { mode: 'External', connectionSecretName: 'database' },
    },
  };
  await server.cluster.apply(profile, { fieldManager: 'user' });
}

const handled = (name: string) =>
  waitFor(`the last edit of ${name} to be handled`, async () => {
    const profile = await server.cluster.get('PerformanceProfile', { namespace: server.namespace, name });
    return (profile?.status as Status | undefined)?.observedGeneration === profile?.metadata.generation;
  });

/**
 * From here on nothing is heard of Deployments: that is told of after three minutes, and there is time for the rest. The
 * function that is returned ends it, and cuts off who waits in vain.
 */
function silence(): () => void {
  const waiting: { destroy(): unknown }[] = [];
  const held: Fault = (asked) => (isDeployments(asked) ? (response) => waiting.push(response) : undefined);
  const mend = [api.answering(held), api.editing(stall(({ asked }) => isDeployments(asked)))];
  return () => {
    for (const one of mend) one();
    for (const { asked, reset } of api.streams) if (isDeployments(asked)) reset();
    for (const response of waiting) response.destroy();
  };
}

let endSilence = (): void => undefined;

beforeAll(async () => {
  for (const manifest of installManifests().filter(({ kind }) => kind !== 'Deployment')) {
    await install(server, manifest);
  }
  await waitFor('the custom resource', async () => {
    return (await server.cluster.list('PerformanceProfile', { namespace: server.namespace })).items;
  });
  prometheus = await Prometheus.start(server.real, folder);
  api = await startChaosProxy(server.real.kubeconfig);
});
afterAll(async () => {
  await prometheus?.stop();
  if (operator?.isRunning()) {
    operator.kill('SIGCONT');
    operator.kill('SIGKILL');
    await operator.ended;
  }
  api?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('an operator', () => {
  it('whose Lease cannot be written', async () => {
    const mend = api.answering(refuse((asked) => isLease(asked) && asked.method !== 'GET', 500));
    operator = await startOperatorProcess(server, {
      name: 'pitcrew-watched',
      folder,
      way: api,
      env: { PITCREW_WORKERS: '1' },
      args: ['--import', join(import.meta.dirname, 'later.ts')],
    });
    const labels = {
      __meta_kubernetes_pod_name: operator.name,
      __meta_kubernetes_pod_label_app_kubernetes_io_name: 'pitcrew',
      __meta_kubernetes_pod_container_port_number: '8080',
    };
    prometheus.setTargets('pitcrew', [{ address: `${server.real.hostAddress}:${operator.healthPort()}`, labels }]);
    await prometheus.fires('PitcrewNoLeader', { name: 'pitcrew' });
    mend();
    await prometheus.clears('PitcrewNoLeader');
  });

  it('whose requests end in errors', async () => {
    endSilence = silence();
    const mend = api.answering(refuse((asked) => !isLease(asked) && asked.kind !== 'watch', 500));
    let edits = 0;
    await waitFor('the errors to be told of', async () => {
      edits += 1;
      await edit(PROFILES[edits % PROFILES.length] ?? '', edits);
      return prometheus.isFiring('PitcrewApiErrors');
    });
    mend();
    await prometheus.clears('PitcrewApiErrors');
  });

  it('whose requests take their time', async () => {
    api.hook = async ({ url }, moment) => {
      if (moment === 'before' && url.includes('/status')) await new Promise((resolve) => setTimeout(resolve, 2_000));
      return true;
    };
    await Promise.all(PROFILES.map((name) => edit(name, 100)));
    await prometheus.fires('PitcrewQueueBacklog');
    api.hook = async () => true;
    await prometheus.clears('PitcrewQueueBacklog');
  });

  it('that gets no time of the processor', async () => {
    await waitFor('that to be told of', async () => {
      operator.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      operator.kill('SIGCONT');
      return prometheus.isFiring('PitcrewEventLoopHeldUp');
    });
    await prometheus.clears('PitcrewEventLoopHeldUp', {}, 90_000);
  });

  it('that hears nothing of a kind any more', async () => {
    await prometheus.fires('PitcrewWatchStale', { kind: 'Deployment' }, 240_000);
    endSilence();
    await prometheus.clears('PitcrewWatchStale');
  });

  it('that was not told of a change, as a list finds half an hour later', async () => {
    for (const name of PROFILES) await handled(name);
    const { fault, dropped } = drop(({ text }) => text.includes('"requestsPerSecond":999'));
    const mend = api.editing(fault);
    await edit('shop0', 999);
    await waitFor('the line to be lost', async () => dropped() > 0);
    mend();
    await edit('shop1', 998);
    await handled('shop1');
    operator.kill('SIGUSR2');
    const aged = /pitcrew_watch_last_byte_age_seconds\{kind="PerformanceProfile"\} \d{4}/;
    await waitFor('the half hour to be over', async () => aged.test(await operator.ask('/metrics')));
    for (const stream of api.streams) stream.end();
    await prometheus.fires('PitcrewWatchMissedChanges', { kind: 'PerformanceProfile' });
    await prometheus.clears('PitcrewWatchMissedChanges');
  });
});
