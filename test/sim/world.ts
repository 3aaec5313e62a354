import type { ObjectRef } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import { KIND } from '../../crds/group.ts';
import type { synthesize } from '../../synth/synthesize.ts';
import { type Actor, createActor } from './actor.ts';
import { type Audit, createAudit } from './audit.ts';
import { type Faults, noFaults } from './faults.ts';
import { startGarbageCollection } from './garbage.ts';
import { edit, furnish, happen } from './happening.ts';
import { wallClock } from './host.ts';
import { startPuppets } from './puppets.ts';
import { seeded } from './random.ts';
import { OPERATOR_NAMESPACE, type Replica, startReplica } from './replica.ts';
import { FAULTS_END_MS, type Schedule } from './schedule.ts';
import { createSimServer, type SimServer } from './server/api-server.ts';
import { unsettled } from './settled.ts';
import { IMAGES, synthesizeSmall } from './stack.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';

/** Everything there is in a simulation. */
export interface World {
  readonly time: VirtualTime;
  readonly server: SimServer;
  readonly faults: Faults;
  readonly audit: Audit;
  readonly person: Actor;
  readonly replicas: readonly Replica[];
  /** Objects that somebody made under names of ours. */
  readonly strangers: { readonly kind: Kind; readonly ref: ObjectRef }[];
}

/** How to simulate. */
export interface SimulationOptions {
  /** Default: a small stack, quick to render. */
  readonly synthesize?: typeof synthesize | undefined;
  /** Keeps what happened. */
  readonly tells?: boolean | undefined;
}

/** What came of a schedule. */
export interface Report {
  /** Each begins with the oracle that was broken. */
  readonly violations: readonly string[];
  readonly story: readonly string[];
  readonly requests: number;
  /** Objects that were let go with their owner, taken back for it, and collected with it. */
  readonly collected: number;
  readonly writes: number;
  readonly peaks: { readonly second: number; readonly minute: number };
  /** From the end of the faults until all was settled. */
  readonly settledAfterMs: number;
}

/** O4: what is slowest, the pace of refused objects, comes again after 6 minutes. */
const SETTLES_WITHIN_MS = 460_000;
/** A line of a watch that never came is missed when the watch ends after the list that checks it is due. */
const SETTLES_WITHOUT_LINES_MS = 50 * 60_000;
const LOOK_MS = 3_000;
const QUIET_MS = 6_000;
const WATCHED_MS = 20_000;
const RESYNC_MS = 11 * 60_000;

/** Plays a schedule to its end, and judges it. */
export async function simulate(schedule: Schedule, options: SimulationOptions = {}): Promise<Report> {
  const world = build(schedule, options);
  const { time, audit } = world;
  schedule.wishes.forEach((wish, profile) => {
    edit(world, profile, wish);
  });
  for (const { atMs, action } of schedule.steps) time.after(atMs, () => happen(world, action));
  await time.runUntil(FAULTS_END_MS);
  mend(world);
  const settledAtMs = await settles(world, schedule, options);
  return {
    violations: audit.violations,
    story: audit.story,
    requests: audit.requests(),
    collected: audit.collected(),
    writes: audit.writes(),
    peaks: audit.peaks(),
    settledAfterMs: (settledAtMs ?? time.nowMs()) - FAULTS_END_MS,
  };
}

/** A world in which nothing has happened yet. */
export function build(
  schedule: Schedule,
  { synthesize: synthesizer = synthesizeSmall, tells = false }: SimulationOptions,
): World {
  const random = seeded(schedule.seed);
  const time = createVirtualTime();
  const server = createSimServer({ now: () => wallClock(time) });
  const faults = noFaults();
  const audit = createAudit(server, time, tells);
  const person = createActor(server, 'person');
  startGarbageCollection({ server, time, random, takenBack: audit.takenBack });
  const puppets = startPuppets(server, time, random);
  person.create({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: OPERATOR_NAMESPACE },
  });
  const allocatable = { cpu: '4', memory: '8Gi' };
  person.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' }, status: { allocatable } });
  furnish(person);
  bookmark(server, time);
  const replicas = Array.from({ length: schedule.replicas }, (_, process) =>
    startReplica({
      time,
      random,
      server,
      faults,
      puppets,
      process,
      elects: schedule.replicas > 1,
      clockRate: 1 + 0.3 * random(),
      synthesize: synthesizer,
      watched: {
        left: (method, path) => audit.left(process, method, path),
        done: (_method, path) => audit.done(path),
        write: (method, path, body) => audit.write(process, method, path, body),
      },
    }),
  );
  return { time, server, faults, audit, person, replicas, strangers: [] };
}

function bookmark(server: SimServer, time: VirtualTime): void {
  time.after(60_000, () => {
    server.watches.bookmark();
    bookmark(server, time);
  });
}

/** From here on nothing goes wrong. What the server refuses is mended too: it would be tried again for ever. */
function mend({ faults, server, replicas, person, strangers, audit }: World): void {
  audit.note('the faults are over');
  faults.calls.clear();
  faults.lines.clear();
  server.staleBy = 0;
  for (const replica of replicas) {
    replica.synthesisMs = 0;
    replica.killAt(Number.POSITIVE_INFINITY, true);
  }
  for (const { object } of server.storage.list(KIND)) {
    const { backend } = object.spec as { backend: { image: string } };
    if (backend.image === IMAGES.rejected)
      person.patch(KIND, object.metadata, { spec: { backend: { image: 'shop/backend:1' } } });
  }
  for (const { kind, ref } of strangers) {
    const found = person.get(kind, ref);
    if (found?.metadata.labels === undefined) person.remove(kind, ref);
  }
}

const loses = ({ steps }: Schedule): boolean =>
  steps.some(({ action }) => action.do === 'lines' && ['drop', 'reorder', 'duplicate'].includes(action.fault));

/** When everything was as it should be and nothing was written any more; undefined: not in time (O1, O2, O3, O4). */
async function settles(world: World, schedule: Schedule, options: SimulationOptions): Promise<number | undefined> {
  const { time, server, audit } = world;
  const synthesizer = options.synthesize ?? synthesizeSmall;
  const untilMs = FAULTS_END_MS + (loses(schedule) ? SETTLES_WITHOUT_LINES_MS : SETTLES_WITHIN_MS);
  for (;;) {
    await time.runUntil(time.nowMs() + LOOK_MS);
    const isQuiet = time.nowMs() - audit.lastWriteMs() >= QUIET_MS;
    const problems = isQuiet ? unsettled(server, synthesizer) : ['O2 something is still written'];
    if (problems.length === 0) {
      const settledAtMs = time.nowMs();
      problems.push(...(await disturbances(world, schedule)), ...unsettled(server, synthesizer));
      if (problems.length === 0) return settledAtMs;
      // Somebody was late, and in time.
      if (audit.lastWriteMs() < untilMs) continue;
    }
    if (time.nowMs() < untilMs) continue;
    audit.violations.push(...problems);
    return undefined;
  }
}

/** O2. Some worlds are watched over the resync, which is the last thing that could write. */
async function disturbances({ time, audit }: World, { seed }: Schedule): Promise<string[]> {
  const before = audit.writes();
  await time.runUntil(time.nowMs() + WATCHED_MS);
  if (seed % 8 === 0 && audit.writes() === before) await time.runUntil(time.nowMs() + RESYNC_MS);
  const more = audit.writes() - before;
  return more === 0 ? [] : [`O2 ${more} writes after everything was settled`];
}
