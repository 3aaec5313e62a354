import { configName } from '../../charts/kit/names.ts';
import type { Proof } from '../probe/proof.ts';
import { ASKED_TIERS, podsOf } from './config-sync.ts';
import { refOf } from './digest.ts';
import type { Nudge } from './memory.ts';
import { type PodDigest, processKey } from './pod-digest.ts';
import type { View } from './view.ts';

/**
 * Touching a pod makes the kubelet refresh its ConfigMap volumes at once instead of within a minute (D10).
 */

/** A pod to be touched, and what to write. */
export interface PodTouch {
  readonly pod: PodDigest;
  readonly hash: string;
  readonly value: string;
  readonly times: number;
}

/** The kubelet may have looked before its own cache knew the new ConfigMap: then it is told again. */
const AGAIN_MS = 10_000;

/** What the planning of touches looks at. */
export interface NudgeInput {
  readonly view: Pick<View, 'profile' | 'configHashes' | 'children' | 'pods' | 'proofs'>;
  readonly nudges: ReadonlyMap<string, Nudge>;
  /** What was sent in this pass, by `Kind/name`. */
  readonly sent: ReadonlySet<string>;
  readonly nowMs: number;
}

/** The pods to touch. Pure. */
export function planNudges(input: NudgeInput): PodTouch[] {
  const { view } = input;
  return Object.entries(view.configHashes).flatMap(([tier, hash]) => {
    if (!ASKED_TIERS.has(tier) || hash === undefined) return [];
    const config = refOf('ConfigMap', configName(view.profile, tier as 'edge' | 'postgres'));
    // What is not in the cluster yet cannot be refreshed into a pod.
    if (view.children.get(config)?.configHash !== hash) return [];
    return podsOf(view.pods, tier).flatMap((pod) => touchOf(pod, hash, input, input.sent.has(config)));
  });
}

/** A login that was refused this often does not come with a refresh. */
const LOGIN_TOUCHES = 3;

/** Any value that was not there before makes the kubelet look; the hash in front keeps it a touch for that hash. */
const freshTouch = (pod: PodDigest, hash: string, times: number, nowMs: number): PodTouch => ({
  pod,
  hash,
  value: `${hash}.${nowMs.toString(36)}`,
  times,
});

/** The pods of a database whose Secrets were just made anew: they hold the passwords of the old ones. Pure. */
export function planRemounts({ view, nowMs }: Pick<NudgeInput, 'view' | 'nowMs'>): PodTouch[] {
  const hash = view.configHashes.postgres;
  return hash === undefined ? [] : podsOf(view.pods, 'postgres').map((pod) => freshTouch(pod, hash, 1, nowMs));
}

function touchOf(pod: PodDigest, hash: string, input: NudgeInput, configSent: boolean): PodTouch[] {
  const proof = input.view.proofs.get(processKey(pod));
  if (proof?.loginRefused === true) return touchForLogin(pod, hash, input);
  if (!isBehind(proof, hash, configSent)) return [];
  const last = input.nudges.get(pod.uid);
  if (last?.hash === hash) {
    if (proof?.refusal !== undefined || input.nowMs - last.atMs < AGAIN_MS) return [];
    return [{ pod, hash, value: `${hash}.${last.times + 1}`, times: last.times + 1 }];
  }
  const touchedBefore = pod.refresh === hash || pod.refresh?.startsWith(`${hash}.`) === true;
  return touchedBefore ? [] : [{ pod, hash, value: hash, times: 1 }];
}

/** The mounted Secret is behind: it holds another password than the one that we were given. */
function touchForLogin(pod: PodDigest, hash: string, { nudges, nowMs }: NudgeInput): PodTouch[] {
  const last = nudges.get(pod.uid);
  const times = (last?.times ?? 0) + 1;
  const tooSoon = last !== undefined && nowMs - last.atMs < AGAIN_MS;
  // Before it is ready its roles may not be made yet.
  return !pod.ready || tooSoon || times > LOGIN_TOUCHES ? [] : [freshTouch(pod, hash, times, nowMs)];
}

/** A process that does not answer may be one that has just started with the right files: only a change is a reason then. */
function isBehind(proof: Proof | undefined, hash: string, configSent: boolean): boolean {
  return proof?.loaded === undefined ? configSent : proof.loaded !== hash;
}
