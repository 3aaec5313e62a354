import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../../charts/facts.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import { statusSchema } from '../../crds/status.ts';
import { unreachable } from '../probe/proof.ts';
import {
  childrenLike,
  ERROR_FINDING,
  MIGRATION,
  migrationPod,
  NOW,
  PROFILE,
  podLike,
  recordsLike,
  SYNTHESIS,
  secondsAgo,
  UP,
  viewLike,
  waitingContainer,
} from './fixtures.ts';
import { gateOf, refusalOf } from './gate.ts';
import { type Judged, judge } from './judge.ts';
import { NO_NEEDS } from './observed.ts';
import { ROOM_MS } from './outcome.ts';
import { ADVANCES, REFUSALS, STATES, TROUBLES } from './reasons.ts';
import { recordOf } from './rendering.ts';
import type { Result } from './result.ts';
import type { View } from './view.ts';

const STALL_MS = 600_000;

function judgedLike(view: View, change: Partial<Judged> & { results?: readonly Result[] } = {}): Judged {
  const inForce = { revision: 3, renderVersion: '1.0.0', record: recordOf(SYNTHESIS), applied: recordsLike() };
  return {
    gate: { kind: 'open' },
    generation: 3,
    now: NOW,
    stallAfterMs: STALL_MS,
    before: view.recorded,
    children: view.children,
    made: { profile: PROFILE, synthesis: SYNTHESIS, view, results: change.results ?? [], inForce },
    ...change,
  };
}

const profileWith = (annotations: Record<string, string> = {}, suspend = false): Profile => ({
  ...PROFILE,
  metadata: { ...PROFILE.metadata, annotations },
  spec: { ...PROFILE.spec, suspend },
});

const told = (status: Status) =>
  Object.fromEntries((status.conditions ?? []).map(({ type, status: value, reason }) => [type, `${value} ${reason}`]));
const messageOf = (status: Status, type = 'Ready') =>
  status.conditions?.find((condition) => condition.type === type)?.message;
const BACKEND = 'Deployment/shop-backend';
const down = { ...UP, ready: 0, available: 0 };

describe('a stack where all is well', () => {
  const { status, outcome } = judge(judgedLike(viewLike()));

  it('is Ready and says what runs', () => {
    expect(told(status)).toEqual({
      Ready: 'True Ready',
      Reconciling: 'False Settled',
      Stalled: 'False Settled',
      Valid: 'True Accepted',
      ConfigInSync: 'True Loaded',
      RestartPending: 'False NothingPending',
    });
    const tiers = 'edge 1/1, backend 1/1, frontend 1/1, postgres 1/1';
    expect(messageOf(status)).toBe(`revision 3: ${tiers}; configuration loaded everywhere`);
  });

  it('comes again only to renew its proofs', () => {
    expect(outcome).toEqual({ kind: 'settled', resyncAfterMs: 600_000 });
  });

  it('has a status that the schema of the custom resource takes', () => {
    expect(statusSchema.safeParse(status)).toMatchObject({ success: true });
    expect(status).toMatchObject({ revision: 3, migration: { state: 'Succeeded' }, facts: DEFAULT_FACTS });
    expect(status.progress).toBeUndefined();
  });

  it('says the same when nothing has changed', () => {
    const later = new Date(NOW.getTime() + 3_600_000);
    const again = judge(judgedLike(viewLike({ recorded: status, now: later }), { before: status, now: later }));
    expect(again.status).toEqual(status);
  });
});

describe('a stack that is not there yet', () => {
  it.each<[string, Partial<View>, string, RegExp]>([
    [
      'the database starts',
      { children: childrenLike({ 'StatefulSet/shop-postgres': { state: down } }) },
      'AwaitingDatabase',
      /postgres: 0 of 1 pods are ready/,
    ],
    [
      'the migration runs',
      {
        children: childrenLike({
          [MIGRATION.ref]: { state: { type: 'job', active: 1, outcome: 'open', failure: undefined } },
        }),
      },
      'Migrating',
      /is running/,
    ],
    ['a rollout goes on', { children: childrenLike({ [BACKEND]: { state: down } }) }, 'RollingOut', /backend: 0 of 1/],
    [
      'a change is not taken up yet',
      { children: childrenLike({ [BACKEND]: { generation: 2 } }) },
      'RollingOut',
      /not been taken up/,
    ],
    ['a configuration is loaded', { proofs: new Map() }, 'LoadingConfig', /edge: configuration .* not been asked/],
    [
      'an old object goes',
      { children: childrenLike({ 'Service/shop-edge': { deleting: true } }) },
      'AwaitingRemoval',
      /Service\/shop-edge is being deleted/,
    ],
  ])('%s', (_what, change, reason, message) => {
    const { status, outcome } = judge(judgedLike(viewLike(change)));
    expect(told(status)).toMatchObject({
      Ready: `False ${reason}`,
      Reconciling: `True ${reason}`,
      Stalled: 'False Progressing',
    });
    expect(messageOf(status)).toMatch(message);
    expect(outcome.kind).toBe('waiting');
    expect(status.progress?.since).toBe('2026-11-24T12:00:00Z');
  });
});

