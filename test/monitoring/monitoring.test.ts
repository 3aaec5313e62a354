import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOG } from '../../controller/metrics/catalog.ts';
import { DASHBOARD_QUERIES } from '../../deploy/monitoring/dashboard.ts';
import { ALERTS } from '../../deploy/monitoring/rules.ts';
import { e2eStage, removeOtherProfiles } from '../support/e2e-stage.ts';
import { type Edge, edgeOf } from '../support/edge.ts';
import { podsOf, psql } from '../support/inside.ts';
import { waitFor } from '../support/kubectl.ts';
import { applyProfile, patchSpec, smallProfile } from '../support/profiles.ts';
import { OPERATOR_NAMESPACE, prepareNamespace, type Stage, waitReady } from '../support/stage.ts';
import { discoverOperator, secretText, startExporters } from './exporters.ts';
import { kubeletJob, MEASURED_CLASS, type MeasuredVolume, measuredVolume } from './measured-volume.ts';
import { Prometheus } from './prometheus.ts';

/** A real Prometheus watches a real stack; each alert is fired by what it is about, and clears when that is mended. */
let stage: Stage;
let prometheus: Prometheus;
let edge: Edge;
let log: ChildProcess;
let volume: MeasuredVolume;
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-monitoring-'));
const namespace = 'watched';
const name = 'shop';
const at = { namespace, name };
const OF_STACK = { namespace, profile: name };

/** Takes back what a run that was cut off has left. */
const AS_APPLIED = {
  policy: null,
  suspend: null,
  backend: { pool: null },
  frontend: { image: 'localhost/bahamm-frontend:2.0' },
  postgres: { parameters: null },
};

beforeAll(async () => {
  stage = await e2eStage();
  const { kubectl, cluster } = stage;
  await removeOtherProfiles(kubectl, namespace);
  await prepareNamespace(kubectl, namespace, 'unused-tls', ['shop.example']);
  volume = await measuredVolume(cluster, kubectl);
  await volume.empty();
  const shop = smallProfile(name, namespace);
  await applyProfile(kubectl, {
    ...shop,
    spec: {
      ...shop.spec,
      edge: { ...shop.spec.edge, workerConnections: 256 },
      backend: { ...shop.spec.backend, writablePaths: ['/app/logs'] },
      uploads: { path: '/uploads/', backendPath: '/app/uploads', size: '64Mi', storageClassName: MEASURED_CLASS },
      postgres: { ...shop.spec.postgres, maxConnections: 20 },
    },
  });
  await patchSpec(kubectl, at, AS_APPLIED);
  await waitReady(kubectl, namespace, name, 240_000);
  edge = await edgeOf(kubectl, cluster.nodeAddress, { namespace, profile: name, host: 'shop.example' });
  prometheus = await Prometheus.start(cluster, folder, [await kubeletJob(kubectl)]);
  prometheus.setTargets('kubelet', [{ address: `${cluster.nodeAddress}:10250`, labels: {} }]);
  await discoverOperator(kubectl, prometheus);
  log = await startExporters(kubectl, prometheus, at, folder);
});

afterAll(async () => {
  log?.kill('SIGKILL');
  await prometheus?.stop();
  await stage?.kubectl.attempt('delete', 'wperf', '--all', '-n', namespace, '--wait=false');
  rmSync(folder, { recursive: true, force: true });
});

/** Names of metrics in an expression. */
const metricsIn = (expr: string): string[] =>
  [
    ...expr
      .replaceAll(/"[^"]*"|\{\{.*?\}\}/g, '')
      .matchAll(
        /\b(?:pitcrew|controller_runtime|workqueue|rest_client|leader_election|nodejs|process|nginx|pg|kubelet)_[a-z0-9_]+/g,
      ),
  ].map(([metric]) => metric);

