import { TIERS } from '../../charts/kit/labels.ts';
import type { Condition, Status } from '../../crds/status.ts';
import type { KubeObject } from '../cluster/port.ts';
import { PROFILES } from './catalog.ts';
import { createGauge, type Definition, type Family, type Labels } from './exposition.ts';

/** How often the containers of a pod were started again. */
export interface PodView {
  readonly tier: string | undefined;
  readonly containers: ReadonlyArray<{ readonly restarts: number }>;
}

/** What is known of a profile. */
export interface ProfileView {
  readonly object: KubeObject;
  readonly pods: readonly PodView[];
}

type Profile = 'namespace' | 'name';
type Reading<L extends string> = ReadonlyArray<{ readonly labels: Labels<L>; readonly value: number }>;
interface Seen {
  readonly status: Status;
  readonly generation: number;
  readonly pods: readonly PodView[];
}

const STATUSES = ['True', 'False', 'Unknown'] as const;
const SEVERITIES = ['Error', 'Warning', 'Info'] as const;

/** Gauges of all profiles, each read from what the watch has told. */
export function createProfileMetrics(profiles: () => readonly ProfileView[], now: () => Date): Family[] {
  const each = <L extends string>(definition: Definition<L | Profile>, read: (seen: Seen) => Reading<L>): Family =>
    createGauge<L | Profile>(definition, () =>
      profiles().flatMap(({ object, pods }) => {
        const { namespace = '', name, generation = 0 } = object.metadata;
        const seen = { status: (object.status ?? {}) as Status, generation, pods };
        return read(seen).map(({ labels, value }) => ({
          labels: { namespace, name, ...labels } as Labels<L | Profile>,
          value,
        }));
      }),
    );
  const one = (definition: Definition<Profile>, read: (seen: Seen) => number | undefined): Family =>
    each<never>(definition, (seen) => {
      const value = read(seen);
      return value === undefined ? [] : [{ labels: {}, value }];
    });

  return [
    each(PROFILES.info, ({ status }) =>
      status.renderVersion === undefined ? [] : [{ labels: { render_version: status.renderVersion }, value: 1 }],
    ),
    each(PROFILES.condition, ({ status }) => (status.conditions ?? []).flatMap(statuses)),
    each(PROFILES.reason, ({ status }) =>
      (status.conditions ?? []).map(({ type, reason }) => ({ labels: { type, reason }, value: 1 })),
    ),
    each(PROFILES.findings, ({ status }) =>
      SEVERITIES.map((severity) => {
        const findings = (status.findings ?? []).filter((finding) => finding.severity === severity);
        return { labels: { severity }, value: findings.length };
      }),
    ),
    one(PROFILES.peak, ({ status }) => status.connections?.peak),
    one(PROFILES.steady, ({ status }) => status.connections?.steady),
    one(PROFILES.usable, ({ status }) => status.connections?.usable),
    each(PROFILES.inSync, ({ status }) =>
      (status.config ?? []).map(({ tier, desired, loaded }) => ({
        labels: { tier },
        value: desired === loaded ? 1 : 0,
      })),
    ),
    each(PROFILES.ready, ({ status }) => podCounts(status, 0)),
    each(PROFILES.wanted, ({ status }) => podCounts(status, 1)),
    each(PROFILES.restarts, ({ pods }) => TIERS.map((tier) => ({ labels: { tier }, value: restartsOf(pods, tier) }))),
    one(PROFILES.revision, ({ status }) => status.revision),
    one(PROFILES.generation, ({ generation }) => generation),
    one(PROFILES.observed, ({ status }) => status.observedGeneration ?? 0),
    one(PROFILES.suspended, ({ status }) => (isSuspended(status) ? 1 : 0)),
    one(PROFILES.waiting, ({ status }) => waitedSeconds(status, now())),
  ];
}

const statuses = ({ type, status }: Condition) =>
  STATUSES.map((each) => ({ labels: { type, status: each.toLowerCase() }, value: each === status ? 1 : 0 }));

/** `1/2` is ready and wanted. */
function podCounts({ tiers = {} }: Status, part: 0 | 1): Reading<'tier'> {
  return Object.entries(tiers).flatMap(([tier, text]) => {
    const value = Number((text ?? '').split('/')[part] || Number.NaN);
    return Number.isNaN(value) ? [] : [{ labels: { tier }, value }];
  });
}

const restartsOf = (pods: readonly PodView[], tier: string): number =>
  pods
    .filter((pod) => pod.tier === tier)
    .flatMap(({ containers }) => containers)
    .reduce((sum, { restarts }) => sum + restarts, 0);

const isSuspended = ({ conditions = [] }: Status): boolean =>
  conditions.some(({ type, reason }) => type === 'Reconciling' && reason === 'Suspended');

const waitedSeconds = ({ progress }: Status, now: Date): number =>
  progress === undefined ? 0 : Math.max(0, (now.getTime() - Date.parse(progress.since)) / 1000);
