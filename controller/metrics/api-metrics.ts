import type { EventNote, EventObserver } from '../cluster/events.ts';
import type { Reflector, ReflectorObserver } from '../cluster/reflector.ts';
import { type Kind, RESOURCES } from '../cluster/resources.ts';
import type { Attempt, TransportObserver } from '../cluster/transport.ts';
import type { Probes } from '../probe/prober.ts';
import type { Proof } from '../probe/proof.ts';
import { API } from './catalog.ts';
import { createCounter, createGauge, createHistogram, type Family } from './exposition.ts';

/** What a reflector shows of itself. */
export type WatchView = Pick<Reflector<unknown>, 'kind' | 'size' | 'hasSynced' | 'lastByteAgeMs'>;

/** What goes to the API server and to running processes, and what comes from them, counted. */
export interface ApiMetrics {
  readonly families: readonly Family[];
  /** `host` is the API server's, as client-go names it in its metrics. */
  readonly transport: (host: string) => TransportObserver;
  readonly reflector: (kind: Kind) => ReflectorObserver;
  readonly told: (note: EventNote) => void;
  readonly events: EventObserver;
  /** The same probes, each question counted and timed. */
  readonly measured: (probes: Probes) => Probes;
}

/** Counters at zero; `watches` are read when somebody asks. */
export function createApiMetrics(watches: () => readonly WatchView[], nowMs: () => number): ApiMetrics {
  const requests = createCounter(API.requests);
  const seconds = createHistogram(API.seconds);
  const writes = createCounter(API.writes);
  const starts = createCounter(API.watchStarts);
  const ends = createCounter(API.watchEnds);
  const missed = createCounter(API.missed);
  const told = createCounter(API.events);
  const dropped = createCounter(API.eventsDropped);
  const { families: probeFamilies, measured } = probeMetrics(nowMs);
  for (const why of ['rate', 'failed']) dropped.add({ why }, 0);
  const watchGauge = (definition: typeof API.watchAge, read: (watch: WatchView) => number) =>
    createGauge(definition, () => watches().map((watch) => ({ labels: { kind: watch.kind }, value: read(watch) })));

  return {
    transport: (host) => ({
      attempted: (attempt) => {
        const { method, status, durationMs } = attempt;
        requests.add({ code: status === undefined ? '<error>' : String(status), method, host });
        seconds.observe({ verb: method, host }, durationMs / 1000);
        const write = writeOf(attempt);
        if (write !== undefined) writes.add(write);
      },
    }),
    reflector: (kind) => {
      missed.add({ kind }, 0);
      return {
        watchStarted: () => starts.add({ kind }),
        interrupted: () => ends.add({ kind, cause: 'error' }),
        stalled: () => ends.add({ kind, cause: 'stalled' }),
        tooOld: () => ends.add({ kind, cause: 'too_old' }),
        missed: (changes) => missed.add({ kind }, changes),
      };
    },
    told: ({ type, reason }) => told.add({ type, reason }),
    events: { dropped: (why) => dropped.add({ why }) },
    measured,
    families: [
      requests,
      seconds,
      writes,
      watchGauge(API.watchAge, (watch) => watch.lastByteAgeMs() / 1000),
      watchGauge(API.watchSynced, (watch) => (watch.hasSynced() ? 1 : 0)),
      watchGauge(API.watchedObjects, (watch) => watch.size()),
      starts,
      ends,
      missed,
      told,
      dropped,
      ...probeFamilies,
    ],
  };
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PATCH: 'patch', PUT: 'update', DELETE: 'delete' };
const KINDS = new Map(Object.values(RESOURCES).map(({ plural, kind }) => [plural, kind]));

/** Verb and kind of a write that had its effect; undefined: none was, or of nothing that is stored. Pure. */
export function writeOf({ method, path, status }: Attempt): { verb: string; kind: string } | undefined {
  const verb = VERBS[method];
  if (verb === undefined || status === undefined || status >= 300) return undefined;
  // /api/v1/… or /apis/GROUP/VERSION/…, then the namespace where there is one, then the kind.
  const rest = path.split('/').slice(path.startsWith('/apis/') ? 4 : 3);
  const plural = (rest[0] === 'namespaces' && rest.length > 2 ? rest[2] : rest[0]) ?? '';
  const kind = KINDS.get(plural);
  return kind === undefined ? undefined : { verb, kind };
}

function probeMetrics(nowMs: () => number): Pick<ApiMetrics, 'families' | 'measured'> {
  const probes = createCounter(API.probes);
  const seconds = createHistogram(API.probeSeconds);
  const timed =
    <A extends readonly unknown[]>(tier: string, ask: (...args: A) => Promise<Proof>) =>
    async (...args: A): Promise<Proof> => {
      const startedMs = nowMs();
      const proof = await ask(...args);
      probes.add({ tier, result: resultOf(proof) });
      seconds.observe({ tier }, (nowMs() - startedMs) / 1000);
      return proof;
    };
  return {
    families: [probes, seconds],
    measured: ({ edge, postgres }) => ({ edge: timed('edge', edge), postgres: timed('postgres', postgres) }),
  };
}

function resultOf({ loginRefused, unreachable, refusal }: Proof): string {
  if (loginRefused === true) return 'login_refused';
  if (unreachable !== undefined) return 'unreachable';
  return refusal === undefined ? 'loaded' : 'refused';
}