describe('all is well', () => {
  it('every target answers, and every metric of rules and dashboard is there', async () => {
    await edge.ask('/api/products');
    const expressions = [...ALERTS.map(({ expr }) => expr({ holds: String, over: String })), ...DASHBOARD_QUERIES];
    const wanted = new Set(expressions.flatMap(metricsIn));
    expect(wanted.size).toBeGreaterThan(40);
    // What has not happened yet has no series, but its name is known.
    const rare = new Set(CATALOG.map((metric) => metric.name));
    await waitFor('all metrics', async () => {
      const names = new Set(await prometheus.metricNames());
      const missing = [...wanted].filter((metric) => !names.has(metric) && !rare.has(metric));
      if (missing.length > 0) throw new Error(`missing: ${missing.join(', ')}`);
      return true;
    });
    const { activeTargets } = await prometheus.query<{ activeTargets: Array<{ health: string; lastError: string }> }>(
      'targets',
    );
    expect(activeTargets.map(({ health, lastError }) => `${health} ${lastError}`)).toEqual(Array(5).fill('up '));
  });

  it('every question of the dashboard is understood', async () => {
    // As Grafana puts them, with all profiles chosen.
    const chosen = { namespace: '.*', profile: '.*', __rate_interval: '15s' };
    for (const query of DASHBOARD_QUERIES) {
      const asked = query.replaceAll(/\$(\w+)/g, (_, variable: keyof typeof chosen) => chosen[variable]);
      await prometheus.query(`query?query=${encodeURIComponent(asked)}`);
    }
  });

  it('and nothing is told', async () => {
    const about = (await prometheus.firing()).filter(({ labels }) => labels.namespace === namespace);
    expect(about.map(({ labels }) => labels.alertname)).toEqual([]);
  });
});

describe('an edit', () => {
  const tooMany = { backend: { pool: { size: 10, maxOverflow: 20 } } };

  it('that is refused', async () => {
    await patchSpec(stage.kubectl, at, tooMany);
    const alert = await prometheus.fires('PitcrewEditRefused', at);
    expect(alert.annotations.summary).toContain('watched/shop');
  });

  it('that is admitted all the same exceeds the budget, and is refused no more', async () => {
    await patchSpec(stage.kubectl, at, { policy: { acknowledge: ['INV-05'], reason: 'to see it told' } });
    await prometheus.fires('PitcrewConnectionBudgetExceeded', at);
    await prometheus.clears('PitcrewEditRefused', at);
    await patchSpec(stage.kubectl, at, { backend: { pool: null }, policy: null });
    await prometheus.clears('PitcrewConnectionBudgetExceeded', at);
  });

  it('to an image that cannot be pulled', async () => {
    await patchSpec(stage.kubectl, at, { frontend: { image: 'localhost/no-such-image:1' } });
    await prometheus.fires('PitcrewProfileNotReady', at);
    await prometheus.fires('PitcrewProfileStalled', at);
    await patchSpec(stage.kubectl, at, { frontend: { image: 'localhost/bahamm-frontend:2.0' } });
    await waitReady(stage.kubectl, namespace, name);
    for (const alert of ['PitcrewProfileNotReady', 'PitcrewProfileStalled']) await prometheus.clears(alert, at);
  });
});

describe('clients', () => {
  const storm = async (path: string) => {
    await Promise.all(Array.from({ length: 100 }, () => edge.ask(path).catch(() => undefined)));
  };

  it('that ask too much', async () => {
    await waitFor('the limit', async () => {
      await storm('/api/health');
      return prometheus.isFiring('PitcrewEdgeRateLimited');
    });
    await prometheus.fires('PitcrewEdgeRateLimited', OF_STACK);
  });

  it('that are too many at a time', async () => {
    // nginx makes room by closing connections that are idle, as new ones are; in the middle of a request they are not.
    const clients: Socket[] = [];
    const twentyMore = () => {
      const more = Array.from({ length: 20 }, () => connect(edge.httpPort, edge.address));
      for (const client of more)
        client
          .on('error', () => undefined)
          .resume()
          .write('GET / HTTP/1.1\r\nHost: shop.');
      clients.push(...more);
      return more;
    };
    let newest = twentyMore();
    await waitFor('nginx to have no place left', async () => {
      if (newest.every(({ closed }) => closed)) return true;
      newest = twentyMore();
      return false;
    });
    for (const client of clients) client.destroy();
    await prometheus.fires('PitcrewEdgeConnectionsDropped', OF_STACK);
    await prometheus.clears('PitcrewEdgeConnectionsDropped', OF_STACK);
  });
});

