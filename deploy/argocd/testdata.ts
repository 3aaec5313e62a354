import { DEFAULT_FACTS } from '../../charts/facts.ts';
import {
  childrenLike,
  NOW,
  podLike,
  profileOf,
  recordsLike,
  SYNTHESIS,
  secondsAgo,
  UP,
  viewLike,
  waitingContainer,
} from '../../controller/reconcile/fixtures.ts';
import { type Gate, gateOf } from '../../controller/reconcile/gate.ts';
import { judge } from '../../controller/reconcile/judge.ts';
import type { View } from '../../controller/reconcile/view.ts';
import { ADOPT_RENDERING, REQUESTED_AT, SUSPEND } from '../../crds/annotations.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import { yamlOf } from '../../crds/yaml.ts';
import { synthesize } from '../../synth/synthesize.ts';

/**
 * Profiles for the tests of the scripts, with statuses that the operator itself has judged. What nobody looks at there,
 * as every value in force and the hashes of what was applied, is left out of them.
 */
const SHOWN_FIELDS = [
  'observedGeneration',
  'revision',
  'renderVersion',
  'rendering',
  'lastHandledRequest',
  'progress',
  'conditions',
  'tiers',
] as const;

const GENERATION = 3;
const RECORD = { text: '', digest: '3b1f0c0ade5f4c1d' };
const AVAILABLE = '1.5.0';
const REQUEST = '2026-11-24T12:00:00Z';
/** What Argo CD's own tests put in the place of a time that an action has read from the clock. */
const ANY_TIME = '0001-01-01T00:00:00Z';

const BACKEND = 'Deployment/shop-backend';
const rollingOut = viewLike({ children: childrenLike({ [BACKEND]: { state: { ...UP, updated: 0 } } }) });
const unapplied = viewLike({ children: childrenLike({ [BACKEND]: { desiredHash: 'older' } }) });
const pulling = {
  ...rollingOut,
  pods: [podLike('backend', { ready: false, containers: [waitingContainer('ErrImagePull', 'not found')] })],
};
const greedy = profileOf({
  backend: { image: 'shop/backend:1', workers: 2, pool: { size: 60 } },
  postgres: { storage: { size: '1Gi' }, maxConnections: 100 },
});

interface Scene {
  readonly view?: View;
  readonly profile?: Profile;
  readonly gate?: Gate;
  readonly before?: Status;
  readonly request?: string;
  /** Version that renders otherwise. */
  readonly available?: string;
}

/** The status that the operator would write. */
function statusOf(scene: Scene): Status {
  const { view = viewLike(), profile = profileOf(), gate = { kind: 'open' }, before = {}, request, available } = scene;
  const inForce = { revision: 3, renderVersion: '1.4.0', record: RECORD, available, applied: recordsLike() };
  const made = { profile, synthesis: SYNTHESIS, view, results: [], inForce };
  const circumstances = { generation: GENERATION, now: NOW, stallAfterMs: 600_000, before, request };
  const { status } = judge({ ...circumstances, gate, children: view.children, made });
  return Object.fromEntries(SHOWN_FIELDS.map((field) => [field, status[field]]));
}

const suspendedBy = (by: string): Scene => ({ gate: { kind: 'suspended', by }, before: statusOf({}) });
const stalledBefore: Status = {
  observedGeneration: GENERATION,
  progress: { waitingFor: BACKEND, since: secondsAgo(601) },
};

/** A profile as the API server would show it. */
function shown(status?: Status, change: { metadata?: object; spec?: object } = {}): object {
  const metadata = { name: 'shop', namespace: 'web', generation: GENERATION, ...change.metadata };
  const { backend, edge, frontend, postgres } = profileOf({ backend: { image: 'shop/backend:1', workers: 2 } }).spec;
  const spec = { edge, backend, frontend, postgres, ...change.spec };
  return { apiVersion: API_VERSION, kind: KIND, metadata, spec, ...(status === undefined ? {} : { status }) };
}

const annotated = (annotations: Record<string, string>) => ({ metadata: { annotations } });
const healthy = statusOf({});
const offered = statusOf({ available: AVAILABLE });
const suspended = statusOf(suspendedBy(`annotation ${SUSPEND}`));

const SHOWN: Readonly<Record<string, object>> = {
  'testdata/no-status.yaml': shown(),
  'testdata/no-conditions.yaml': shown({}),
  'testdata/progressing.yaml': shown(statusOf({ view: rollingOut })),
  'testdata/healthy.yaml': shown(healthy),
  'testdata/stale-generation.yaml': shown(healthy, { metadata: { generation: GENERATION + 1 } }),
  'testdata/stalled.yaml': shown(statusOf({ view: pulling, before: stalledBefore })),
  'testdata/refused.yaml': shown(
    statusOf({ profile: greedy, gate: gateOf(greedy, synthesize(greedy, DEFAULT_FACTS).findings), before: healthy }),
    { spec: { backend: greedy.spec.backend, postgres: greedy.spec.postgres } },
  ),
  'testdata/suspended-by-spec.yaml': shown(statusOf(suspendedBy('spec.suspend')), { spec: { suspend: true } }),
  'testdata/suspended-by-annotation.yaml': shown(suspended, annotated({ [SUSPEND]: 'true' })),
  'testdata/suspended-unapplied.yaml': shown(statusOf({ ...suspendedBy('spec.suspend'), view: unapplied }), {
    spec: { suspend: true },
  }),
  'testdata/deleting.yaml': shown(healthy, { metadata: { deletionTimestamp: REQUEST } }),
  'testdata/rendering-available.yaml': shown(offered),
  'testdata/requested.yaml': shown(healthy, annotated({ [REQUESTED_AT]: REQUEST })),
  'testdata/handled.yaml': shown(statusOf({ request: REQUEST }), annotated({ [REQUESTED_AT]: REQUEST })),
  'actions/testdata/suspended.yaml': shown(healthy, annotated({ [SUSPEND]: 'true' })),
  'actions/testdata/resumed.yaml': shown(suspended),
  'actions/testdata/refreshed.yaml': shown(healthy, annotated({ [REQUESTED_AT]: ANY_TIME })),
  'actions/testdata/adopted.yaml': shown(offered, annotated({ [ADOPT_RENDERING]: AVAILABLE })),
};

/** Text by path below the folder of our kind. */
export const TESTDATA: Readonly<Record<string, () => string>> = Object.fromEntries(
  Object.entries(SHOWN).map(([path, object]) => [path, () => yamlOf(object)]),
);
