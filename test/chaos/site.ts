import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { FeedTiming } from '../../controller/cluster/feed.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import type { Status } from '../../crds/status.ts';
import { installManifests } from '../../deploy/install.ts';
import { type ApiServer, useApiServer } from '../contract/api-server.ts';
import { install } from '../contract/operator-stage.ts';
import { type Puppet, startPuppet } from '../contract/puppet-kubelet.ts';
import { type OperatorProcess, startOperatorProcess } from '../contract/replica.ts';
import { waitFor } from '../support/kubectl.ts';
import { type ChaosProxy, startChaosProxy } from './proxy.ts';

/** `make chaos`: every write, every wait in its real length. Else a sample, for who works on a test. */
export const FULL = process.env.CHAOS_FULL === '1';

/** The cluster that all files of the project share, and nobody else. */
export const CLUSTER = process.env.CHAOS_CLUSTER ?? 'chaos';

/** The profile of every test. */
export const SHOP = 'shop';

/** A namespace with a node's puppet, behind a proxy of its own: what goes wrong here goes wrong nowhere else. */
export interface Place {
  readonly server: ApiServer;
  readonly proxy: ChaosProxy;
  readonly puppet: Puppet;
  /** The operator as a process of its own, controller/main.ts; resolves when its caches are filled. */
  readonly start: (timing?: Partial<FeedTiming>) => Promise<OperatorProcess>;
  readonly apply: (spec: object) => Promise<KubeObject>;
  readonly profile: () => Promise<KubeObject>;
  readonly status: () => Promise<Status>;
  /** Waits until the operator says that all of the latest generation is there and loaded. */
  readonly ready: (deadlineMs?: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The cluster with all that an installation has but the operator itself, and places in it. */
export interface Site {
  readonly server: ApiServer;
  readonly newPlace: () => Promise<Place>;
}

/** Starts or finds the cluster before the tests of a file, and ends what was left running after them. */
export function useSite(): Site {
  const server = useApiServer(CLUSTER);
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const places = new Set<Place>();
  beforeAll(async () => {
    for (const manifest of installManifests().filter(({ kind }) => kind !== 'Deployment')) {
      await install(server, manifest);
    }
    await waitFor('the custom resource', async () => (await server.cluster.list('PerformanceProfile')).items);
  });
  afterAll(async () => {
    for (const place of places) await place.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    server,
    newPlace: async () => {
      const place = await openPlace(server, folder);
      places.add(place);
      return place;
    },
  };
}

async function openPlace(common: ApiServer, folder: string): Promise<Place> {
  const namespace = `chaos-${randomBytes(4).toString('hex')}`;
  const { real, transport, cluster } = common;
  const server: ApiServer = { real, transport, cluster, namespace };
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const puppet = startPuppet(server);
  const asked = await servePuppet(puppet);
  const proxy = await startChaosProxy(real.kubeconfig);
  const processes: OperatorProcess[] = [];
  const profile = async () => {
    const found = await cluster.get('PerformanceProfile', { namespace, name: SHOP });
    if (found === undefined) throw new Error('the profile is gone');
    return found;
  };
  return {
    server,
    proxy,
    puppet,
    profile,
    start: async (timing = {}) => {
      const started = await startOperatorProcess(server, {
        name: `${namespace}-${processes.length}`,
        folder,
        way: proxy,
        args: ['--import', join(import.meta.dirname, 'preload.ts')],
        env: {
          PITCREW_LEADER_ELECTION: 'false',
          // Many start here, one after the other.
          NODE_COMPILE_CACHE: join(folder, 'compiled'),
          CHAOS_PUPPET_PORT: String(asked.port),
          CHAOS_FEED_TIMING: JSON.stringify(timing),
        },
      });
      processes.push(started);
      return started;
    },
    apply: async (spec) => {
      const metadata = { name: SHOP, namespace };
      const object = { apiVersion: 'performance.bahamm.ir/v1alpha1', kind: 'PerformanceProfile', metadata, spec };
      return (await cluster.apply(object, { fieldManager: 'user' })).object;
    },
    status: async () => ((await profile()).status ?? {}) as Status,
    ready: (deadlineMs = 120_000) => becomesReady(profile, deadlineMs),
    close: async () => {
      for (const process of processes.filter((one) => one.isRunning())) {
        process.kill('SIGKILL');
        await process.ended;
      }
      await puppet.stop();
      proxy.close();
      asked.close();
    },
  };
}

async function becomesReady(profile: () => Promise<KubeObject>, deadlineMs: number): Promise<void> {
  await waitFor(
    'Ready',
    async () => {
      const { metadata, status } = await profile();
      const { conditions, observedGeneration } = (status ?? {}) as Status;
      const ready = conditions?.find(({ type }) => type === 'Ready');
      if (observedGeneration === metadata.generation && ready?.status === 'True') return true;
      throw new Error(`generation ${metadata.generation}, observed ${observedGeneration}: ${ready?.message}`);
    },
    deadlineMs,
  );
}

/** What the puppet's processes have loaded, for operators that are processes themselves. */
async function servePuppet({ probes }: Puppet) {
  const server = createServer((request, response) => {
    const [, tier = '', ip = ''] = (request.url ?? '').split('/');
    const probe = tier === 'edge' ? probes.edge : probes.postgres;
    probe({ ip, username: '', password: '' }, new AbortController().signal).then(
      (proof) => response.end(JSON.stringify(proof)),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