describe('the database', () => {
  const database = { namespace, profile: name, database: 'postgres' };
  const writeAutoConf = async (text: string) => {
    const [folder = ''] = await psql(stage.kubectl, database, 'show data_directory');
    const file = `${folder}/postgresql.auto.conf`;
    await stage.kubectl.exec(namespace, `${name}-postgres-0`, [
      'sh',
      '-c',
      `printf '%s\\n' "$1" > ${file}`,
      'sh',
      text,
    ]);
    await psql(stage.kubectl, database, 'select pg_reload_conf()');
  };

  it('whose connections are taken by somebody', async () => {
    const password = await secretText(stage.kubectl, at, `${name}-postgres-app`, 'password');
    const hold = `for i in $(seq 18); do PGPASSWORD=${password} psql -X -q -h 127.0.0.1 -U app -d app -c 'select pg_sleep(60)' 2>/dev/null & done; wait`;
    const taking = stage.kubectl.start('exec', '-n', namespace, `${name}-postgres-0`, '--', 'sh', '-c', hold);
    try {
      await prometheus.fires('PitcrewDatabaseConnectionsNearLimit', OF_STACK);
    } finally {
      taking.kill('SIGKILL');
      const end = "select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep%'";
      await psql(stage.kubectl, database, end);
    }
    await prometheus.clears('PitcrewDatabaseConnectionsNearLimit', OF_STACK);
  });

  it('that was changed past the profile', async () => {
    // ALTER SYSTEM is switched off; whoever can write the file of its settings still can.
    await writeAutoConf("max_connections = 30\npitcrew.config_hash = 'elsewhere'");
    // The server is asked again when it shall load something new.
    await patchSpec(stage.kubectl, at, { postgres: { parameters: { workMem: '5MB' } } });
    await prometheus.fires('PitcrewRestartPending', at);
    await prometheus.fires('PitcrewConfigNotInSync', at);
    await writeAutoConf('');
    await waitReady(stage.kubectl, namespace, name);
    for (const alert of ['PitcrewRestartPending', 'PitcrewConfigNotInSync']) await prometheus.clears(alert, at);
  });
});

describe.concurrent('many troubles at a time', () => {
  it('a volume that fills up', async () => {
    const claim = { namespace, persistentvolumeclaim: `${name}-backend-uploads` };
    // The kubelet measures once a minute.
    const deadlineMs = 120_000;
    await volume.fill();
    await prometheus.fires('PitcrewVolumeNearlyFull', claim, deadlineMs);
    await volume.empty();
    await prometheus.clears('PitcrewVolumeNearlyFull', claim, deadlineMs);
  });

  it('processes that end again and again, and clients that meet errors', async () => {
    const backend = async () => (await podsOf(stage.kubectl, namespace, name, 'backend'))[0];
    const told = new Set<string>();
    for (const restarts of [1, 2, 3]) {
      const pod = await waitFor('the backend to be ready', backend);
      await stage.kubectl.attempt('exec', '-n', namespace, pod.name, '--', 'sh', '-c', 'kill 1');
      const again = async () => {
        await edge.ask('/api/products/none').catch(() => undefined);
        for (const { labels } of await prometheus.firing()) told.add(labels.alertname ?? '');
        return ((await backend())?.restarts ?? 0) >= restarts;
      };
      await waitFor('the backend to be back', again, 90_000);
    }
    expect(told).toContain('PitcrewEdgeServerErrors');
    await prometheus.fires('PitcrewPodsRestarting', { ...at, tier: 'backend' });
  });

  it('somebody who deletes what is managed, over and over', async () => {
    // In turn: what one object meets again and again is repaired ever later.
    const policies = ['edge', 'backend', 'frontend', 'postgres'].map((tier) => ['networkpolicy', `${name}-${tier}`]);
    let repairs = 0;
    await waitFor('too many repairs', async () => {
      const policy = [...(policies[repairs % policies.length] ?? []), '-n', namespace];
      await stage.kubectl.run('delete', ...policy);
      await waitFor('a repair', async () => (await stage.kubectl.get(...policy)) !== undefined);
      repairs += 1;
      return prometheus.isFiring('PitcrewRepairsGoOn');
    });
  });
});

