import { CONFIG_HASH, PROFILE_LABEL, REFRESH, ROLE_LABEL, TIER_LABEL } from '../../charts/kit/labels.ts';
import { configName } from '../../charts/kit/names.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import { createReflector, type Reflector } from '../../controller/cluster/reflector.ts';
import type { Probes } from '../../controller/probe/prober.ts';
import { type Proof, unreachable } from '../../controller/probe/proof.ts';
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

/** A running process: which ConfigMap it reads, which touch it has seen, what it has loaded. */
interface Process {
  readonly config: string;
  touched: string | undefined;
  hash: string | undefined;
}

interface State {
  readonly server: ApiServer;
  readonly pods: Reflector<KubeObject>;
  readonly held: Set<string>;
  /** By uid: the watch may tell of a pod for a moment as it was. */
  readonly begun: Set<string>;
  readonly processes: Map<string, Process>;
  running: boolean;
}

const PERIOD_MS = 150;

/** Starts at once, on all pods of the namespace. */
export function startPuppet(server: ApiServer): Puppet {
  const pods = createReflector<KubeObject>({
    transport: server.transport,
    kind: 'Pod',
    namespaces: [server.namespace],
    project: (pod) => pod,
    onChange: () => undefined,
    timing: { backoffCapMs: 1_000 },
  });
  const state: State = { server, pods, held: new Set(), begun: new Set(), processes: new Map(), running: true };
  const answer = ({ ip }: { readonly ip: string }): Proof => {
    const hash = state.processes.get(ip)?.hash;
    if (hash === undefined) return unreachable('nothing runs there');
    return { loaded: hash, refusal: undefined, pendingRestart: [], unreachable: undefined };
  };
  const puppet: Puppet = {
    hold: (text) => state.held.add(text),
    release: (text) => state.held.delete(text),
    failMigrations: undefined,
    probes: { edge: async (address) => answer(address), postgres: async (address) => answer(address) },
    stop: async () => {
      state.running = false;
      await working;
      await pods.stop();
    },
  };
  pods.start();
  const working = (async () => {
    while (state.running) {
      // A kubelet outlives an API server that is away.
      await look(state, puppet.failMigrations).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    }
  })();
  return puppet;
}

async function look(state: State, failure: string | undefined): Promise<void> {
  const { server, pods, held, begun } = state;
  for (const { value: pod } of pods.list(server.namespace)) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    if ([...held].some((text) => pod.metadata.name.includes(text))) continue;
    const { phase, podIP } = (pod.status ?? {}) as { phase?: string; podIP?: string };
    if (phase === 'Pending' && !begun.has(pod.metadata.uid)) await begin(state, pod, failure);
    if (podIP !== undefined) await refresh(state, podIP, pod.metadata.annotations?.[REFRESH]);
  }
}

async function begin(state: State, pod: KubeObject, failure: string | undefined): Promise<void> {
  const labels = pod.metadata.labels ?? {};
  const nth = state.processes.size + 1;
  const ip = `198.18.${nth >> 8}.${nth & 255}`;
  const tier = labels[TIER_LABEL];
  const isAsked = tier === 'edge' || tier === 'postgres';
  const config = isAsked ? configName(labels[PROFILE_LABEL] ?? '', tier) : '';
  const process = { config, touched: undefined, hash: await readHash(state, config) };
  state.processes.set(ip, process);
  state.begun.add(pod.metadata.uid);
  const status = labels[ROLE_LABEL] === 'migrate' ? ended(pod, failure) : serving(pod, ip);
  await state.server.cluster.patch('Pod', pod.metadata, { status }, { subresource: 'status' }).catch(() => undefined);
}

/** A touch makes the volume, and then the process, take over what stands in the ConfigMap. */
async function refresh(state: State, ip: string, touched: string | undefined): Promise<void> {
  const process = state.processes.get(ip);
  if (process === undefined || process.config === '' || process.touched === touched) return;
  process.touched = touched;
  process.hash = await readHash(state, process.config);
}

async function readHash({ server }: State, name: string): Promise<string | undefined> {
  if (name === '') return undefined;
  const config = await server.cluster.get('ConfigMap', { namespace: server.namespace, name });
  return config?.metadata.annotations?.[CONFIG_HASH];
}

/** Whatever has a spec with containers. */
type Loose = Readonly<Record<string, unknown>>;

interface Named {
  readonly name: string;
  readonly image: string;
}

const containersOf = (pod: Loose): readonly Named[] => (pod.spec as { containers: readonly Named[] }).containers;

/** Status of a pod whose containers all run and are ready. */
export function serving(pod: Loose, ip: string) {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const conditions = ['Ready', 'ContainersReady', 'PodScheduled'];
  return {
    phase: 'Running',
    podIP: ip,
    podIPs: [{ ip }],
    conditions: conditions.map((type) => ({ type, status: 'True', lastTransitionTime: now })),
    containerStatuses: containersOf(pod).map((container) => ({
      ...containerStatus(container),
      ready: true,
      state: { running: { startedAt: now } },
    })),
  };
}

function ended(pod: KubeObject, failure: string | undefined) {
  const good = { exitCode: 0, reason: 'Completed' };
  const bad = { exitCode: 1, reason: 'Error', message: failure };
  return {
    phase: failure === undefined ? 'Succeeded' : 'Failed',
    containerStatuses: containersOf(pod).map((container) => ({
      ...containerStatus(container),
      ready: false,
      state: { terminated: failure === undefined ? good : bad },
    })),
  };
}

const containerStatus = ({ name, image }: Named) => ({ name, image, imageID: '', restartCount: 0 });