describe('a wait', () => {
  const stuck = viewLike({
    children: childrenLike({ [BACKEND]: { state: { ...UP, updated: 0 } } }),
    pods: [podLike('backend', { ready: false, containers: [waitingContainer('ErrImagePull', 'not found')] })],
  });
  const since = (seconds: number, waitingFor = BACKEND, generation = 3) =>
    judge(
      judgedLike(stuck, {
        before: { observedGeneration: generation, progress: { waitingFor, since: secondsAgo(seconds) } },
      }),
    ).status;

  it('names the deepest cause at once', () => {
    expect(told(since(0))).toMatchObject({ Ready: 'False ImagePullFailing', Reconciling: 'True ImagePullFailing' });
    expect(messageOf(since(0))).toMatch(/^Pod\/shop-backend: container web cannot pull image/);
  });

  it('turns into a stall after its deadline, and the two are never True together', () => {
    expect(told(since(599))).toMatchObject({ Reconciling: 'True ImagePullFailing', Stalled: 'False Progressing' });
    expect(told(since(600))).toMatchObject({ Reconciling: 'False Stalled', Stalled: 'True ImagePullFailing' });
  });

  it('goes on over a restart of the operator, since its beginning stands in the status', () => {
    expect(since(300).progress?.since).toBe(secondsAgo(300));
  });

  it.each([
    ['something else', 'Deployment/shop-edge', 3],
    ['another generation', BACKEND, 2],
  ])('begins anew for %s', (_what, waitingFor, generation) => {
    expect(since(900, waitingFor, generation).progress?.since).toBe('2026-11-24T12:00:00Z');
  });
});

describe('a migration that failed', () => {
  it('stalls at once, with the last words of the program', () => {
    const failed = { type: 'job', active: 0, outcome: 'failed', failure: 'BackoffLimitExceeded' } as const;
    const view = viewLike({ children: childrenLike({ [MIGRATION.ref]: { state: failed } }) });
    const { status } = judge(judgedLike(view));
    expect(told(status)).toMatchObject({ Ready: 'False MigrationFailed', Stalled: 'True MigrationFailed' });
    expect(messageOf(status, 'Stalled')).toMatch(/BackoffLimitExceeded.*backend was not changed.*delete the Job/);
    expect(status.migration?.state).toBe('Failed');
  });
});

describe('what the API server would not have', () => {
  const failure = {
    kind: 'Rejected',
    pace: 'slow',
    message: 'field is immutable',
    causes: [],
    cause: undefined,
  } as const;
  const results: Result[] = [
    { ref: 'StatefulSet/shop-postgres', outcome: 'failed', message: failure.message, failure },
  ];

  it('is told in its words, retried slowly, and stalls with the second refusal', () => {
    const { status, outcome } = judge(judgedLike(viewLike(), { results }));
    expect(told(status)).toMatchObject({ Ready: 'False ApplyRejected', Stalled: 'False Progressing' });
    expect(messageOf(status)).toMatch(/^StatefulSet\/shop-postgres: field is immutable/);
    expect(outcome).toEqual({ kind: 'failed', failure });
    const standing = results.map((result) => ({ ...result, standsForMs: 20_000 }));
    const again = judge(judgedLike(viewLike(), { results: standing }));
    expect(again.status).toEqual(status);
    expect(again.outcome).toEqual({ kind: 'waiting', afterMs: 20_000, reason: 'ApplyRejected' });
    const before = {
      observedGeneration: 3,
      progress: { waitingFor: 'apply of StatefulSet/shop-postgres', since: secondsAgo(31) },
    };
    expect(told(judge(judgedLike(viewLike(), { results, before })).status)).toMatchObject({
      Stalled: 'True ApplyRejected',
    });
  });
});

