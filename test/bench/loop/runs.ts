import { setTimeout as sleep } from 'node:timers/promises';
import type { Kind } from '../../../controller/cluster/resources.ts';
import { waitFor } from '../../support/kubectl.ts';
import { Audit, isWrite, type Request, tallied } from './audit.ts';
import { type Contestant, type Running, start, usageOfPid } from './contestant.ts';
import { BURSTS, edgeConfigRef, manifestOf, NAMESPACE, nameOf, objectCounts } from './profile.ts';
import { startPuppet } from './puppet.ts';
import { type Server, startServer } from './server.ts';
import { startWitness, timeKey, type Witness } from './witness.ts';

/** What a round is to do. */
export interface RoundPlan {
  readonly contestant: Contestant;
  readonly profiles: number;
  /** Only the burst, or all that comes after it. */
  readonly whole: boolean;
  readonly editSeconds: number;
  /** Where the operator's log goes. */
  readonly folder: string;
}

/** Requests of the operator in one part of a round. */
export interface Counted {
  readonly requests: number;
  readonly writes: number;
  /** By what was asked. */
  readonly tally: Readonly<Record<string, number>>;
}

/** All that was measured in one round. Durations in milliseconds, memory in MiB. */
export interface Round {
  readonly contestant: string;
  readonly profiles: number;
  /** From the start of the process to its first write. */
  readonly coldStartMs: number;
  readonly burst: Counted & {
    readonly seconds: number;
    /** From before the request that made it to its status having been seen. */
    readonly applied: readonly number[];
    readonly ready: readonly number[];
    readonly cpuMs: number;
    readonly apiServerCpuMs: number;
    readonly peakMiB: number;
  };
  readonly idle: Counted & { readonly seconds: number; readonly cpuMs: number; readonly residentMiB: number };
  readonly edit?: Edited | undefined;
  readonly repair?: (Counted & { readonly made: readonly number[] }) | undefined;
  readonly restart?: (Counted & { readonly firstRequestMs: number; readonly restMs: number }) | undefined;
}

interface Edited extends Counted {
  readonly edits: number;
  readonly applied: readonly number[];
  readonly cpuMs: number;
  readonly apiServerCpuMs: number;
}

const EDITS_PER_SECOND = 5;
/** At most one a profile, or the next deletion would meet the last repair. */
const MOST_REPAIRS = 100;
const REPAIRS_PER_SECOND = 10;
const IDLE_SECONDS = 20;

interface Scene {
  readonly plan: RoundPlan;
  readonly server: Server;
  readonly witness: Witness;
  readonly audit: Audit;
  readonly operator: Running;
}

/** A fresh server, one operator, and what the plan says. */
export async function playRound(plan: RoundPlan): Promise<Round> {
  const server = await startServer();
  try {
    const puppet = await startPuppet(server, plan.profiles + 1);
    const witness = await startWitness(server);
    const audit = new Audit(server.auditLog);
    await server.cluster.create(manifestOf(nameOf(0)));
    const operator = await start(plan.contestant, server, plan.folder);
    try {
      return await play({ plan, server, witness, audit, operator });
    } catch (error) {
      throw new Error(`${plan.contestant.name} failed; it said last:\n${operator.lastWords()}`, { cause: error });
    } finally {
      await operator.end();
      audit.close();
      await Promise.all([witness.stop(), puppet.stop()]);
    }
  } finally {
    await server.end();
  }
}

async function play(scene: Scene): Promise<Round> {
  const { plan, witness, audit, operator } = scene;
  await witness.whenReady(1, 60_000);
  const first = await audit.takeUntilRest(plan.contestant.user);
  const coldStartMs = Math.min(...first.filter(isWrite).map(({ atMs }) => atMs)) - operator.startedAt.getTime();
  const burst = await playBurst(scene);
  await checkObjects(scene);
  const idle = await playIdle(scene);
  const common = { contestant: plan.contestant.name, profiles: plan.profiles, coldStartMs, burst, idle };
  if (!plan.whole) return common;
  const edit = await playEdits(scene);
  const repair = await playRepairs(scene);
  return { ...common, edit, repair, restart: await playRestart(scene) };
}

const counted = (requests: readonly Request[]): Counted => ({
  requests: requests.length,
  writes: requests.filter(isWrite).length,
  tally: tallied(requests),
});

