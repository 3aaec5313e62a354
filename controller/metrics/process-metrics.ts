import { PROCESS } from './catalog.ts';
import { createGauge, type Definition, type Family } from './exposition.ts';

/** What a process says of itself. */
export interface ProcessView {
  readonly version: string;
  readonly maxLagMs: () => number;
  /** Undefined: there is no election, and nobody leads. */
  readonly leads?: (() => { readonly name: string; readonly leading: boolean } | undefined) | undefined;
}

/** Asked of the process itself when somebody wants to know. */
export function createProcessMetrics({ version, maxLagMs, leads }: ProcessView): Family[] {
  const plain = (definition: Definition<never>, read: () => number) =>
    createGauge(definition, () => [{ labels: {}, value: read() }]);
  return [
    createGauge(PROCESS.build, () => [{ labels: { version, node_version: process.versions.node }, value: 1 }]),
    createGauge(PROCESS.leader, () => {
      const lead = leads?.();
      return lead === undefined ? [] : [{ labels: { name: lead.name }, value: lead.leading ? 1 : 0 }];
    }),
    plain(PROCESS.cpu, () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
    plain(PROCESS.memory, () => process.memoryUsage.rss()),
    plain(PROCESS.start, () => performance.timeOrigin / 1000),
    plain(PROCESS.lag, () => maxLagMs() / 1000),
    plain(PROCESS.heapUsed, () => process.memoryUsage().heapUsed),
    plain(PROCESS.heapTotal, () => process.memoryUsage().heapTotal),
  ];
}