describe('a frontend', () => {
  it('that gets less memory than it needs, against advice', async () => {
    const withMemory = (memory: string) => ({
      frontend: { resources: { requests: { memory: '32Mi' }, limits: { memory } } },
    });
    const acknowledged = { policy: { acknowledge: ['INV-21'], reason: 'to see what the kernel does' } };
    await patchSpec(stage.kubectl, at, { ...withMemory('32Mi'), ...acknowledged });
    await prometheus.fires('PitcrewOutOfMemory', at);
    await patchSpec(stage.kubectl, at, { ...withMemory('512Mi'), policy: null });
    await prometheus.clears('PitcrewOutOfMemory', at);
    await waitReady(stage.kubectl, namespace, name);
  });
});

describe('a profile that is suspended', () => {
  it('is told of after a day, and what is down stays down', async () => {
    await patchSpec(stage.kubectl, at, { suspend: true });
    const scale = (what: string) => stage.kubectl.run('scale', '-n', namespace, what, '--replicas=0');
    try {
      await prometheus.fires('PitcrewSuspended', at);
      await scale(`deployment/${name}-edge`);
      await scale(`statefulset/${name}-postgres`);
      await prometheus.fires('PitcrewEdgeDown', OF_STACK);
      await prometheus.fires('PitcrewDatabaseDown', OF_STACK);
    } finally {
      await patchSpec(stage.kubectl, at, { suspend: null });
    }
    await prometheus.clears('PitcrewSuspended', at);
    await prometheus.clears('PitcrewDatabaseDown', OF_STACK);
  });
});

describe('the operator', () => {
  it('whose rights were taken away', async () => {
    const { kubectl } = stage;
    const binding = await kubectl.get('clusterrolebinding', 'pitcrew');
    await kubectl.run('delete', 'clusterrolebinding', 'pitcrew');
    try {
      const operator = `--as=system:serviceaccount:${OPERATOR_NAMESPACE}:pitcrew`;
      const may = () =>
        kubectl.attempt('auth', 'can-i', 'patch', 'wperf', '--subresource=status', '-n', namespace, operator);
      await waitFor('the rights to be gone', async () => (await may()).code !== 0);
      await patchSpec(kubectl, at, { postgres: { parameters: { workMem: '6MB' } } });
      await prometheus.fires('PitcrewReconcileErrors');
      await prometheus.fires('PitcrewEditNotSeen', at);
    } finally {
      await kubectl.pipe(JSON.stringify({ ...binding, metadata: { name: 'pitcrew' } }), 'apply', '-f', '-');
    }
    // The next try may be minutes away; an edit does not wait for it.
    await patchSpec(kubectl, at, { postgres: { parameters: { workMem: '7MB' } } });
    await prometheus.clears('PitcrewEditNotSeen', at);
    await prometheus.clears('PitcrewReconcileErrors');
  });

  it('that is gone, until it is back', async () => {
    const { kubectl } = stage;
    const scale = (replicas: number) =>
      kubectl.run('scale', '-n', OPERATOR_NAMESPACE, 'deployment/pitcrew', `--replicas=${replicas}`);
    await scale(0);
    await prometheus.fires('PitcrewOperatorDown');
    await scale(1);
    await kubectl.run('rollout', 'status', 'deployment/pitcrew', '-n', OPERATOR_NAMESPACE, '--timeout=120s');
    await discoverOperator(kubectl, prometheus);
    await prometheus.clears('PitcrewOperatorDown');
  });
});
