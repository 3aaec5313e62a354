import { describe, expect, it } from 'vitest';
import type { Proof } from '../probe/proof.ts';
import { NOW, podLike, SYNTHESIS, viewLike } from './fixtures.ts';
import type { Nudge } from './memory.ts';
import { planNudges } from './nudge.ts';
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

  it('not before the ConfigMap of that hash is in the cluster', () => {
    const view = { ...viewLike(), children: new Map(), pods: [edge], proofs: new Map([[processKey(edge), proof]]) };
    expect(planNudges({ view, nudges: new Map(), sent: new Set(), nowMs: 0 })).toEqual([]);
  });
});