async function playBurst({ plan, server, witness, audit, operator }: Scene): Promise<Round['burst']> {
  const before = operator.usage();
  const serverBefore = usageOfPid(server.pids['kube-apiserver']);
  const sentAt = new Map<string, number>();
  const begin = performance.now();
  const names = Array.from({ length: plan.profiles }, (_, index) => nameOf(index + 1));
  await Promise.all(
    names.map(async (name) => {
      sentAt.set(name, performance.now());
      await server.cluster.create(manifestOf(name));
    }),
  );
  await witness.whenReady(plan.profiles + 1, 60_000 + plan.profiles * 1_000);
  const latencies = (seen: ReadonlyMap<string, number>) =>
    names.map((name) => (seen.get(timeKey(name, 1)) ?? Number.NaN) - (sentAt.get(name) ?? Number.NaN));
  const lastMs = Math.max(...names.map((name) => witness.ready.get(timeKey(name, 1)) ?? 0));
  const requests = await audit.takeUntilRest(plan.contestant.user);
  const after = operator.usage();
  return {
    ...counted(requests),
    seconds: (lastMs - begin) / 1000,
    applied: latencies(witness.applied),
    ready: latencies(witness.ready),
    cpuMs: after.cpuMs - before.cpuMs,
    apiServerCpuMs: usageOfPid(server.pids['kube-apiserver']).cpuMs - serverBefore.cpuMs,
    peakMiB: after.peakMiB,
  };
}

/** Both operators have made the same, or nothing is comparable. */
async function checkObjects({ plan, server }: Scene): Promise<void> {
  const labelSelector = 'app.kubernetes.io/managed-by=pitcrew';
  for (const [kind, each] of objectCounts()) {
    const { items } = await server.cluster.list(kind as Kind, { namespace: NAMESPACE, labelSelector });
    const wanted = each * (plan.profiles + 1);
    if (items.length !== wanted) throw new Error(`${plan.contestant.name}: ${items.length} of ${wanted} ${kind}s`);
  }
}

async function playIdle({ plan, audit, operator }: Scene): Promise<Round['idle']> {
  const before = operator.usage();
  await sleep(IDLE_SECONDS * 1000);
  const { cpuMs, residentMiB } = operator.usage();
  const requests = counted(audit.take(plan.contestant.user));
  return { ...requests, seconds: IDLE_SECONDS, cpuMs: cpuMs - before.cpuMs, residentMiB };
}

/** So many a second whether the ones before are done or not. */
async function openLoop(count: number, perSecond: number, act: (index: number) => Promise<void>): Promise<void> {
  const begin = performance.now();
  const acts: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    await sleep(Math.max(0, begin + (index * 1000) / perSecond - performance.now()));
    const running = act(index);
    // Until all are awaited nobody listens, and a failure that nobody hears ends the process.
    running.catch(() => undefined);
    acts.push(running);
  }
  await Promise.all(acts);
}

async function playEdits({ plan, server, witness, audit, operator }: Scene): Promise<Edited> {
  const before = operator.usage();
  const serverBefore = usageOfPid(server.pids['kube-apiserver']);
  const edits = plan.editSeconds * EDITS_PER_SECOND;
  const applied: number[] = [];
  await openLoop(edits, EDITS_PER_SECOND, async (index) => {
    const name = nameOf((index % plan.profiles) + 1);
    const burst = BURSTS[(Math.floor(index / plan.profiles) + 1) % BURSTS.length];
    const sent = performance.now();
    const patch = { spec: { edge: { rateLimit: { api: { burst } } } } };
    const { object } = await server.cluster.patch('PerformanceProfile', { namespace: NAMESPACE, name }, patch);
    const key = timeKey(name, object.metadata.generation ?? 0);
    await waitFor(`the edit of ${key}`, async () => witness.applied.has(key), 30_000);
    applied.push((witness.applied.get(key) ?? Number.NaN) - sent);
  });
  const requests = await audit.takeUntilRest(plan.contestant.user);
  return {
    ...counted(requests),
    edits,
    applied,
    cpuMs: operator.usage().cpuMs - before.cpuMs,
    apiServerCpuMs: usageOfPid(server.pids['kube-apiserver']).cpuMs - serverBefore.cpuMs,
  };
}

async function playRepairs({ plan, server, witness, audit }: Scene): Promise<NonNullable<Round['repair']>> {
  const made: number[] = [];
  await openLoop(Math.min(MOST_REPAIRS, plan.profiles), REPAIRS_PER_SECOND, async (index) => {
    const name = edgeConfigRef(nameOf(index + 1)).slice('ConfigMap/'.length);
    const ref = { namespace: NAMESPACE, name };
    const found = await server.cluster.get('ConfigMap', ref);
    if (found === undefined) throw new Error(`${name} is not there`);
    const sent = performance.now();
    await server.cluster.delete('ConfigMap', ref, { uid: found.metadata.uid });
    await waitFor(`the repair of ${name}`, async () => (witness.made.get(name) ?? 0) > sent, 30_000);
    made.push((witness.made.get(name) ?? Number.NaN) - sent);
  });
  return { ...counted(await audit.takeUntilRest(plan.contestant.user)), made };
}

async function playRestart({ plan, server, audit, operator }: Scene): Promise<NonNullable<Round['restart']>> {
  const { user } = plan.contestant;
  await operator.end();
  audit.take(user);
  const again = await start(plan.contestant, server, plan.folder);
  try {
    const requests = await audit.takeUntilRest(user, 4_000);
    const times = requests.map(({ atMs }) => atMs - again.startedAt.getTime());
    return { ...counted(requests), firstRequestMs: Math.min(...times), restMs: Math.max(...times) };
  } finally {
    await again.end();
  }
}
