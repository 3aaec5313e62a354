import type { synthesize } from '../../synth/synthesize.ts';
import type { EventRecorder } from '../cluster/events.ts';
import type { Surroundings } from '../cluster/facts/surroundings.ts';
import type { Cluster } from '../cluster/port.ts';
import type { Log } from '../log.ts';
import type { Prober } from '../probe/prober.ts';
import type { Cache } from './cache.ts';
import type { Memory } from './memory.ts';
import type { PodDigest } from './pod-digest.ts';

/** Everything that a pass works with. Made once, by the composition root. */
export interface Tools {
  readonly cluster: Cluster;
  readonly cache: Cache;
  readonly memory: Memory;
  readonly prober: Prober;
  readonly recorder: EventRecorder;
  readonly log: Log;
  /** Version of the API server, `1.35.4`, read less than `maxAgeMs` ago. */
  readonly readVersion: (maxAgeMs: number, signal: AbortSignal) => Promise<string>;
  /** What else is in the cluster, read less than `maxAgeMs` ago. */
  readonly readSurroundings: (maxAgeMs: number, signal: AbortSignal) => Promise<Surroundings<PodDigest>>;
  readonly now: () => Date;
  readonly stallAfterMs: number;
  /** The one door to what a profile comes to. */
  readonly synthesize: typeof synthesize;
  /** Version of this operator. */
  readonly renderVersion: string;
}
