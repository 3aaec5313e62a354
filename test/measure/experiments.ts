import { setTimeout as sleep } from 'node:timers/promises';
import { onlyPod } from '../support/inside.ts';
import { passedOn } from './access-log.ts';
import { burst, stampede } from './burst.ts';
import { percent, type Result, type Row, statuses } from './figures.ts';
import { type Isolation, mixUsers } from './isolation.ts';
import { type Race, race } from './keepalive-race.ts';
import { type Line, openLine, type Target, tally } from './line.ts';
import { rolloutUnderLoad } from './rollout.ts';
import { type Bench, changeStack, type Stack, UNLIMITED } from './stacks.ts';
import { type StuckCrowd, type StuckQuery, stuckCrowd, stuckQuery } from './stuck-query.ts';
import { type EnginePool, workerPools } from './worker-pool.ts';

/** The experiments: each measures the guide's value and ours in one run, on the same node. */
export type Experiment = (bench: Bench) => Promise<Result>;

export const EXPERIMENTS: Readonly<Record<string, Experiment>> = {
  a: whoseAnswer,
  b: fortyAtOnce,
  c: idlePosts,
  d: rollingUpdate,
  e: stuckForAMinute,
  f: coldKey,
  g: poolInside,
  h: crowdedWorker,
};

async function whoseAnswer({ plain, ours }: Bench): Promise<Result> {
  const mix = { requests: 10_000, connections: 12 };
  const run = String(Date.now());
  const asStated = await along(plain.cache, 12, (line) => mixUsers(line, { ...mix, run }));
  const withBypass = await along(plain.bypass, 12, (line) => mixUsers(line, { ...mix, run }));
  const own = await along(ours.edge, 12, (line) => mixUsers(line, { ...mix, run }));
  const both = (value: (side: Isolation) => number | string): Row['guide'] =>
    `${value(asStated)}; with BYPASS ${value(withBypass)}`;
  return {
    id: 'a',
    title: 'users and strangers ask for the same URLs: who gets whose answer',
    rows: [
      { what: 'requests', guide: both((side) => side.requests), ours: own.requests },
      { what: 'answers that belong to somebody else', guide: both((side) => side.foreign), ours: own.foreign },
      {
        what: 'answers to a named user from the cache',
        guide: both((side) => side.personalFromCache),
        ours: own.personalFromCache,
      },
      { what: 'other failures', guide: both((side) => side.failed), ours: own.failed },
      {
        what: 'strangers on public pages: from the cache',
        guide: both((side) => percent(side.publicHits, side.publicAsked)),
        ours: percent(own.publicHits, own.publicAsked),
      },
    ],
    raw: { asStated, withBypass, ours: own },
  };
}

/** The limiter forgets what it has counted at 10 a second. */
const LIMITER_REST_MS = 4000;

async function fortyAtOnce({ kubectl, plain, ours }: Bench): Promise<Result> {
  const path = `/api/products?burst=${Date.now()}`;
  const measured = async (line: Line) => {
    await line.ask({ path });
    await sleep(LIMITER_REST_MS);
    return burst(line, path, 40);
  };
  const guide = await along(plain.limiter, 40, measured);
  await changeStack(kubectl, ours, { edge: { rateLimit: null, connectionLimit: null } });
  const own = await along(ours.edge, 40, measured);
  await changeStack(kubectl, ours, { edge: UNLIMITED });
  return {
    id: 'b',
    title: '40 requests of one client at once, at 10 a second and a burst of 20',
    rows: [
      { what: 'answers', guide: statuses(guide.statuses), ours: statuses(own.statuses) },
      { what: 'answered after more than 0.5 s', guide: guide.held, ours: own.held },
      { what: 'slowest answered, ms', guide: guide.slowestAnsweredMs, ours: own.slowestAnsweredMs },
      { what: 'slowest refused, ms', guide: guide.slowestRefusedMs, ours: own.slowestRefusedMs },
    ],
    raw: { guide, ours: own },
  };
}

