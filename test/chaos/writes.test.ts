import { afterAll, describe, expect, it } from 'vitest';
import type { Kind } from '../../controller/cluster/resources.ts';
import type { OperatorProcess } from '../contract/replica.ts';
import { waitFor } from '../support/kubectl.ts';
import { busiest } from './asked.ts';
import { belongings, desiredOf, ownedOf, settleStrangers } from './exact.ts';
import { type Cut, cutAt, cutsOf, inLanes, kill, untilCut } from './kills.ts';
import { FULL, type Place, SHOP, useSite } from './site.ts';

/**
 * An operator that dies between two writes: killed at each write of making, changing and removing a stack, before the
 * API server hears of it and after, and started again. Class "intermediate state" of Sieve (Sun et al., OSDI 2022).
 */
const site = useSite();
const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 100_000);
const figures: string[] = [`seed ${seed}`];
/** Places at a time, for each of the three tests that run beside each other. */
const LANES = FULL ? 2 : 3;

/** Writes to make a stack, and to change it: how many of them tell the status differs from run to run. */
const LEAST = { make: 34, change: 20 };
const MOST = { make: 46, change: 36 };
const cuts = (what: keyof typeof LEAST, size: number) =>
  FULL ? cutsOf(MOST[what], undefined) : cutsOf(LEAST[what], { seed, size });

const whole = {
  edge: { hosts: ['shop.example'], cache: { api: { paths: ['/api/products'] } } },
  backend: { image: 'shop/backend:1', migrate: { command: ['python', 'seed_db.py'] }, workers: 2, pool: { size: 5 } },
  frontend: { image: 'shop/frontend:1' },
  uploads: { path: '/uploads/', backendPath: '/app/uploads', size: '1Gi' },
  postgres: { storage: { size: '1Gi' } },
};
/** A tier is gone, another migration runs, the edge loads anew, the database starts anew. */
const changed = {
  edge: { hosts: ['shop.example'], rateLimit: { api: { requestsPerSecond: 30, burst: 20 } } },
  backend: { ...whole.backend, image: 'shop/backend:2', workers: 1 },
  uploads: whole.uploads,
  postgres: { ...whole.postgres, maxConnections: 60 },
};

/** A stack under way: its place, and what stood there before. */
interface Scene {
  readonly place: Place;
  readonly strangers: () => Promise<string[]>;
}

async function newScene(): Promise<Scene> {
  const place = await site.newPlace();
  return { place, strangers: await settleStrangers(place) };
}

/** Exactly what the profile says, nothing of others touched, and never more asked than a start has to. */
async function expectExact({ place, strangers }: Scene): Promise<void> {
  expect(await ownedOf(place)).toEqual(await desiredOf(place));
  expect(await strangers()).toEqual([]);
  expect(busiest(place.proxy.seen, 1_000)).toBeLessThan(300);
}

/** Sets the operator to work on a spec and kills it at that write; says how many it had made when it was over. */
async function workUntil(place: Place, operator: OperatorProcess, cut: Cut, spec: object): Promise<number> {
  const cutting = cutAt(place, cut, () => kill(operator));
  await place.apply(spec);
  const wasCut = await untilCut(place, operator, cutting);
  // A sample that was never made proves nothing.
  if (!FULL) expect(wasCut, `${cutting.count()} writes`).toBe(true);
  return cutting.count();
}

/** What may be made once: whoever runs a migration again runs it on data that has changed. */
const MADE_ONCE = ['jobs', 'statefulsets', 'persistentvolumeclaims'];

function madeTwice({ proxy }: Place): string[] {
  const made = proxy.seen.filter(({ kind, status }) => kind === 'write' && status === 201);
  const names = made.filter(({ resource }) => MADE_ONCE.includes(resource)).map(({ name }) => name ?? '');
  return names.filter((name, index) => names.indexOf(name) !== index);
}

const left = (place: Place, kind: Kind) => place.server.cluster.list(kind, { namespace: place.server.namespace });

afterAll(() => {
  process.stderr.write(`writes: ${figures.join(', ')}\n`);
});