describe('a gate', () => {
  const running = {
    before: { effective: [{ path: 'backend.workers', value: '2', source: 'user' as const }], revision: 2 },
  };

  it('is shut by a blocking finding, with its numbers and its fix; what is in force stays told', () => {
    const gate = gateOf(PROFILE, [ERROR_FINDING]);
    const { status, outcome } = judge(judgedLike(viewLike(), { gate, ...running }));
    expect(told(status)).toMatchObject({
      Ready: 'False FindingsUnacknowledged',
      Reconciling: 'False FindingsUnacknowledged',
      Stalled: 'True FindingsUnacknowledged',
      Valid: 'False FindingsUnacknowledged',
      ConfigInSync: 'Unknown Unproven',
    });
    expect(messageOf(status, 'Valid')).toMatch(
      /^INV-05 \(spec.backend.pool\): 240 .* 92 .* set backend.pool.size to 5/,
    );
    expect(messageOf(status)).toMatch(/What ran before keeps running: edge 1\/1/);
    expect(status).toMatchObject(running.before);
    expect(outcome).toEqual({ kind: 'invalid' });
  });

  it('comes back by itself when it is shut for want of room', () => {
    const gate = gateOf(PROFILE, [ERROR_FINDING], () => []);
    const { status, outcome } = judge(judgedLike(viewLike(), { gate, ...running }));
    expect(outcome).toEqual({ kind: 'settled', resyncAfterMs: ROOM_MS });
    expect(messageOf(status, 'Reconciling')).toContain('until there is room');
    expect(status.facts).toBeUndefined();
  });

  it('opens when the finding is acknowledged', () => {
    expect(gateOf(PROFILE, [{ ...ERROR_FINDING, acknowledged: true }])).toEqual({ kind: 'open' });
    expect(gateOf(PROFILE, [{ ...ERROR_FINDING, severity: 'Warning' }])).toEqual({ kind: 'open' });
  });

  it('is shut by a profile that its schema would not have', () => {
    const gate = refusalOf([{ path: 'spec.backend.workers', message: 'too small' }]);
    const { status } = judge({ ...judgedLike(viewLike(), { gate }), made: undefined });
    expect(told(status)).toMatchObject({ Valid: 'False InvalidSpec', Stalled: 'True InvalidSpec' });
    expect(messageOf(status, 'Valid')).toBe('spec.backend.workers: too small');
  });

  it('is shut by the user, and says whether what runs is well', () => {
    const gate = { kind: 'suspended', by: 'spec.suspend' } as const;
    expect(told(judge(judgedLike(viewLike(), { gate })).status)).toMatchObject({
      Ready: 'True Suspended',
      Reconciling: 'False Suspended',
      Stalled: 'False Suspended',
    });
    const view = viewLike({ children: childrenLike({ [BACKEND]: { state: down } }) });
    expect(told(judge(judgedLike(view, { gate })).status)).toMatchObject({ Ready: 'False Suspended' });
  });

  it('says what suspends it', () => {
    const suspended = (annotations?: Record<string, string>, suspend?: boolean) =>
      judge(judgedLike(viewLike(), { gate: gateOf(profileWith(annotations, suspend), []) })).status;
    const annotation = { 'performance.bahamm.ir/suspend': 'true' };
    expect(messageOf(suspended({}, true), 'Reconciling')).toBe('suspended by spec.suspend');
    const byAnnotation = 'suspended by annotation performance.bahamm.ir/suspend';
    expect(messageOf(suspended(annotation), 'Reconciling')).toBe(byAnnotation);
    expect(messageOf(suspended(annotation, false))).toContain(`${byAnnotation}, nothing is changed: edge 1/1`);
    expect(messageOf(suspended(annotation, true), 'Stalled')).toMatch(/by spec\.suspend and annotation /);
    expect(told(suspended({ 'performance.bahamm.ir/suspend': 'false' }))).toMatchObject({ Ready: 'True Ready' });
  });

  it('records the facts that a suspended profile was admitted by', () => {
    const { status } = judge(judgedLike(viewLike(), { gate: { kind: 'suspended', by: 'spec.suspend' } }));
    expect(status.facts).toMatchObject(DEFAULT_FACTS);
  });

  it.each<[string, Partial<View>, RegExp]>([
    [
      'an edit is not applied',
      { children: childrenLike({ [BACKEND]: { desiredHash: 'older' } }) },
      /the edit of generation 3 is not applied: Deployment\/shop-backend/,
    ],
    [
      'somebody has changed an object',
      { children: childrenLike({ [BACKEND]: { ownedHash: 'other' } }) },
      /nothing is changed: deleted or changed by somebody else: Deployment\/shop-backend \(/,
    ],
    ['a configuration is not loaded', { proofs: new Map() }, /not been asked yet/],
    ['something is no longer wanted', { children: childrenLike({ 'Service/shop-old': {} }) }, /still there: Service/],
  ])('is shut by the user, and not Ready while %s', (_what, change, message) => {
    const { status } = judge(judgedLike(viewLike(change), { gate: { kind: 'suspended', by: 'spec.suspend' } }));
    expect(told(status)).toMatchObject({ Ready: 'False Suspended', Reconciling: 'False Suspended' });
    expect(messageOf(status)).toMatch(message);
  });
});

describe('a request', () => {
  it.each<[string, Partial<Judged>]>([
    ['open', {}],
    ['suspended', { gate: { kind: 'suspended', by: 'spec.suspend' } }],
    ['refused', { gate: gateOf(PROFILE, [ERROR_FINDING]) }],
    ['unreadable', { gate: refusalOf([]), made: undefined }],
  ])('is handled by a pass over a profile that is %s, and stays so', (_what, change) => {
    const { status } = judge(judgedLike(viewLike(), { ...change, request: 'at noon' }));
    expect(status.lastHandledRequest).toBe('at noon');
    expect(statusSchema.safeParse(status)).toMatchObject({ success: true });
    const again = judge(judgedLike(viewLike(), { ...change, before: status }));
    expect(again.status.lastHandledRequest).toBe('at noon');
  });
});

describe('what others provide', () => {
  const requirement = { kind: 'Secret', name: 'shop-tls', keys: [], path: 'edge.tls.secretName' } as const;

  it('is named when a certificate will not do', () => {
    const unusable = [{ requirement, problem: 'its certificate expired at 2026-11-01T00:00:00Z' }];
    const { status } = judge(judgedLike(viewLike({ needs: { ...NO_NEEDS, unusable } })));
    expect(told(status)).toMatchObject({ Ready: 'False CertificateUnusable' });
    expect(messageOf(status)).toMatch(
      /^Secret shop-tls, which spec.edge.tls.secretName names: its certificate expired/,
    );
  });

  it('is told when nginx will not have a certificate, though its configuration is the newest', () => {
    const view = viewLike();
    const proofs = new Map([...view.proofs].map(([key, proof]) => [key, { ...proof, refusal: 'key values mismatch' }]));
    const { status } = judge(judgedLike({ ...view, proofs }));
    expect(told(status).ConfigInSync).toBe('False ConfigRefused');
    expect(messageOf(status, 'ConfigInSync')).toContain('refused what is mounted now: key values mismatch');
    expect(told(status).Ready).not.toBe('True Ready');
  });

  it('is told when the database will not let us in', () => {
    const view = viewLike();
    const refused = { ...unreachable('password authentication failed'), loginRefused: true };
    const proofs = new Map([...view.proofs].map(([key]) => [key, refused]));
    const { status } = judge(judgedLike({ ...view, proofs, pods: [podLike('postgres', { profile: 'shop' })] }));
    expect(messageOf(status, 'ConfigInSync')).toMatch(
      /shop-postgres refuses the login in Secret shop-postgres-monitor.*delete the pod/,
    );
  });
});

describe('a change of the database under a migration', () => {
  it('waits for its end, and says so', () => {
    const state = { type: 'job', active: 1, outcome: 'open', failure: undefined } as const;
    const changes = { [MIGRATION.ref]: { state }, 'StatefulSet/shop-postgres': { desiredHash: 'older' } };
    const view = viewLike({ children: childrenLike(changes), pods: [migrationPod()] });
    const { status } = judge(judgedLike(view));
    expect(told(status).Ready).toBe('False AwaitingMigration');
    expect(messageOf(status)).toMatch(/is running; the database is changed when it has ended/);
  });
});

describe('what PostgreSQL takes over only with a restart', () => {
  it('is named', () => {
    const view = viewLike();
    const proofs = new Map(
      [...view.proofs].map(([key, proof]) => [key, { ...proof, pendingRestart: ['shared_buffers'] }]),
    );
    const { status } = judge(judgedLike({ ...view, proofs }));
    expect(told(status).RestartPending).toBe('True ParametersPending');
    expect(messageOf(status, 'RestartPending')).toContain('shared_buffers');
  });
});

describe('reasons', () => {
  it('are one CamelCase word each, and none stands twice', () => {
    const all = [...REFUSALS, ...ADVANCES, ...TROUBLES, ...STATES];
    for (const reason of all) expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(new Set(all).size).toBe(all.length);
  });
});