/** As many clients a lane as the guide's nginx keeps idle connections; pauses around the 5 s of the guide's backend. */
const RACE = { posts: 3072, clients: 32, pauseMs: 5000, spreadMs: 10 };
const LANES = ['lane1', 'lane2', 'lane3', 'lane4'] as const;

async function idlePosts({ kubectl, plain, ours }: Bench): Promise<Result> {
  const raceAlong = async (targets: readonly Target[]): Promise<Race> => {
    const lines = targets.map((target) => openLine(target, RACE.clients));
    const result = await race(lines, RACE);
    await Promise.all(lines.map((line) => line.close()));
    return result;
  };
  const keepIdle = (upstreamKeepalive: object) => changeStack(kubectl, ours, { edge: { upstreamKeepalive } });
  const connections = RACE.clients * LANES.length;
  await keepIdle({ connections });
  const [guide, derived] = await Promise.all([
    raceAlong(LANES.map((lane) => plain[lane])),
    raceAlong(LANES.map(() => ours.edge)),
  ]);
  await keepIdle({ connections, timeoutSeconds: 5 }); // The backend's own 20 s follow from it.
  const atOwnTimeout = await raceAlong(LANES.map(() => ours.edge));
  await keepIdle({ connections: null, timeoutSeconds: null });
  return {
    id: 'c',
    title: 'POSTs after pauses of about 5 s',
    rows: [
      { what: 'POSTs; backend 5 s under nginx 60 s, ours 75 under 60', guide: guide.posts, ours: derived.posts },
      { what: 'lost (502)', guide: lost(guide), ours: lost(derived) },
      { what: 'POSTs; ours 20 under 5', guide: undefined, ours: atOwnTimeout.posts },
      { what: 'lost (502)', guide: undefined, ours: lost(atOwnTimeout) },
    ],
    raw: { race: RACE, lanes: LANES.length, guide, derived, atOwnTimeout },
  };
}

const lost = (result: Race): string => `${result.lost} (${percent(result.lost, result.posts)})`;

async function rollingUpdate({ kubectl, guide, ours }: Bench): Promise<Result> {
  const mark = String(Date.now());
  const theirs = await rolloutUnderLoad(kubectl, guide, mark);
  const own = await rolloutUnderLoad(kubectl, ours, mark);
  return {
    id: 'd',
    title: 'rolling update of 4 workers under 160 clients, then 320; max_connections 100',
    rows: [
      { what: 'connections that PostgreSQL refused', guide: theirs.refused, ours: own.refused },
      { what: 'most connections open at once', guide: theirs.mostOpen, ours: own.mostOpen },
      { what: 'answers', guide: statuses(theirs.statuses), ours: statuses(own.statuses) },
    ],
    raw: { guide: theirs, ours: own },
  };
}

const CROWD = 200;
/** As many threads as the pool has connections, which INV-11 warns of: who holds a connection then waits for a thread. */
const FEW_THREADS = 11;

async function stuckForAMinute({ kubectl, guide, ours }: Bench): Promise<Result> {
  const crowd = (stack: Stack) => stuckCrowd(kubectl, stack, CROWD);
  const [theirs, own] = await Promise.all([stuckQuery(kubectl, guide), stuckQuery(kubectl, ours)]);
  const [theirCrowd, ownCrowd] = await Promise.all([crowd(guide), crowd(ours)]);
  const told = (one: StuckQuery) => `${one.status} after ${one.seconds} s${one.isJson ? ', JSON' : ''}`;
  const toldAll = (all: StuckCrowd) => `${statuses(all.statuses)}; the last after ${all.slowestSeconds} s`;
  return {
    id: 'e',
    title: 'a lock holds a query for more than a minute',
    rows: [
      { what: 'one client is told', guide: told(theirs), ours: told(own) },
      { what: 'queries left in the database', guide: theirs.leftBehind, ours: own.leftBehind },
      { what: `${CROWD} clients are told`, guide: toldAll(theirCrowd), ours: toldAll(ownCrowd) },
    ],
    raw: { alone: { guide: theirs, ours: own }, crowd: { guide: theirCrowd, ours: ownCrowd } },
  };
}