async function makeCut(cut: Cut): Promise<number> {
  const scene = await newScene();
  const { place } = scene;
  const count = await workUntil(place, await place.start(), cut, whole);
  await place.start();
  await place.ready();
  await expectExact(scene);
  expect(madeTwice(place)).toEqual([]);
  await place.close();
  return count;
}

/** There and back, one stack for many kills. */
async function changeCuts(mine: readonly Cut[]): Promise<number> {
  const scene = await newScene();
  const { place } = scene;
  let operator = await place.start();
  await place.apply(whole);
  await place.ready();
  let most = 0;
  for (const [index, cut] of mine.entries()) {
    const spec = index % 2 === 0 ? changed : whole;
    const told = (error: Error) => Promise.reject(new Error(`${JSON.stringify(cut)}: ${error.message}`));
    most = Math.max(most, await workUntil(place, operator, cut, spec).catch(told));
    if (!operator.isRunning()) operator = await place.start();
    await place.ready();
    await expectExact(scene);
  }
  await place.close();
  return most;
}

/** Somebody deletes the profile at that write; the operator dies of nothing, or at the same time. */
async function deleteCut({ cut, dies }: { readonly cut: Cut; readonly dies: boolean }): Promise<void> {
  const { place, strangers } = await newScene();
  const { cluster } = place.server;
  const operator = await place.start();
  const { metadata } = await place.apply({ ...whole, suspend: true });
  const cutting = cutAt(place, cut, async () => {
    await cluster.delete('PerformanceProfile', metadata, { uid: metadata.uid });
    if (dies) await kill(operator);
    else place.proxy.hook = async () => true;
  });
  await place.apply(whole);
  const wasCut = await untilCut(place, operator, cutting, dies);
  if (!FULL) expect(wasCut, `${cutting.count()} writes`).toBe(true);
  if (!wasCut) return place.close();
  if (dies) await place.start();
  await waitFor('nothing of the stack to be left', async () => {
    const names = (await belongings(place)).map(({ kind, metadata: { name } }) => `${kind}/${name}`);
    if (names.length > 0) throw new Error(names.join(', '));
    // One that lives on may have had more in hand.
    return performance.now() - (place.proxy.seen.findLast(({ kind }) => kind === 'write')?.atMs ?? 0) > 1_000;
  });
  expect(await strangers()).toEqual([]);
  // What holds data stays, and is not made where there was none.
  const names = (await left(place, 'Secret')).items.map(({ metadata: { name } }) => name);
  expect(names.every((name) => name.startsWith(SHOP))).toBe(true);
  await place.close();
}

/** Cuts for one stack each. */
function dealt<T>(all: readonly T[], hands: number): T[][] {
  return Array.from({ length: hands }, (_, hand) => all.filter((_one, index) => index % hands === hand));
}

describe.concurrent('an operator that is killed at a write', () => {
  it('making a stack: the next one makes it exact, and nothing twice', async () => {
    const counts: number[] = [];
    const run = async (cut: Cut) => void counts.push(await makeCut(cut));
    expect(await inLanes(LANES, cuts('make', 1), run)).toEqual([]);
    figures.push(`${counts.length} kills while a stack is made (${Math.max(...counts)} writes)`);
  });

  it('changing a stack: the next one changes the rest, and removes what nobody wants any more', async () => {
    const counts: number[] = [];
    const all = cuts('change', 1);
    const run = async (mine: readonly Cut[]) => void counts.push(await changeCuts(mine));
    expect(await inLanes(LANES, dealt(all, Math.min(LANES, all.length)), run)).toEqual([]);
    figures.push(`${all.length} kills while it is changed (${Math.max(...counts)} writes)`);
  });

  it('making a stack whose profile is deleted under its hands: nothing is left but data', async () => {
    const ways = FULL ? [true, false] : [seed % 2 === 0];
    const all = cuts('make', 1).flatMap((cut) => ways.map((dies) => ({ cut, dies })));
    expect(await inLanes(LANES, all, deleteCut)).toEqual([]);
    figures.push(`${all.length} deletions at a write`);
  });
});
