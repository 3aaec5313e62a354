import { describe, expect, it } from 'vitest';
import { settle } from '../loop/fake-clock.ts';
import { ApiError, ConnectionError } from './errors.ts';
import { asked, bench, object, started } from './reflector-bench.ts';

describe('reflector, when all is well', () => {
  it('lists as of now and never out of a memory that may lag, then watches from there', async () => {
    const it = bench({ labelSelector: 'app=shop' });
    it.served.objects = [object('a', '90'), object('b', '95')];
    expect(it.reflector.hasSynced()).toBe(false);
    it.reflector.start();
    await it.reflector.whenSynced();
    await settle();
    expect(it.lists[0]).toMatchObject({
      path: '/api/v1/configmaps',
      query: { limit: '500', labelSelector: 'app=shop' },
    });
    expect(it.lists[0]?.query?.resourceVersion).toBeUndefined();
    expect(it.last().query).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '290',
      resourceVersion: '100',
      labelSelector: 'app=shop',
      fieldSelector: undefined,
    });
    expect(it.told()).toEqual(['added a#90', 'added b#95']);
    expect(it.reflector.get('shop/a')).toMatchObject({ resourceVersion: '90', value: 'ConfigMap a#90' });
  });

  it('reads all pages of a list', async () => {
    const it = bench();
    it.served.objects = ['a', 'b', 'c'].map((name) => object(name, '1'));
    it.served.pageSize = 2;
    it.reflector.start();
    await settle();
    expect(it.reflector.list('shop')).toHaveLength(3);
    expect(it.lists[1]?.query).toMatchObject({ continue: '2', resourceVersion: undefined });
  });

  it('tells what happens, in order', async () => {
    const it = await started();
    it.last().event('MODIFIED', object('a', '101'));
    it.last().event('ADDED', object('b', '102'));
    it.last().event('DELETED', object('a', '103'));
    await settle();
    expect(it.told()).toEqual(['updated a#101', 'added b#102', 'deleted a#101']);
    expect(it.reflector.size()).toBe(1);
  });

  it('stays on one watch of a quiet kind, and follows bookmarks', async () => {
    const it = await started();
    for (let minute = 1; minute <= 4; minute += 1) {
      await it.clock.advance(60_000);
      it.last().event('BOOKMARK', { metadata: { resourceVersion: String(100 + minute) } });
      await settle();
    }
    expect(it.watches).toHaveLength(1);
    expect(it.reflector.lastByteAgeMs()).toBe(0);
    it.last().end();
    await settle();
    expect(it.watches).toHaveLength(2);
    expect(it.last().query.resourceVersion).toBe('104');
    expect(it.told()).toEqual([]);
  });

  it('watches several namespaces into one store, and has synced when all have', async () => {
    const it = bench({ namespaces: ['shop', 'other'] });
    it.fault.list = () => new ConnectionError('down', asked);
    it.reflector.start();
    await settle();
    it.fault.list = undefined;
    expect(it.reflector.hasSynced()).toBe(false);
    await it.clock.advance(800);
    await it.reflector.whenSynced();
    expect(it.watches.map(({ path }) => path)).toEqual([
      '/api/v1/namespaces/shop/configmaps',
      '/api/v1/namespaces/other/configmaps',
    ]);
  });

  it('refuses to start twice, and stops', async () => {
    const it = await started();
    expect(() => it.reflector.start()).toThrow('already running');
    await it.reflector.stop();
    expect(it.clock.pending()).toBe(0);
    await it.clock.advance(3_600_000);
    expect(it.lists).toHaveLength(1);
  });

  it('gives up waiting for the first list when told to', async () => {
    const it = bench();
    const reason = new Error('stopping');
    await expect(it.reflector.whenSynced(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('reflector, when something is odd', () => {
  it('tells of a recreated object as deleted and added', async () => {
    const it = await started();
    it.last().event('MODIFIED', object('a', '150', 'another'));
    await settle();
    expect(it.told()).toEqual(['deleted a#90', 'added a#150']);
  });

  it('does the same when the new one shows up in a list', async () => {
    const it = await started();
    it.served.objects = [object('a', '150', 'another')];
    it.last().fail(new ApiError(410, {}, asked));
    await it.clock.advance(800);
    expect(it.told()).toEqual(['deleted a#90', 'added a#150']);
  });

  it('delivers the next event after a handler threw', async () => {
    const seen: string[] = [];
    const it = await started({
      onChange: ({ entry }) => {
        seen.push(entry.resourceVersion);
        throw new Error('handler');
      },
    });
    it.last().event('MODIFIED', object('a', '101'));
    it.last().event('MODIFIED', object('a', '102'));
    await settle();
    expect(seen).toEqual(['90', '101', '102']);
    expect(it.counts.handlerFailed).toBe(3);
    expect(it.watches).toHaveLength(1);
  });

  it('keeps the last digest of what cannot be projected', async () => {
    const it = await started({
      project: ({ metadata }) => {
        if (metadata.resourceVersion === '101') throw new Error('projection');
        return metadata.resourceVersion;
      },
    });
    it.last().event('MODIFIED', object('a', '101'));
    await settle();
    expect(it.reflector.get('shop/a')?.value).toBe('90');
    expect(it.counts.handlerFailed).toBe(1);
  });

  it('survives observers that throw', async () => {
    const boom = () => {
      throw new Error('observer');
    };
    const it = await started({ observer: { listed: boom, changed: boom, watchStarted: boom } });
    it.last().event('MODIFIED', object('a', '101'));
    await settle();
    expect(it.told()).toEqual(['updated a#101']);
    expect(it.lists).toHaveLength(1);
  });

  it('does not tell of the same version twice', async () => {
    const it = await started();
    it.last().event('ADDED', object('a', '90'));
    await settle();
    expect(it.told()).toEqual([]);
  });
});

describe('reflector, checking on the watch', () => {
  const halfAnHour = async (it: Awaited<ReturnType<typeof started>>) => {
    for (let minute = 0; minute < 31; minute += 1) {
      await it.clock.advance(60_000);
      it.last().event('BOOKMARK', { metadata: { resourceVersion: '100' } });
      await settle();
    }
    it.last().end();
    await settle();
  };

  it('lists at its own version every half hour; equal means nothing was missed', async () => {
    const it = await started();
    await halfAnHour(it);
    expect(it.lists[1]?.query).toMatchObject({ resourceVersion: '100', resourceVersionMatch: 'Exact' });
    expect(it.counts.missed).toBe(0);
    expect(it.told()).toEqual([]);
  });

  it('mends and counts what the watch did not tell', async () => {
    const it = await started();
    it.served.objects = [object('a', '90'), object('never-told', '95')];
    await halfAnHour(it);
    expect(it.counts.missed).toBe(1);
    expect(it.told()).toEqual(['added never-told#95']);
  });

  it('lists afresh, counting nothing, when its own version is no longer known', async () => {
    const it = await started();
    it.fault.list = () => new ApiError(410, {}, asked);
    await halfAnHour(it);
    it.fault.list = undefined;
    it.served.objects = [object('a', '300')];
    await it.clock.advance(800);
    expect(it.lists.at(-1)?.query).not.toHaveProperty('resourceVersion');
    expect(it.counts.missed).toBe(0);
    expect(it.told()).toEqual(['updated a#300']);
  });
});