async function coldKey({ kubectl, plain, ours }: Bench): Promise<Result> {
  const path = `/api/products/1?cold=${Date.now()}`;
  const count = 200;
  const theirs = await along(plain.cache, count, (line) => stampede(line, path, count));
  const own = await along(ours.edge, count, (line) => stampede(line, path, count));
  const edge = await onlyPod(kubectl, ours.namespace, ours.name, 'edge');
  const { namespace } = ours;
  const theirUpstream = await passedOn(kubectl, { namespace, pod: 'guide-nginx' }, path, count);
  const ownUpstream = await passedOn(kubectl, { namespace, pod: edge.name }, path, count);
  return {
    id: 'f',
    title: '200 requests at once for what no cache has yet',
    rows: [
      { what: 'requests passed on to the backend', guide: theirUpstream, ours: ownUpstream },
      { what: 'X-Cache-Status', guide: statuses(theirs), ours: statuses(own) },
    ],
    raw: { guide: { outcomes: theirs, passedOn: theirUpstream }, ours: { outcomes: own, passedOn: ownUpstream } },
  };
}

async function poolInside({ kubectl, guide, ours }: Bench): Promise<Result> {
  const ask = ({ namespace, name }: Stack) => workerPools(kubectl, { namespace, profile: name });
  const [theirs, own] = [await ask(guide), await ask(ours)];
  const said = (pool: EnginePool | undefined) =>
    pool === undefined
      ? 'no greenlet in the image'
      : `${pool.class} ${pool.size} + ${pool.max_overflow}, waits ${pool.timeout} s, recycles at ${pool.recycle} s${pool.pre_ping ? ', pings' : ''}`;
  return {
    id: 'g',
    title: 'what SQLAlchemy says inside a worker of an image that has 77 + 78 in its code',
    rows: [
      { what: 'create_engine', guide: said(theirs.sync), ours: said(own.sync) },
      { what: 'create_async_engine', guide: said(theirs.async), ours: said(own.async) },
    ],
    raw: { guide: theirs, ours: own },
  };
}

/** One request takes a connection in one thread and goes on in another: between the two it holds it and waits for a thread. */
async function crowdedWorker({ kubectl, guide, ours }: Bench): Promise<Result> {
  const request = { path: '/api/users/me', headers: { authorization: 'Bearer token-bob' } };
  const crowd = async (stack: Stack) => {
    const started = performance.now();
    const replies = await along(stack.edge, CROWD, (line) =>
      Promise.all(Array.from({ length: CROWD }, () => line.ask(request))),
    );
    return { statuses: tally(replies), seconds: Math.round((performance.now() - started) / 100) / 10 };
  };
  const [theirs, own] = [await crowd(guide), await crowd(ours)];
  await changeStack(kubectl, ours, { backend: { threadTokens: FEW_THREADS } });
  const fewThreads = await crowd(ours);
  await changeStack(kubectl, ours, { backend: { threadTokens: null } });
  const said = (one: typeof own) => `${statuses(one.statuses)}; all in ${one.seconds} s`;
  return {
    id: 'h',
    title: `${CROWD} requests at once that hold a connection from one thread to the next`,
    rows: [
      { what: 'answers', guide: said(theirs), ours: said(own) },
      { what: `the same with ${FEW_THREADS} threads a worker`, guide: undefined, ours: said(fewThreads) },
    ],
    raw: { guide: theirs, ours: own, fewThreads },
  };
}

async function along<T>(target: Target, connections: number, use: (line: Line) => Promise<T>): Promise<T> {
  const line = openLine(target, connections);
  try {
    return await use(line);
  } finally {
    await line.close();
  }
}
