/** A series as promtool writes it: name, labels, and values a minute apart. */
export type Series = readonly [series: string, values: string];

/** How long things are looked at. Tests look at the same rules through shorter times. */
export interface Pace {
  /** How long an expression must hold before the alert fires. */
  readonly holds: (duration: string) => string;
  /** Over how long a rate or an extreme is taken. */
  readonly over: (duration: string) => string;
}

/** As written. */
export const LIFE: Pace = { holds: (duration) => duration, over: (duration) => duration };

/** One alert, what fires it, and what to do then. */
export interface Alert {
  readonly name: string;
  /** critical: somebody should look now; warning: today; info: when there is time. */
  readonly severity: 'critical' | 'warning' | 'info';
  readonly holds: string;
  readonly expr: (pace: Pace) => string;
  readonly summary: string;
  /** Cause, how to see it, and the way out. */
  readonly runbook: string;
  /** Series with which promtool sees it fire. */
  readonly fires: readonly Series[];
}

/** Alerts about one source of metrics; who does not scrape it leaves the group out. */
export interface AlertGroup {
  readonly name: string;
  readonly source: string;
  readonly alerts: readonly Alert[];
}

/** All alerts read the metrics of profiles so: several operators, of which one leads, show the same. */
export const perProfile = (selector: string): string => `max by (namespace, name) (${selector})`;
