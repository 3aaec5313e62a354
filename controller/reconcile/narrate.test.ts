import { describe, expect, it } from 'vitest';
import type { Condition, Status } from '../../crds/status.ts';
import { narrate } from './narrate.ts';
import type { Result } from './result.ts';

const condition = (type: string, status: 'True' | 'False', reason: string, message = 'said'): Condition => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 1,
  lastTransitionTime: '2026-11-24T12:00:00Z',
});
const ready = (reason: string): Status => ({
  revision: 4,
  conditions: [
    condition('Ready', reason === 'Ready' ? 'True' : 'False', reason),
    condition('Stalled', 'False', 'Progressing'),
  ],
});
const applied = (ref: string, why: Result['why'] = 'changed'): Result => ({
  ref,
  outcome: 'applied',
  why,
  message: '',
});
const story = (before: Status, after: Status, results: readonly Result[] = []) =>
  narrate(before, after, results).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);

describe('the story of a pass', () => {
  it('is silent at rest', () => {
    expect(story(ready('Ready'), ready('Ready'))).toEqual([]);
    expect(story(ready('CrashLooping'), ready('CrashLooping'))).toEqual([]);
  });

  it('tells what changed, from what to what, and how it takes effect', () => {
    const workers = (value: string): Status => ({
      ...ready('RollingOut'),
      effective: [{ path: 'backend.workers', value, source: 'user' }],
    });
    expect(story(workers('4'), workers('2'), [applied('Deployment/shop-backend')])).toEqual([
      'Normal Applied: revision 4: backend.workers 4 → 2 (rolling); sent Deployment/shop-backend',
    ]);
  });

  it('tells a few of many', () => {
    const results = Array.from({ length: 9 }, (_, index) => applied(`Service/s${index}`));
    expect(story({}, ready('Applying'), results)).toEqual([expect.stringContaining('and 3 more')]);
  });

  it('tells of a suspension and of its end', () => {
    expect(story(ready('Ready'), ready('Suspended'))).toEqual(['Normal Suspended: said']);
    const resumed = 'Normal Resumed: suspended no longer: edits and repairs take effect again';
    expect(story(ready('Suspended'), ready('RollingOut'))).toEqual([resumed]);
    expect(story(ready('Suspended'), ready('Ready'))).toEqual([resumed, 'Normal Ready: said']);
  });

  it('tells repairs apart from changes, and nothing of a no-op', () => {
    const before = { ...ready('Ready'), applied: [{ object: 'Service/a', desired: '', owned: '' }] };
    const results = [
      applied('Service/a', 'missing'),
      applied('Service/b', 'drifted'),
      applied('Service/c', 'unproven'),
    ];
    expect(story(before, ready('Ready'), results)).toEqual([
      'Normal Restored: deleted or changed by somebody else: Service/a, Service/b',
    ]);
  });

  it.each([
    ['Ready', 'CrashLooping', ['Warning CrashLooping: said']],
    ['CrashLooping', 'ImagePullFailing', ['Warning ImagePullFailing: said']],
    ['RollingOut', 'Ready', ['Normal Ready: said']],
    ['Ready', 'RollingOut', []],
    ['Ready', 'FindingsUnacknowledged', ['Warning FindingsUnacknowledged: said']],
    ['Ready', 'Suspended', ['Normal Suspended: said']],
  ])('from %s to %s', (was, is, expected) => {
    expect(story(ready(was), ready(is))).toEqual(expected);
  });

  it('tells a stall once, and not again beside its trouble', () => {
    const stalled = (reason: string): Status => ({
      conditions: [condition('Ready', 'False', reason), condition('Stalled', 'True', reason, 'too long')],
    });
    expect(story(ready('CrashLooping'), stalled('CrashLooping'))).toEqual(['Warning Stalled: too long']);
    expect(story(stalled('CrashLooping'), stalled('CrashLooping'))).toEqual([]);
    expect(story(ready('Migrating'), stalled('MigrationFailed'))).toEqual(['Warning MigrationFailed: said']);
  });

  it('tells the steps of a migration', () => {
    const migration = (state: 'Running' | 'Succeeded'): Status => ({ migration: { hash: 'abc', state } });
    expect(story({}, migration('Running'))).toEqual(['Normal MigrationStarted: migration abc is running']);
    expect(story(migration('Running'), migration('Succeeded'))).toEqual([
      'Normal MigrationSucceeded: migration abc is done',
    ]);
    expect(story(migration('Succeeded'), migration('Succeeded'))).toEqual([]);
  });
});
