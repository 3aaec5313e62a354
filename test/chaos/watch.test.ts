import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/kubectl.ts';
import { about, drip, drop, duplicate, GONE_LINE, garble, late, refuse, reorder, stall, truncate } from './faults.ts';
import type { Fault } from './proxy.ts';
import { FULL, useSite } from './site.ts';
import type { LineFault, Stream } from './stream.ts';
import { expectCalm, smallSpec, startWatchStage, type WatchStage } from './watch-stage.ts';

/**
 * Watches that break in every way a network and a server break them, before a running operator with a stack. While it
 * lasts somebody deletes an object: how soon it is made again tells how blind the operator was.
 */
const site = useSite();
const figures: string[] = [];
/** Watches the usual way, and one that is soon tired of silence and holds each watch against a list. */
let usual: WatchStage;
let hasty: WatchStage;

const LASTS_MS = FULL ? 20_000 : 3_000;
const STALL_MS = 130_000;
const HASTY_MS = 3_000;
const watchOfServices = ({ kind, resource }: { kind: string; resource: string }) =>
  kind === 'watch' && resource === 'services';
const listOfServices = ({ kind, resource }: { kind: string; resource: string }) =>
  kind === 'list' && resource === 'services';

const told = (what: string, ms: number) => figures.push(`${what} ${(ms / 1000).toFixed(2)} s`);
const lasting = (ms: number) => {
  const startedMs = performance.now();
  return waitFor(`${ms} ms`, async () => performance.now() - startedMs >= ms, ms + 10_000);
};
/** The end of one that did not live for a second counts as a failure. */
const isOld = async (stream: Stream) =>
  waitFor('a watch that has lived', async () => performance.now() - stream.asked.atMs > 1_100);

/** How often Services are listed when their history is gone and the fault lasts for so long. */
async function listsAfterGone(what: string, fault: Fault, ms: number): Promise<number> {
  const stream = await usual.stream('services');
  await isOld(stream);
  const mark = usual.mark();
  const undo = usual.place.proxy.answering(fault);
  stream.send(GONE_LINE);
  await lasting(ms);
  undo();
  const lists = usual.since(mark, 'list', 'services').length;
  figures.push(`${lists} lists in ${ms / 1000} s of ${what}`);
  return lists;
}

beforeAll(async () => {
  [usual, hasty] = await Promise.all([
    startWatchStage(site),
    startWatchStage(site, { stallMs: HASTY_MS, verifyMs: 0 }),
  ]);
});
afterAll(() => {
  process.stderr.write(`watch: ${figures.join(', ')}\n`);
});

