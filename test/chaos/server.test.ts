import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/kubectl.ts';
import type { Asked } from './asked.ts';
import { GONE_LINE, refuse } from './faults.ts';
import { compact, killFirstServer, reviveFirstServer, type SecondServer, startSecondServer } from './second-server.ts';
import { CLUSTER, FULL, useSite } from './site.ts';
import { smallSpec, startWatchStage, type WatchStage } from './watch-stage.ts';

/** The API server itself: slow to admit, restarted, away for a minute, without its history, one of two. */
const site = useSite();
const figures: string[] = [];
let stage: WatchStage;
let second: SecondServer | undefined;
let first = '';

/** What is promised of the time after the API server is back. */
const BACK_MS = 35_000;
const told = (what: string, ms: number) => figures.push(`${what} ${(ms / 1000).toFixed(2)} s`);

/** Edits the profile; milliseconds until the operator has written what follows from it. */
async function edit(requestsPerSecond: number): Promise<number> {
  const mark = stage.mark();
  const startedMs = performance.now();
  await stage.place.apply(smallSpec(requestsPerSecond));
  const written = await waitFor('the ConfigMap of the edit', async () =>
    stage.since(mark, 'write', 'configmaps').find(({ status }) => status === 200),
  );
  // Also those that make the pods must have found their server again.
  await stage.place.ready(120_000);
  return written.atMs - startedMs;
}

const isObjectWrite = ({ kind, resource }: Asked) => kind === 'write' && resource === 'configmaps';

beforeAll(async () => {
  stage = await startWatchStage(site);
  first = stage.place.proxy.route(stage.place.proxy.seen[0] as Asked) ?? '';
});
afterAll(async () => {
  await second?.stop();
  process.stderr.write(`server: ${figures.join(', ')}\n`);
});

describe('an API server that is busy', () => {
  it.each(
    [
      ['429', 429],
      ['503', 503],
    ].slice(FULL ? 0 : 1) as [string, number][],
  )('and answers a write by %s is asked again when it says', async (_title, status) => {
    const mark = stage.mark();
    const undo = stage.place.proxy.answering(refuse(isObjectWrite, status, 2));
    await stage.place.apply(smallSpec(status % 50));
    const tries = await waitFor('a second try', async () => {
      const found = stage.since(mark, 'write', 'configmaps');
      const again = found.findLast(({ name }) => name === found[0]?.name);
      return again !== found[0] && again !== undefined && [found[0], again];
    });
    undo();
    expect((tries[1]?.atMs ?? 0) - (tries[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(2_000);
    await stage.exact();
  });
});

describe('an API server that is gone', () => {
  it('for the history of one kind is asked for a list of that kind alone', async () => {
    const stream = await stage.stream('configmaps');
    const mark = stage.mark();
    stream.send(GONE_LINE);
    await waitFor('the list', async () => stage.since(mark, 'list', 'configmaps').length > 0);
    told('an edit after 410', await edit(45));
    expect(stage.since(mark, 'list', 'configmaps')).toHaveLength(1);
    expect(
      ['services', 'deployments', 'performanceprofiles'].flatMap((kind) => stage.since(mark, 'list', kind)),
    ).toEqual([]);
  });

  it('and comes back without its history is listed once for each kind', async () => {
    const { proxy } = stage.place;
    const watched = new Set([...proxy.streams].map(({ asked }) => asked.resource));
    stage.operator.kill('SIGSTOP');
    // Every kind of the stack must have a version behind what is left.
    await stage.place.apply(smallSpec(33));
    await compact(CLUSTER);
    await killFirstServer(CLUSTER);
    await reviveFirstServer(CLUSTER);
    const mark = stage.mark();
    const backMs = performance.now();
    stage.operator.kill('SIGCONT');
    const written = await waitFor('the ConfigMap of the edit', async () =>
      stage.since(mark, 'write', 'configmaps').find(({ status }) => status === 200),
    );
    told('restart with compaction', written.atMs - backMs);
    expect(written.atMs - backMs).toBeLessThan(BACK_MS);
    await stage.place.ready(120_000);
    const lists = () => proxy.seen.slice(mark).filter(({ kind, status }) => kind === 'list' && status === 200);
    const listed = (kind: string) => lists().filter(({ resource }) => resource === kind).length;
    await waitFor('a list of each kind', async () => [...watched].every((kind) => listed(kind) > 0));
    await waitFor('a watch of each kind', async () => proxy.streams.size === watched.size);
    expect([...watched].filter((kind) => listed(kind) !== 1)).toEqual([]);
    figures.push(`a list of each of ${watched.size} kinds`);
    await stage.exact();
  });

  it.runIf(FULL)('for a minute is found again within 35 s', async () => {
    const mark = stage.mark();
    await killFirstServer(CLUSTER);
    const goneMs = performance.now();
    await waitFor('a minute', async () => performance.now() - goneMs > 60_000, 90_000);
    expect(stage.operator.isRunning()).toBe(true);
    figures.push(`${stage.place.proxy.seen.length - mark} tries in a minute without it`);
    await reviveFirstServer(CLUSTER);
    const ms = await edit(44);
    told('after a minute without it', ms);
    expect(ms).toBeLessThan(BACK_MS);
    await stage.exact();
  });
});

describe('two API servers', () => {
  it.runIf(FULL)('that are restarted in turn serve the operator all the time', async () => {
    second = await startSecondServer(CLUSTER);
    const { proxy } = stage.place;
    const { url } = second;
    let alive = [first, url];
    let turn = 0;
    // As a balancer does it: each request to the next of those that answer.
    proxy.route = () => alive[turn++ % alive.length];
    told('edit by two', await edit(46));
    alive = [url];
    await killFirstServer(CLUSTER);
    // The user's way is the first server; what is broken meanwhile must wait for it to be seen.
    await reviveFirstServer(CLUSTER);
    alive = [first, url];
    const afterFirst = await edit(47);
    told('after the first was restarted', afterFirst);
    alive = [first];
    second.kill();
    const afterSecond = await edit(48);
    told('after the second was gone', afterSecond);
    expect(Math.max(afterFirst, afterSecond)).toBeLessThan(BACK_MS);
    expect(stage.operator.isRunning()).toBe(true);
    proxy.route = () => first;
    await stage.exact();
  });
});
