import { PROFILE_LABEL } from '../../charts/kit/labels.ts';
import type { Status } from '../../crds/status.ts';
import { readSurroundings } from '../cluster/facts/read-surroundings.ts';
import {
  recordedSurroundings,
  type SurroundingFacts,
  type Surroundings,
  surroundingFacts,
} from '../cluster/facts/surroundings.ts';
import type { Cluster, KubeObject } from '../cluster/port.ts';
import type { Kind } from '../cluster/resources.ts';
import type { Log } from '../log.ts';
import { type Clock, systemClock } from '../loop/clock.ts';
import type { Cache } from './cache.ts';
import type { Child } from './digest.ts';
import { wasAdmitted } from './gate.ts';
import { podKeyOf } from './keys.ts';
import { isOurPod } from './our-pods.ts';
import { type PodDigest, podOf } from './pod-digest.ts';
import type { Tools } from './tools.ts';

/**
 * What else runs in the cluster is looked at together with an edit, and holds for its generation: a job of somebody
 * else must neither refuse a stack that runs nor have a status written. Only what was refused looks again, since it
 * may be waiting for room, and what is asked to.
 */

/** Whoever made room and then edits is not to be told of what was there before. */
const EDIT_MAX_AGE_MS = 0;
/** However often a refused profile is looked at, this is how often the cluster is asked on its behalf. */
const REFUSED_MAX_AGE_MS = 20_000;

/** A profile that is being looked at. */
export interface Look {
  readonly key: string;
  readonly profile: KubeObject;
  readonly status: Status;
  readonly children: ReadonlyMap<string, Child>;
  /** Somebody asked for it, so nothing that was seen before will do. */
  readonly anew: boolean;
}

/** The recorded surroundings while an admitted generation stands and nobody asks for more, else fresh ones. */
export async function surroundingsOf(
  tools: Pick<Tools, 'readSurroundings'>,
  { key, profile, status, children, anew }: Look,
  signal: AbortSignal,
): Promise<SurroundingFacts> {
  const { name, generation = 0 } = profile.metadata;
  const { facts } = status;
  if (!anew && facts !== undefined && wasAdmitted(status, generation)) return recordedSurroundings(facts);
  const isEdit = status.observedGeneration !== generation;
  const around = await tools.readSurroundings(anew || isEdit ? EDIT_MAX_AGE_MS : REFUSED_MAX_AGE_MS, signal);
  return surroundingFacts(around, (pod) => podKeyOf(pod) === key && isOurPod(pod, name, children));
}

/** Reads for all profiles, anew when the last reading is older than the caller takes. Warns once of each kind that may not be read. */
export function surroundingsReader(
  cluster: Cluster,
  cache: Pick<Cache, 'nodes'>,
  log: Log,
  clock: Clock = systemClock,
): Tools['readSurroundings'] {
  const told = new Set<Kind>();
  let held: { readonly around: Surroundings<PodDigest>; readonly atMs: number } | undefined;
  const read = async () => {
    const atMs = clock.nowMs();
    const around = await readSurroundings(cluster, { nodes: cache.nodes(), keep: ofSomeProfile });
    held = { around, atMs };
    for (const kind of around.forbidden.filter((candidate) => !told.has(candidate))) {
      told.add(kind);
      log.warn({ kind }, 'may not be read: what it would tell is left out of the facts');
    }
    return around;
  };
  const readShared = shared(read);
  return async (maxAgeMs, signal) => {
    if (held !== undefined && clock.nowMs() - held.atMs < maxAgeMs) return held.around;
    const around = await readShared();
    signal.throwIfAborted();
    return around;
  };
}

/**
 * Whoever asks while a reading is under way waits for the next one, together with all others who do: each is told of a
 * moment after its question, and many questions at once are two readings.
 */
export function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        const reading = read();
        running = reading;
        next = undefined;
        return reading;
      });
    return next;
  };
}

const ofSomeProfile = (object: KubeObject): PodDigest | undefined =>
  object.metadata.labels?.[PROFILE_LABEL] === undefined ? undefined : podOf(object);
