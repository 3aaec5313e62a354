import { createHash } from 'node:crypto';
import { CONFIG_HASH, PROFILE_LABEL, REFRESH, TIER_LABEL } from '../../charts/kit/labels.ts';
import { configName } from '../../charts/kit/names.ts';
import type { KubeObject, ObjectRef } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import type { Random } from '../../controller/loop/clock.ts';
import { type Proof, unreachable } from '../../controller/probe/proof.ts';
import { type Actor, createActor } from './actor.ts';
import { wallClock } from './host.ts';
import { between } from './random.ts';
import type { SimServer } from './server/api-server.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Stands in for the controllers of workloads, the kubelet, and what runs in the pods. */
export interface Puppets {
  /** What the process at an address has loaded. */
  readonly ask: (ip: string) => Proof;
}

interface Process {
  readonly pod: ObjectRef & { readonly uid: string };
  readonly config: string;
  touched: string | undefined;
  hash: string | undefined;
}

interface State {
  readonly actor: Actor;
  readonly time: VirtualTime;
  readonly processes: Map<string, Process>;
  readonly later: (id: string, run: () => void) => void;
  addresses: number;
}

const WORKLOADS: ReadonlySet<Kind> = new Set<Kind>(['Deployment', 'StatefulSet', 'Job']);
/** A volume is looked at by itself this often (kubelet, sync frequency of 60 s and its cache). */
const VOLUME_SYNC_MS = 75_000;

/** Starts at once. */
export function startPuppets(server: SimServer, time: VirtualTime, random: Random): Puppets {
  const waiting = new Set<string>();
  const state: State = {
    actor: createActor(server, 'kubelet'),
    time,
    processes: new Map(),
    addresses: 0,
    later: (id, run) => {
      if (waiting.has(id)) return;
      waiting.add(id);
      time.after(between(random, 5, 900), () => {
        waiting.delete(id);
        run();
      });
    },
  };
  server.storage.onChange(({ kind, before, after }) => {
    const { kind: owner, name } = kind === 'Pod' ? ownerOf((after ?? before)?.object) : { kind, name: '' };
    const object = (after ?? before)?.object as KubeObject;
    if (kind === 'Pod' && after !== undefined) refreshed(state, after.object);
    if (!WORKLOADS.has(owner as Kind)) return;
    const ref = { namespace: object.metadata.namespace, name: name === '' ? object.metadata.name : name };
    state.later(`${owner} ${ref.namespace}/${ref.name}`, () => step(state, owner as Kind, ref));
  });
  return {
    ask: (ip) => {
      const hash = state.processes.get(ip)?.hash;
      if (hash === undefined) return unreachable('nothing runs there');
      return { loaded: hash, refusal: undefined, pendingRestart: [], unreachable: undefined };
    },
  };
}

/** A pod tells its workload by an annotation, since no ReplicaSets are made here. */
const WORKLOAD = 'sim/workload';
const TEMPLATE = 'sim/template';

function ownerOf(pod: KubeObject | undefined): { readonly kind: string; readonly name: string } {
  const [kind = '', name = ''] = (pod?.metadata.annotations?.[WORKLOAD] ?? '').split('/');
  return { kind, name };
}

interface Template {
  readonly metadata?: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image: string }[] };
}

const again = (state: State, kind: Kind, ref: ObjectRef) =>
  state.later(`${kind} ${ref.namespace}/${ref.name}`, () => step(state, kind, ref));

/** One step of a rollout: its next change calls for the next step. */
function step(state: State, kind: Kind, ref: ObjectRef): void {
  const { actor } = state;
  const workload = actor.get(kind, ref);
  const pods = podsOf(actor, kind, ref);
  if (workload === undefined || workload.metadata.deletionTimestamp !== undefined) {
    for (const pod of pods) end(state, pod);
    return;
  }
  const { template = {} } = workload.spec as { template?: Template };
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 8);
  const isCurrent = ({ metadata }: KubeObject) =>
    metadata.annotations?.[TEMPLATE] === hash && metadata.annotations?.['sim/of'] === workload.metadata.uid;
  const old = pods.filter((pod) => !isCurrent(pod));
  const current = pods.find(isCurrent);
  const ended = kind === 'Job' && conditionOf(workload, 'Complete');
  if (kind === 'StatefulSet' && old.length > 0) end(state, old[0] as KubeObject);
  else if (current === undefined && !ended) makePod(actor, { kind, workload, template, hash });
  else if (current !== undefined && current.status === undefined) begin(state, current);
  else if (old.length > 0) end(state, old[0] as KubeObject);
  report(actor, {
    kind,
    ref,
    workload,
    current: podsOf(actor, kind, ref).find(isCurrent),
    total: podsOf(actor, kind, ref).length,
  });
  const isBusy = old.length > 0 || current?.status === undefined;
  if (isBusy && !ended) again(state, kind, ref);
}

