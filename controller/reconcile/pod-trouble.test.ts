import { describe, expect, it } from 'vitest';
import { containerLike, NOW, podLike, secondsAgo, waitingContainer } from './fixtures.ts';
import type { Warning } from './observed.ts';
import type { PodDigest } from './pod-digest.ts';
import { lastLines, podTrouble } from './pod-trouble.ts';

const judge = (change: Partial<PodDigest>, warnings: readonly Warning[] = []) =>
  podTrouble({ pod: podLike('backend', { ready: false, ...change }), warnings, nowMs: NOW.getTime() });
const warning = (reason: string, note: string): Warning => ({
  about: 'Pod/shop-backend',
  reason,
  note,
  at: secondsAgo(1),
});
const crashed = { exitCode: 3, reason: 'Error', message: 'one\ntwo\n\nKeyError: price\n' };

describe('the cause that a pod shows', () => {
  it.each<[string, Partial<PodDigest>, readonly Warning[], string, RegExp]>([
    [
      'no room',
      {
        phase: 'Pending',
        containers: [],
        unschedulable: { message: '0/1 nodes: 1 Insufficient cpu.', since: secondsAgo(9) },
      },
      [],
      'Unschedulable',
      /1 Insufficient cpu/,
    ],
    [
      'no volume',
      {
        phase: 'Pending',
        containers: [],
        unschedulable: { message: 'pod has unbound immediate PersistentVolumeClaims', since: secondsAgo(9) },
      },
      [],
      'VolumePending',
      /unbound/,
    ],
    [
      'an image that is not there',
      { containers: [waitingContainer('ErrImagePull', 'not found')] },
      [],
      'ImagePullFailing',
      /container web cannot pull image shop\/backend:1: not found/,
    ],
    [
      'the same while the kubelet backs off',
      {
        containers: [
          waitingContainer('ImagePullBackOff', 'Back-off pulling image "shop/backend:1": ErrImagePull: not found'),
        ],
      },
      [],
      'ImagePullFailing',
      /: not found$/,
    ],
    [
      'a missing Secret',
      { containers: [waitingContainer('CreateContainerConfigError', 'secret "keys" not found')] },
      [],
      'ContainerConfigFailing',
      /secret "keys" not found/,
    ],
    [
      'a crash between two restarts',
      { containers: [containerLike({ ready: false, restarts: 2, last: crashed })] },
      [],
      'CrashLooping',
      /exited with code 3 \(Error\), 2 restarts: one \| two \| KeyError: price/,
    ],
    [
      'a crash while it waits',
      { containers: [{ ...waitingContainer('CrashLoopBackOff', 'back-off 5m0s'), restarts: 1, last: crashed }] },
      [],
      'CrashLooping',
      /1 restart:/,
    ],
    [
      'too little memory',
      {
        containers: [
          containerLike({
            ready: false,
            restarts: 4,
            last: { exitCode: 137, reason: 'OOMKilled', message: undefined },
          }),
        ],
      },
      [],
      'OutOfMemory',
      /memory limit of 512Mi, 4 restarts/,
    ],
    [
      'a probe that fails',
      { containers: [containerLike({ ready: false })] },
      [warning('Unhealthy', 'Readiness probe failed: statuscode: 503')],
      'ProbeFailing',
      /container web: Readiness probe failed: statuscode: 503/,
    ],
    [
      'a volume that cannot be mounted',
      { containers: [waitingContainer('ContainerCreating')] },
      [warning('FailedMount', 'secret "shop-tls" not found')],
      'MountFailing',
      /shop-tls/,
    ],
    ['an eviction', { failure: { reason: 'Evicted', message: 'disk pressure' } }, [], 'Evicted', /disk pressure/],
  ])('%s', (_what, change, warnings, reason, message) => {
    const trouble = judge(change, warnings);
    expect(trouble?.reason).toBe(reason);
    expect(trouble?.message).toMatch(message);
    expect(trouble?.object).toBe('Pod/shop-backend');
  });

  it.each<[string, Partial<PodDigest>, readonly Warning[]]>([
    ['is being made', { containers: [waitingContainer('ContainerCreating')], createdAt: secondsAgo(30) }, []],
    [
      'starts',
      { containers: [containerLike({ ready: false, startedAt: secondsAgo(5) })] },
      [warning('Unhealthy', 'refused')],
    ],
    [
      'is about to be placed',
      { phase: 'Pending', unschedulable: { message: 'wait', since: secondsAgo(1) }, containers: [] },
      [],
    ],
    [
      'was mounted a little late',
      { createdAt: secondsAgo(3), containers: [waitingContainer('ContainerCreating')] },
      [warning('FailedMount', 'wait')],
    ],
    [
      'has run its init container',
      {
        containers: [
          containerLike({
            init: true,
            startedAt: undefined,
            ready: false,
            terminated: { exitCode: 0, reason: 'Completed', message: undefined },
          }),
          waitingContainer('PodInitializing'),
        ],
      },
      [],
    ],
  ])('none while a pod %s', (_what, change, warnings) => {
    expect(judge(change, warnings)).toBeUndefined();
  });
});

describe('the end of what a program said', () => {
  it.each([
    [undefined, ''],
    ['', ''],
    ['a\n\nb\n', 'a | b'],
    ['1\n2\n3\n4', '2 | 3 | 4'],
  ])('%j', (message, told) => {
    expect(lastLines(message)).toBe(told);
  });

  it('is short', () => {
    expect(lastLines('x'.repeat(5_000)).length).toBeLessThanOrEqual(400);
  });
});
