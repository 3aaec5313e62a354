import type { LoopObserver, LoopStats } from '../loop/loop.ts';
import type { Outcome } from '../loop/outcome.ts';
import { PASSES } from './catalog.ts';
import { createCounter, createGauge, createHistogram, type Family } from './exposition.ts';

/** Name of the only controller; controller-runtime names them by the kind. */
export const CONTROLLER = 'performanceprofile';
const WHO = { controller: CONTROLLER };
const QUEUE = { name: CONTROLLER, controller: CONTROLLER };
const RESULTS = ['success', 'error', 'requeue_after'] as const;

/** What the loop does, counted. */
export interface PassMetrics {
  readonly families: readonly Family[];
  readonly observer: LoopObserver;
}

/** Counters of passes; `stats` gives the moment's look, undefined while there is no loop. */
export function createPassMetrics(stats: () => LoopStats | undefined, nowMs: () => number): PassMetrics {
  const counters = {
    total: createCounter(PASSES.total),
    errors: createCounter(PASSES.errors),
    terminalErrors: createCounter(PASSES.terminalErrors),
    timeouts: createCounter(PASSES.timeouts),
    adds: createCounter(PASSES.adds),
    retries: createCounter(PASSES.retries),
  };
  const seconds = createHistogram(PASSES.seconds);
  const queueSeconds = createHistogram(PASSES.queueSeconds);
  const workSeconds = createHistogram(PASSES.workSeconds);
  for (const result of RESULTS) counters.total.add({ ...WHO, result }, 0);
  for (const counter of [counters.errors, counters.terminalErrors, counters.timeouts]) counter.add(WHO, 0);
  for (const counter of [counters.adds, counters.retries]) counter.add(QUEUE, 0);
  const startedMs = new Map<string, number>();

  const observer: LoopObserver = {
    added: () => counters.adds.add(QUEUE),
    taken: ({ queuedMs }) => queueSeconds.observe(QUEUE, queuedMs / 1000),
    passStarted: ({ key }) => {
      startedMs.set(key, nowMs());
    },
    passEnded: ({ key, outcome, durationMs, late }) => {
      startedMs.delete(key);
      counters.total.add({ ...WHO, result: resultOf(outcome) });
      if (resultOf(outcome) === 'error') counters.errors.add(WHO);
      if (outcome.kind === 'invalid') counters.terminalErrors.add(WHO);
      if (outcome.kind === 'failed') counters.retries.add(QUEUE);
      if (late) counters.timeouts.add(WHO);
      seconds.observe(WHO, durationMs / 1000);
      workSeconds.observe(QUEUE, durationMs / 1000);
    },
  };
  const ages = () => [...startedMs.values()].map((started) => (nowMs() - started) / 1000);
  return {
    observer,
    families: [
      counters.total,
      counters.errors,
      counters.terminalErrors,
      counters.timeouts,
      seconds,
      createGauge(PASSES.maxConcurrent, () => known(stats()).map(({ workers }) => ({ labels: WHO, value: workers }))),
      createGauge(PASSES.active, () => [{ labels: WHO, value: startedMs.size }]),
      createGauge(PASSES.depth, () => known(stats()).flatMap(depths)),
      counters.adds,
      queueSeconds,
      workSeconds,
      createGauge(PASSES.unfinished, () => [{ labels: QUEUE, value: ages().reduce((sum, age) => sum + age, 0) }]),
      createGauge(PASSES.longest, () => [{ labels: QUEUE, value: Math.max(0, ...ages()) }]),
      counters.retries,
    ],
  };
}

/** A refused profile is an error that no retry helps: controller-runtime counts it among the errors, and apart. */
function resultOf({ kind, ...outcome }: Outcome): (typeof RESULTS)[number] {
  if (kind === 'failed' || kind === 'invalid') return 'error';
  const again = kind === 'waiting' || ('resyncAfterMs' in outcome && outcome.resyncAfterMs !== undefined);
  return again ? 'requeue_after' : 'success';
}

const known = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

/** Both priorities, also when nothing waits: a queue that is empty says 0. */
function depths({ readyByPriority }: LoopStats) {
  const byPriority = new Map([[0, 0], [-100, 0], ...readyByPriority]);
  return [...byPriority].map(([priority, value]) => ({ labels: { ...QUEUE, priority: String(priority) }, value }));
}