describe('a watch', () => {
  it('that is reset goes on from where it was, without a list', async () => {
    const stream = await usual.stream('services');
    await isOld(stream);
    const mark = usual.mark();
    stream.reset();
    told('reset', await usual.repair(usual.victim()));
    const [again] = usual.since(mark, 'watch', 'services');
    expect(again?.url).not.toContain('resourceVersion=0');
    expect(usual.since(mark, 'list', 'services')).toEqual([]);
    await usual.exact();
  });

  it.each<[string, (name: string) => LineFault]>([
    ['a broken line', (name) => garble(about('services', name, 'DELETED'))],
    ['half a line', (name) => truncate(about('services', name, 'DELETED'))],
    ['an event that is told twice', (name) => duplicate(about('services', name))],
    ['single bytes', () => drip],
  ])('loses nothing by %s', async (what, fault) => {
    await isOld(await usual.stream('services'));
    const mark = usual.mark();
    const name = usual.victim();
    const undo = usual.place.proxy.editing(fault(name));
    told(what, await usual.repair(name));
    await usual.exact();
    undo();
    expect(usual.since(mark, 'list', 'services')).toEqual([]);
    // One write for one deletion, however often it is told.
    expect(usual.since(mark, 'write', 'services')).toHaveLength(1);
  });

  it('whose events come in another order ends at what is there', async () => {
    const [one, other] = [usual.victim(), usual.victim()];
    const undo = usual.place.proxy.editing(reorder(about('services', one, 'DELETED')));
    await Promise.all([usual.repair(one), usual.repair(other)]);
    undo();
    await usual.exact();
  });

  it('that is late does not have the operator undo or repeat what it has just written', async () => {
    const { fault, release } = late();
    const undo = usual.place.proxy.editing((line, stream) =>
      stream.asked.resource === 'performanceprofiles' ? false : fault(line, stream),
    );
    const mark = usual.mark();
    await usual.place.apply(smallSpec(40));
    await waitFor('the new ConfigMap', async () =>
      usual.since(mark, 'write', 'configmaps').some(({ name, status }) => name?.includes('edge') && status === 200),
    );
    // In full beyond the 10 s for which an own write is believed against the watch.
    await lasting(FULL ? 12_000 : 1_000);
    undo();
    release();
    await usual.exact();
    const writes = usual.since(mark, 'write', 'configmaps');
    expect(writes.length).toBeLessThanOrEqual(FULL ? 3 : 1);
  });

  it('that ends again and again with nothing told is started again at once', async () => {
    for (let nth = 0; nth < (FULL ? 8 : 2); nth += 1) {
      const stream = await usual.stream('services');
      await waitFor('its end', async () => performance.now() - stream.asked.atMs > (FULL ? 2_500 : 1_100));
      const endedMs = performance.now();
      const mark = usual.mark();
      stream.end();
      const [next] = await waitFor('the next', async () => {
        const found = usual.since(mark, 'watch', 'services');
        return found.length > 0 && found;
      });
      expect((next?.atMs ?? 0) - endedMs).toBeLessThan(700);
    }
    told('after an end', await usual.repair(usual.victim()));
  });

  it('that is refused with 429 waits as long as it is told', async () => {
    const stream = await usual.stream('services');
    await isOld(stream);
    const mark = usual.mark();
    const undo = usual.place.proxy.answering(refuse(watchOfServices, 429, 3));
    stream.end();
    const tries = await waitFor('two tries', async () => {
      const found = usual.since(mark, 'watch', 'services');
      return found.length > 1 && found;
    });
    undo();
    expect((tries[1]?.atMs ?? 0) - (tries[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(3_000);
    told('after 429', await usual.repair(usual.victim()));
    await usual.exact();
  });

  it('whose history is gone, again and again, lists with a backoff', async () => {
    const gone: Fault = (asked) =>
      watchOfServices(asked) ? (response) => response.writeHead(200).end(GONE_LINE) : undefined;
    expect(await listsAfterGone('410', gone, LASTS_MS)).toBeLessThanOrEqual(7);
    told('after 410', await usual.repair(usual.victim()));
    await usual.exact();
  });

  it('whose list answers 500 lists with a backoff, and goes on', async () => {
    expect(await listsAfterGone('500', refuse(listOfServices, 500), LASTS_MS / 2)).toBeLessThanOrEqual(6);
    told('after 500', await usual.repair(usual.victim()));
    await usual.exact();
  });

  it('that tells of a profile deleted and made again while nobody looked means another one', async () => {
    const { place } = usual;
    const stream = await usual.stream('performanceprofiles');
    const undo = place.proxy.editing(stall((one) => one === stream));
    const { metadata } = await place.profile();
    await place.server.cluster.delete('PerformanceProfile', metadata, { uid: metadata.uid });
    const { metadata: next } = await place.apply(smallSpec(20));
    expect(next.uid).not.toBe(metadata.uid);
    stream.reset();
    undo();
    await usual.exact();
  });
});

describe('a watch that falls silent', () => {
  it('is left, and nothing is lost', async () => {
    const stage = FULL ? usual : hasty;
    const bound = FULL ? STALL_MS : HASTY_MS;
    const stream = await stage.stream('services');
    const mark = stage.mark();
    const undo = stage.place.proxy.editing(stall((one) => one === stream));
    const ms = await stage.repair(stage.victim());
    told('silence', ms);
    expect(ms).toBeLessThan(bound + 1_000);
    undo();
    if (FULL) expect(stage.since(mark, 'list', 'services')).toEqual([]);
    await stage.exact();
  });

  // In the time that it takes for a request to be given up besides.
  it.runIf(FULL)('with all its connections, as of a machine that is gone, is left too', async () => {
    usual.place.proxy.freeze();
    told('half-open', await usual.repair(usual.victim()));
    await usual.exact();
  });
});

describe('an event that is lost', () => {
  it('is found by a comparing list, and counted', async () => {
    const { place, operator } = hasty;
    const series = 'pitcrew_watch_missed_changes_total{kind="Service"}';
    const before = await hasty.metric(series);
    const [lost, other] = [hasty.victim(), hasty.victim()];
    const { fault, dropped } = drop(about('services', lost, 'DELETED'));
    const undo = place.proxy.editing(fault);
    const repaired = hasty.repair(lost);
    await waitFor('the loss', async () => dropped() > 0);
    // What comes after it is told, so the watch itself would never tell of it again.
    const at = { namespace: place.server.namespace, name: other };
    await place.server.cluster.patch('Service', at, { metadata: { annotations: { note: 'later' } } });
    told('lost event', await repaired);
    undo();
    expect(await hasty.metric(series)).toBe(before + 1);
    expect(operator.isRunning()).toBe(true);
    await hasty.exact();
  });

  it('was none in all of the above', async () => {
    expect(await usual.metric('pitcrew_watch_missed_changes_total{kind="Service"}')).toBe(0);
    for (const { place } of [usual, hasty]) expectCalm(place.proxy.seen);
  });
});
