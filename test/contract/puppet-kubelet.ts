import { CONFIG_HASH, REFRESH, ROLE_LABEL, TIER_LABEL } from '../../charts/kit/labels.ts';
import { configName } from '../../charts/kit/names.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import type { Probes } from '../../controller/probe/prober.ts';
import type { Proof } from '../../controller/probe/proof.ts';
import type { ApiServer } from './api-server.ts';

/**
 * Stands in for a node where there is none: makes pods ready, ends migrations, and loads a configuration when a
 * pod is made or touched, as the kubelet and run.sh do. Everything else is done by the real controllers.
 */
export interface Puppet {
  /** Pods whose name contains the text stay as they are. */
  readonly hold: (text: string) => void;
  readonly release: (text: string) => void;
  /** The next migrations fail with this message. */
  failMigrations: string | undefined;
  readonly probes: Probes;
  readonly stop: () => Promise<void>;
}

const PERIOD_MS = 150;

/** Starts at once; one profile in one namespace. */
export function startPuppet(server: ApiServer, profile: string): Puppet {
  const held = new Set<string>();
  const loaded = new Map<string, string>();
  const state = { running: true };

  const proofOf = (tier: 'edge' | 'postgres'): Proof => ({
    loaded: loaded.get(tier),
    refusal: undefined,
    pendingRestart: [],
    unreachable: loaded.has(tier) ? undefined : 'nothing runs',
  });

  const puppet: Puppet = {
    hold: (text) => held.add(text),
    release: (text) => held.delete(text),
    failMigrations: undefined,
    probes: { edge: async () => proofOf('edge'), postgres: async () => proofOf('postgres') },
    stop: async () => {
      state.running = false;
      await working;
    },
  };

  const load = async (pod: KubeObject): Promise<void> => {
    const tier = pod.metadata.labels?.[TIER_LABEL];
    if (tier !== 'edge' && tier !== 'postgres') return;
    const touched = pod.metadata.annotations?.[REFRESH];
    if (loaded.has(tier) && (touched === undefined || touched.startsWith(loaded.get(tier) ?? ''))) return;
    const at = { namespace: server.namespace, name: configName(profile, tier) };
    const config = await server.cluster.get('ConfigMap', at);
    const hash = config?.metadata.annotations?.[CONFIG_HASH];
    if (hash !== undefined) loaded.set(tier, hash);
  };

  const look = async (): Promise<void> => {
    const { items } = await server.cluster.list('Pod', { namespace: server.namespace });
    for (const pod of items) {
      if ([...held].some((text) => pod.metadata.name.includes(text))) continue;
      if (pod.metadata.deletionTimestamp !== undefined) continue;
      await load(pod);
      const isMigration = pod.metadata.labels?.[ROLE_LABEL] === 'migrate';
      const status = isMigration ? ended(pod, puppet.failMigrations) : serving(pod);
      if ((pod.status as { phase?: string } | undefined)?.phase !== 'Pending') continue;
      await server.cluster.patch('Pod', pod.metadata, { status }, { subresource: 'status' }).catch(() => undefined);
    }
  };

  const working = (async () => {
    while (state.running) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    }
  })();
  return puppet;
}

interface Named {
  readonly name: string;
  readonly image: string;
}

const containersOf = (pod: KubeObject): readonly Named[] => (pod.spec as { containers: readonly Named[] }).containers;

function serving(pod: KubeObject) {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    phase: 'Running',
    podIP: '127.0.0.1',
    podIPs: [{ ip: '127.0.0.1' }],
    conditions: ['Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    })),
    containerStatuses: containersOf(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  };
}

function ended(pod: KubeObject, failure: string | undefined) {
  return {
    phase: failure === undefined ? 'Succeeded' : 'Failed',
    containerStatuses: containersOf(pod).map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      ready: false,
      restartCount: 0,
      state: {
        terminated:
          failure === undefined
            ? { exitCode: 0, reason: 'Completed' }
            : { exitCode: 1, reason: 'Error', message: failure },
      },
    })),
  };
}
