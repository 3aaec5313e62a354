import type { Page } from '../health.ts';
import type { LoopStats } from '../loop/loop.ts';
import { type ApiMetrics, createApiMetrics, type WatchView } from './api-metrics.ts';
import { CONTENT_TYPE, type Family, render } from './exposition.ts';
import { createPassMetrics, type PassMetrics } from './pass-metrics.ts';
import { createProcessMetrics, type ProcessView } from './process-metrics.ts';
import { createProfileMetrics, type ProfileView } from './profile-metrics.ts';

/** What gauges are read from; known once the operator has begun. */
export interface Sources {
  readonly watches: readonly WatchView[];
  readonly profiles: () => readonly ProfileView[];
  readonly stats: () => LoopStats;
}

/** Everything that is counted, and where it is counted. */
export interface Metrics {
  readonly passes: PassMetrics['observer'];
  readonly api: Omit<ApiMetrics, 'families'>;
  /** From here on gauges have something to read. */
  readonly attach: (sources: Sources) => void;
  /** The text of this moment. Costs nothing until it is asked for. */
  readonly page: Page;
  readonly families: readonly Family[];
}

/** Metrics of a process that has not begun to work. */
export function createMetrics(view: ProcessView): Metrics {
  let sources: Sources | undefined;
  const nowMs = () => performance.now();
  const passes = createPassMetrics(() => sources?.stats(), nowMs);
  const { families: apiFamilies, ...api } = createApiMetrics(() => sources?.watches ?? [], nowMs);
  const families = [
    ...createProcessMetrics(view),
    ...passes.families,
    ...apiFamilies,
    ...createProfileMetrics(
      () => sources?.profiles() ?? [],
      () => new Date(),
    ),
  ];
  return {
    passes: passes.observer,
    api,
    attach: (given) => {
      sources = given;
    },
    page: { contentType: CONTENT_TYPE, render: () => render(families) },
    families,
  };
}