const podsOf = (actor: Actor, kind: Kind, { namespace, name }: ObjectRef): KubeObject[] =>
  actor
    .list('Pod')
    .filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.annotations?.[WORKLOAD] === `${kind}/${name}`,
    );

const refOf = ({ metadata: { namespace, name } }: KubeObject): ObjectRef => ({ namespace, name });

function end({ actor, processes }: State, pod: KubeObject): void {
  for (const [ip, process] of processes) if (process.pod.uid === pod.metadata.uid) processes.delete(ip);
  actor.remove('Pod', refOf(pod));
}

interface Making {
  readonly kind: Kind;
  readonly workload: KubeObject;
  readonly template: Template;
  readonly hash: string;
}

function makePod(actor: Actor, { kind, workload, template, hash }: Making): void {
  const { name, namespace, uid } = workload.metadata;
  const owner =
    kind === 'Deployment'
      ? { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${hash}`, uid: `rs-${uid}-${hash}` }
      : { apiVersion: workload.apiVersion, kind, name, uid };
  const { labels, annotations } = template.metadata ?? {};
  const job = kind === 'Job' ? { 'batch.kubernetes.io/job-name': name } : {};
  const metadata = {
    name: kind === 'StatefulSet' ? `${name}-0` : `${name}-${hash}-${uid.slice(-4)}`,
    labels: { ...labels, ...job },
    annotations: { ...annotations, [WORKLOAD]: `${kind}/${name}`, [TEMPLATE]: hash, 'sim/of': uid },
    ownerReferences: [{ ...owner, controller: true }],
  };
  actor.create({ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, namespace }, spec: template.spec }, namespace);
}

/** The process starts, with what lies in its volume by now. */
function begin(state: State, pod: KubeObject): void {
  const { actor, time, processes } = state;
  const { labels = {}, namespace, name, uid, annotations } = pod.metadata;
  const tier = labels[TIER_LABEL];
  const config = tier === 'edge' || tier === 'postgres' ? configName(labels[PROFILE_LABEL] ?? '', tier) : '';
  state.addresses += 1;
  const ip = `192.0.2.${state.addresses}`;
  const process = { pod: { namespace, name, uid }, config, touched: annotations?.[REFRESH], hash: undefined };
  processes.set(ip, process);
  load(state, process);
  syncVolume(state, ip);
  const startedAt = wallClock(time).toISOString();
  const containers = (pod.spec as Template['spec'])?.containers ?? [];
  const status = {
    phase: 'Running',
    podIP: ip,
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: containers.map(({ name: container, image }) => ({
      name: container,
      image,
      ready: true,
      state: { running: { startedAt } },
    })),
  };
  actor.patch('Pod', { namespace, name }, { status }, 'status');
}

function load({ actor }: State, process: Process): void {
  if (process.config === '') return;
  const { namespace } = process.pod;
  process.hash = actor.get('ConfigMap', { namespace, name: process.config })?.metadata.annotations?.[CONFIG_HASH];
}

function syncVolume(state: State, ip: string): void {
  const process = state.processes.get(ip);
  if (process === undefined || process.config === '') return;
  load(state, process);
  state.time.after(VOLUME_SYNC_MS, () => syncVolume(state, ip));
}

/** A touch makes the kubelet look at the volume at once. */
function refreshed(state: State, { metadata }: KubeObject): void {
  for (const process of state.processes.values()) {
    const touched = metadata.annotations?.[REFRESH];
    if (process.pod.uid !== metadata.uid || process.touched === touched) continue;
    process.touched = touched;
    state.time.after(800, () => load(state, process));
  }
}

const conditionOf = ({ status }: KubeObject, type: string): boolean =>
  ((status as { conditions?: { type: string }[] } | undefined)?.conditions ?? []).some((one) => one.type === type);

interface Reported {
  readonly kind: Kind;
  readonly ref: ObjectRef;
  readonly workload: KubeObject;
  readonly current: KubeObject | undefined;
  readonly total: number;
}

function report(actor: Actor, { kind, ref, workload, current, total }: Reported): void {
  const ready = current?.status === undefined ? 0 : 1;
  if (kind === 'Job') {
    const done = { active: 0, succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] };
    if (!conditionOf(workload, 'Complete'))
      actor.patch(kind, ref, { status: ready === 1 ? done : { active: 1 } }, 'status');
    return;
  }
  const status = {
    observedGeneration: workload.metadata.generation,
    replicas: total,
    updatedReplicas: current === undefined ? 0 : 1,
    readyReplicas: ready,
    availableReplicas: ready,
  };
  actor.patch(kind, ref, { status }, 'status');
}
