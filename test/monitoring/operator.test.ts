import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Status } from '../../crds/status.ts';
import { installManifests } from '../../deploy/install.ts';
import { useApiServer } from '../contract/api-server.ts';
import { install } from '../contract/operator-stage.ts';
import { type OperatorProcess, startOperatorProcess } from '../contract/replica.ts';
import { waitFor } from '../support/kubectl.ts';
import { Prometheus } from './prometheus.ts';
import { type Asked, isWatch, startUnwellApi, type Trouble, type UnwellApi } from './unwell-api.ts';

/** A real operator before a real API server that gets into one trouble after the other, and a real Prometheus. */
const server = useApiServer('watched');
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-operator-alerts-'));
let api: UnwellApi;
let operator: OperatorProcess;
let prometheus: Prometheus;

const isLease = ({ url }: Asked): boolean => url.includes('/leases');
const ofDeployments = (asked: Asked): boolean => isWatch(asked) && asked.url.includes('/deployments');
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

beforeAll(async () => {
  for (const manifest of installManifests().filter(({ kind }) => kind !== 'Deployment')) {
    await install(server, manifest);
  }
  await waitFor('the custom resource', async () => {
    return (await server.cluster.list('PerformanceProfile', { namespace: server.namespace })).items;
  });
  prometheus = await Prometheus.start(server.real, folder);
  api = await startUnwellApi(server.real.kubeconfig);
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
    api.suffer((asked) => (isLease(asked) && asked.method !== 'GET' ? { status: 500 } : undefined));
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
    api.recover();
    await prometheus.clears('PitcrewNoLeader');
  });

  /** From here on nothing is heard of Deployments: that is told of after three minutes, and there is time for the rest. */
  const sufferToo = (trouble: Trouble) => api.suffer((asked) => (ofDeployments(asked) ? 'silence' : trouble(asked)));
  const suffersNoMore = () => sufferToo(() => undefined);

  it('whose requests end in errors', async () => {
    sufferToo((asked) => (isLease(asked) || isWatch(asked) ? undefined : { status: 500 }));
    let edits = 0;
    await waitFor('the errors to be told of', async () => {
      edits += 1;
      await edit(PROFILES[edits % PROFILES.length] ?? '', edits);
      return prometheus.isFiring('PitcrewApiErrors');
    });
    suffersNoMore();
    await prometheus.clears('PitcrewApiErrors');
  });

  it('whose requests take their time', async () => {
    sufferToo(({ method, url }) => (method === 'PATCH' && url.includes('/status') ? { delayMs: 2_000 } : undefined));
    await Promise.all(PROFILES.map((name) => edit(name, 100)));
    await prometheus.fires('PitcrewQueueBacklog');
    suffersNoMore();
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
    api.recover();
    await prometheus.clears('PitcrewWatchStale');
  });

  it('that was not told of a change, as a list finds half an hour later', async () => {
    for (const name of PROFILES) await handled(name);
    const lost = api.lose(/"type":"MODIFIED".*"kind":"PerformanceProfile".*"requestsPerSecond":999/);
    await edit('shop0', 999);
    await lost;
    await edit('shop1', 998);
    await handled('shop1');
    operator.kill('SIGUSR2');
    const aged = /pitcrew_watch_last_byte_age_seconds\{kind="PerformanceProfile"\} \d{4}/;
    await waitFor('the half hour to be over', async () => aged.test(await operator.ask('/metrics')));
    api.endWatches();
    await prometheus.fires('PitcrewWatchMissedChanges', { kind: 'PerformanceProfile' });
    await prometheus.clears('PitcrewWatchMissedChanges');
  });
});
