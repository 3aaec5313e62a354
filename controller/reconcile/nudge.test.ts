import { describe, expect, it } from 'vitest';
import type { Proof } from '../probe/proof.ts';
import { NOW, podLike, SYNTHESIS, viewLike } from './fixtures.ts';
import type { Nudge } from './memory.ts';
import { planNudges, planRemounts } from './nudge.ts';
import { processKey } from './pod-digest.ts';

const edge = podLike('edge');
const HASH = SYNTHESIS.configHashes.edge ?? '';
const proof: Proof = { loaded: 'older', refusal: undefined, pendingRestart: [], unreachable: undefined };

interface Case {
  readonly loaded?: Partial<Proof> | undefined;
  readonly refresh?: string | undefined;
  readonly nudge?: Partial<Nudge> | undefined;
  readonly sent?: boolean;
}

function touches({ loaded = {}, refresh, nudge, sent = false }: Case): string[] {
  const pod = { ...edge, refresh };
  const view = { ...viewLike(), pods: [pod], proofs: new Map([[processKey(pod), { ...proof, ...loaded }]]) };
  const nudges = new Map(
    nudge === undefined ? [] : [[pod.uid, { hash: HASH, atMs: NOW.getTime(), times: 1, ...nudge }]],
  );
  const input = { view, nudges, sent: new Set(sent ? ['ConfigMap/shop-edge-config'] : []), nowMs: NOW.getTime() };
  return planNudges(input).map(({ value }) => value);
}

describe('a pod is touched', () => {
  it.each<[string, Case, string[]]>([
    ['when it runs an older configuration', {}, [HASH]],
    ['not when it has loaded the newest', { loaded: { loaded: HASH } }, []],
    ['not twice within seconds', { nudge: {} }, []],
    ['once more when nothing came of it', { nudge: { atMs: NOW.getTime() - 10_000 } }, [`${HASH}.2`]],
    ['not again when the process refused', { nudge: { atMs: 0 }, loaded: { refusal: 'unknown directive' } }, []],
    ['anew for a newer configuration', { nudge: { hash: 'older' }, refresh: 'older' }, [HASH]],
    ['not again by an operator that was started anew', { refresh: HASH }, []],
    [
      'when it does not answer and the ConfigMap was just changed',
      { loaded: { loaded: undefined }, sent: true },
      [HASH],
    ],
    ['not when it does not answer and nothing was changed', { loaded: { loaded: undefined } }, []],
  ])('%s', (_what, given, expected) => {
    expect(touches(given)).toEqual(expected);
  });

  it('a few times when it refuses our login, since its Secrets may be older', () => {
    const pod = podLike('postgres');
    const refused: Proof = { ...proof, loaded: undefined, unreachable: 'no', loginRefused: true };
    const hash = SYNTHESIS.configHashes.postgres ?? '';
    const nowMs = NOW.getTime();
    const times = (nudge?: Nudge, ready = true) => {
      const view = { ...viewLike(), pods: [{ ...pod, ready }], proofs: new Map([[processKey(pod), refused]]) };
      const nudges = new Map(nudge === undefined ? [] : [[pod.uid, nudge]]);
      return planNudges({ view, nudges, sent: new Set(), nowMs }).map((touch) => touch.times);
    };
    expect(times()).toEqual([1]);
    expect(times(undefined, false)).toEqual([]);
    expect(times({ hash, atMs: nowMs, times: 1 })).toEqual([]);
    expect(times({ hash, atMs: nowMs - 10_000, times: 1 })).toEqual([2]);
    expect(times({ hash, atMs: 0, times: 3 })).toEqual([]);
  });

  it('when the Secrets of its database were made anew, with a value that was never there', () => {
    const touch = (nowMs: number) =>
      planRemounts({ view: viewLike(), nowMs }).map(({ pod, value }) => [pod.tier, value]);
    expect(touch(1_000)).toEqual([['postgres', expect.stringMatching(`^${SYNTHESIS.configHashes.postgres}\\.`)]]);
    expect(touch(2_000)).not.toEqual(touch(1_000));
  });

  it('not before the ConfigMap of that hash is in the cluster', () => {
    const view = { ...viewLike(), children: new Map(), pods: [edge], proofs: new Map([[processKey(edge), proof]]) };
    expect(planNudges({ view, nudges: new Map(), sent: new Set(), nowMs: 0 })).toEqual([]);
  });
});
