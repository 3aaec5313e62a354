import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Status } from '../../crds/status.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { PassReport } from '../loop/loop.ts';
import { createLoop } from '../loop/loop.ts';
import { unreachable } from '../probe/proof.ts';
import { writeOf } from './api-metrics.ts';
import { CATALOG } from './catalog.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { ProfileView } from './profile-metrics.ts';

const fresh = (): Metrics => createMetrics({ version: '1.2.3', maxLagMs: () => 20 });
const textOf = async ({ page }: Metrics): Promise<string> => page.render();
const linesOf = async (metrics: Metrics, name: string): Promise<string[]> =>
  (await textOf(metrics)).split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));

const idle = createLoop({ pass: async () => ({ kind: 'settled' }) });

function withProfiles(profiles: readonly ProfileView[]): Metrics {
  const metrics = fresh();
  metrics.attach({ watches: [], profiles: () => profiles, stats: idle.stats });
  return metrics;
}

const profile = (name: string, status: Status, pods: ProfileView['pods'] = []): ProfileView => ({
  object: {
    metadata: { namespace: 'shop', name, generation: 4, uid: name, resourceVersion: '1' },
    status,
  } as unknown as KubeObject,
  pods,
});

describe('the page', () => {
  it('has every metric of the catalog, and no other', async () => {
    const exposed = [...(await textOf(fresh())).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(exposed.sort()).toEqual(CATALOG.map(({ name, type }) => `${name} ${type}`).sort());
  });

  it('is what docs/metrics.md lists', () => {
    const text = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const listed = [...text.matchAll(/^\| `([a-z_]+)` \| (?:counter|gauge|histogram)/gm)].map(([, name]) => name);
    expect(listed).toEqual(CATALOG.map(({ name }) => name));
  });

  it('gives each metric the labels of its definition', () => {
    const metrics = withProfiles([profile('one', FULL_STATUS)]);
    for (const { definition, samples } of metrics.families) {
      for (const { labels } of samples()) {
        expect(
          Object.keys(labels)
            .filter((label) => label !== 'le')
            .sort(),
          definition.name,
        ).toEqual([...definition.labels].sort());
      }
    }
  });
});

const FULL_STATUS: Status = {
  observedGeneration: 3,
  revision: 7,
  renderVersion: '1.2.3',
  connections: { peak: 80, steady: 40, usable: 92, summary: '80/92' },
  tiers: { edge: '1/2' },
  config: [
    { tier: 'edge', desired: 'a', loaded: 'a' },
    { tier: 'postgres', desired: 'a', loaded: '' },
  ],
  findings: [{ id: 'X', severity: 'Warning', path: '', message: '', fix: '', acknowledged: false }],
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      reason: 'ImagePullFailing',
      message: '',
      observedGeneration: 3,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
    {
      type: 'Reconciling',
      status: 'False',
      reason: 'Suspended',
      message: '',
      observedGeneration: 3,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
};

describe('profiles', () => {
  it('are told by their status', async () => {
    const pods = [{ tier: 'edge', containers: [{ restarts: 2 }, { restarts: 1 }] }];
    const text = await textOf(withProfiles([profile('one', FULL_STATUS, pods)]));
    const at = 'namespace="shop",name="one"';
    for (const line of [
      `pitcrew_profile_condition{${at},type="Ready",status="true"} 0`,
      `pitcrew_profile_condition{${at},type="Ready",status="false"} 1`,
      `pitcrew_profile_condition_reason{${at},type="Ready",reason="ImagePullFailing"} 1`,
      `pitcrew_profile_findings{${at},severity="Warning"} 1`,
      `pitcrew_profile_findings{${at},severity="Error"} 0`,
      `pitcrew_profile_connections_peak{${at}} 80`,
      `pitcrew_profile_config_in_sync{${at},tier="postgres"} 0`,
      `pitcrew_profile_pods_ready{${at},tier="edge"} 1`,
      `pitcrew_profile_pods_wanted{${at},tier="edge"} 2`,
      `pitcrew_profile_restarts{${at},tier="edge"} 3`,
      `pitcrew_profile_restarts{${at},tier="backend"} 0`,
      `pitcrew_profile_generation{${at}} 4`,
      `pitcrew_profile_observed_generation{${at}} 3`,
      `pitcrew_profile_suspended{${at}} 1`,
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('have no series once they are gone', async () => {
    const profiles = [profile('one', FULL_STATUS), profile('two', {})];
    const metrics = withProfiles(profiles);
    expect(await textOf(metrics)).toContain('name="one"');
    profiles.shift();
    const text = await textOf(metrics);
    expect(text).not.toContain('name="one"');
    expect(text).toContain('pitcrew_profile_generation{namespace="shop",name="two"} 4');
  });
});

describe('passes', () => {
  const report = (outcome: PassReport['outcome']): PassReport => ({
    key: 'shop/one',
    reconcileId: '1',
    outcome,
    durationMs: 40,
    againAfterMs: undefined,
    failuresInARow: 0,
    thrown: undefined,
    late: false,
  });

  it('are counted as controller-runtime does, from 0 on', async () => {
    const metrics = fresh();
    const errors = 'controller_runtime_reconcile_errors_total';
    expect(await linesOf(metrics, errors)).toEqual([`${errors}{controller="performanceprofile"} 0`]);
    metrics.passes.passEnded?.(report({ kind: 'settled' }));
    metrics.passes.passEnded?.(report({ kind: 'settled', resyncAfterMs: 1 }));
    metrics.passes.passEnded?.(report({ kind: 'waiting', afterMs: 1, reason: '' }));
    metrics.passes.passEnded?.(report({ kind: 'invalid' }));
    metrics.passes.passEnded?.(report({ kind: 'failed', failure: { pace: 'backoff', message: '' } }));
    const total = 'controller_runtime_reconcile_total{controller="performanceprofile"';
    expect(await linesOf(metrics, 'controller_runtime_reconcile_total')).toEqual([
      `${total},result="success"} 1`,
      `${total},result="error"} 2`,
      `${total},result="requeue_after"} 2`,
    ]);
    expect(await linesOf(metrics, errors)).toEqual([`${errors}{controller="performanceprofile"} 2`]);
    expect((await linesOf(metrics, 'controller_runtime_terminal_reconcile_errors_total'))[0]).toMatch(/ 1$/);
    expect((await linesOf(metrics, 'workqueue_retries_total'))[0]).toMatch(/ 1$/);
    expect((await linesOf(metrics, 'controller_runtime_reconcile_time_seconds_sum'))[0]).toMatch(/ 0.2$/);
  });

  it('that run are shown until they end', async () => {
    const metrics = fresh();
    const active = async () => (await linesOf(metrics, 'controller_runtime_active_workers'))[0]?.split(' ')[1];
    metrics.passes.passStarted?.({ key: 'shop/one', priority: 0, queuedMs: 0 }, '1');
    expect(await active()).toBe('1');
    metrics.passes.passEnded?.(report({ kind: 'settled' }));
    expect(await active()).toBe('0');
  });

  it('that wait are counted by priority, also when none does', async () => {
    const loop = createLoop({ pass: async () => ({ kind: 'settled' }) });
    const metrics = fresh();
    metrics.attach({ watches: [], profiles: () => [], stats: loop.stats });
    loop.add('shop/one');
    loop.add('shop/two', { priority: -100 });
    loop.add('shop/three', { priority: -100 });
    const depth = 'workqueue_depth{name="performanceprofile",controller="performanceprofile",priority=';
    expect(await linesOf(metrics, 'workqueue_depth')).toEqual([`${depth}"0"} 1`, `${depth}"-100"} 2`]);
  });
});

describe('writes', () => {
  const attempt = (method: string, path: string, status: number | undefined = 200) =>
    writeOf({ method, path, status, lane: 'api', durationMs: 1 });
  it.each([
    ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/a', { verb: 'patch', kind: 'Deployment' }],
    ['POST', '/api/v1/namespaces/shop/secrets', { verb: 'create', kind: 'Secret' }],
    ['DELETE', '/api/v1/namespaces/shop/configmaps/namespaces', { verb: 'delete', kind: 'ConfigMap' }],
    [
      'PATCH',
      '/apis/performance.bahamm.ir/v1alpha1/namespaces/shop/performanceprofiles/a/status',
      { verb: 'patch', kind: 'PerformanceProfile' },
    ],
    ['GET', '/api/v1/namespaces/shop/configmaps/a', undefined],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', undefined],
  ])('%s %s', (method, path, expected) => {
    expect(attempt(method, path)).toEqual(expected);
  });

  it('that were refused or lost are none', () => {
    expect(attempt('PATCH', '/api/v1/namespaces/shop/configmaps/a', 409)).toBeUndefined();
    expect(
      writeOf({ method: 'PATCH', path: '/api/v1/nodes/a', status: undefined, lane: 'api', durationMs: 1 }),
    ).toBeUndefined();
  });
});

describe('what is asked and told', () => {
  it('is counted', async () => {
    const metrics = fresh();
    const observer = metrics.api.transport('api.example:6443');
    observer.attempted?.({ method: 'GET', path: '/version', status: undefined, lane: 'api', durationMs: 1 });
    const probes = metrics.api.measured({ edge: async () => unreachable('x'), postgres: async () => unreachable('x') });
    await probes.edge({ ip: '10.0.0.1' }, AbortSignal.timeout(1_000));
    metrics.api.reflector('Pod').missed?.(2);
    const text = await textOf(metrics);
    expect(text).toContain('rest_client_requests_total{code="<error>",method="GET",host="api.example:6443"} 1\n');
    expect(text).toContain('pitcrew_probes_total{tier="edge",result="unreachable"} 1\n');
    expect(text).toContain('pitcrew_watch_missed_changes_total{kind="Pod"} 2\n');
  });
});
