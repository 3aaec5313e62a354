import { describe, expect, it } from 'vitest';
import { createFakeClock, settle } from '../loop/fake-clock.ts';
import { createEventRecorder, cutToBytes, type EventNote, microTime } from './events.ts';
import type { ApiRequest, Transport } from './transport.ts';

const profile = {
  apiVersion: 'performance.bahamm.ir/v1alpha1',
  kind: 'PerformanceProfile',
  metadata: { name: 'bahamm', namespace: 'shop', uid: 'u-1', resourceVersion: '7' },
};
const note = (text: string): EventNote => ({ type: 'Normal', reason: 'Reloaded', action: 'Reload', note: text });

function bench() {
  const clock = createFakeClock();
  const requests: ApiRequest[] = [];
  const dropped: string[] = [];
  const fault = { on: false };
  const transport: Transport = {
    request: async (request) => {
      requests.push(request);
      if (fault.on) throw new Error('down');
      return { body: {}, warnings: [] };
    },
    watch: () => Promise.reject(new Error('not here')),
    close: async () => undefined,
  };
  let suffix = 0;
  const recorder = createEventRecorder({
    transport,
    clock,
    now: () => new Date(Date.UTC(2026, 0, 1) + clock.nowMs()),
    instance: 'pod-1',
    newSuffix: () => `s${++suffix}`,
    observer: { dropped: (why) => dropped.push(why) },
  });
  return { clock, requests, dropped, fault, recorder };
}

describe('event recorder', () => {
  it('writes an event that the server takes', async () => {
    const { recorder, requests } = bench();
    recorder.record(profile, note('the edge has loaded its new config'));
    await settle();
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/shop/events' });
    expect(requests[0]?.body).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'bahamm.s1', namespace: 'shop' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'performance.bahamm.ir/pitcrew',
      reportingInstance: 'pod-1',
      type: 'Normal',
      reason: 'Reloaded',
      action: 'Reload',
      note: 'the edge has loaded its new config',
      regarding: {
        apiVersion: profile.apiVersion,
        kind: 'PerformanceProfile',
        name: 'bahamm',
        namespace: 'shop',
        uid: 'u-1',
        resourceVersion: '7',
      },
    });
  });

  it('counts equal events within ten minutes instead of writing them again', async () => {
    const { recorder, requests, clock } = bench();
    for (let second = 0; second < 120; second += 1) {
      recorder.record(profile, note('the same'));
      await clock.advance(1_000);
    }
    await recorder.flush();
    expect(requests.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH', 'PATCH']);
    expect(requests.slice(1).map(({ body }) => (body as { series: { count: number } }).series.count)).toEqual([
      2, 62, 120,
    ]);
    expect(requests[1]?.path).toBe('/apis/events.k8s.io/v1/namespaces/shop/events/bahamm.s1');
    await clock.advance(600_000);
    recorder.record(profile, note('the same'));
    await settle();
    expect(requests.at(-1)?.method).toBe('POST');
  });

  it('tells objects, reasons and notes apart', async () => {
    const { recorder, requests } = bench();
    recorder.record(profile, note('one'));
    recorder.record(profile, note('two'));
    recorder.record(profile, { ...note('one'), reason: 'Other' });
    recorder.record({ ...profile, metadata: { ...profile.metadata, uid: 'u-2' } }, note('one'));
    await settle();
    expect(requests).toHaveLength(4);
  });

  it('never writes more than its bound', async () => {
    const { recorder, requests, dropped, clock } = bench();
    for (let index = 0; index < 100; index += 1) recorder.record(profile, note(`note ${index}`));
    await clock.advance(10_000);
    expect(requests).toHaveLength(50);
    expect(dropped).toHaveLength(50);
    for (let index = 0; index < 100; index += 1) recorder.record(profile, note(`later ${index}`));
    await settle();
    expect(requests).toHaveLength(60);
  });

  it('never throws, and tries anew what could not be written', async () => {
    const { recorder, requests, dropped, fault } = bench();
    fault.on = true;
    recorder.record(profile, note('one'));
    await recorder.flush();
    expect(dropped).toEqual(['failed']);
    fault.on = false;
    recorder.record(profile, note('one'));
    await recorder.flush();
    expect(requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });
});

describe('cutToBytes', () => {
  it.each([
    ['short', 10, 'short'],
    ['exact', 5, 'exact'],
    ['too long', 3, 'too'],
    ['äöü', 4, 'äö'],
    ['äöü', 5, 'äö'],
    ['😀😀', 7, '😀'],
  ])('%s to %i', (text, bytes, expected) => {
    expect(cutToBytes(text, bytes)).toBe(expected);
  });
});

describe('microTime', () => {
  it('has six digits', () => {
    expect(microTime(new Date(Date.UTC(2026, 0, 1, 0, 0, 0, 7)))).toBe('2026-01-01T00:00:00.007000Z');
  });
});
