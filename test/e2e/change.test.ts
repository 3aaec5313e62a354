import { beforeAll, describe, expect, it } from 'vitest';
import { OPERATOR_USER, writesSince } from '../support/audit.ts';
import { e2eStage, readySeed, type Seed } from '../support/e2e-stage.ts';
import { gunicornProcesses, onlyPod, psql } from '../support/inside.ts';
import { killInPod } from '../support/kill.ts';
import { type Json, waitFor } from '../support/kubectl.ts';
import { load } from '../support/load.ts';
import { patchSpec } from '../support/profiles.ts';
import { conditionOf, OPERATOR_NAMESPACE, type Stage, waitReady } from '../support/stage.ts';

/** Changes of a running stack, and what happens to it from outside. */
let stage: Stage;
let seed: Seed;

beforeAll(async () => {
  stage = await e2eStage();
  seed = await readySeed(stage);
});

describe('an edit of a limit', () => {
  it('is loaded by the same nginx, which keeps its cache', async () => {
    const before = await onlyPod(stage.kubectl, seed.namespace, seed.name, 'edge');
    const path = `/api/products?kept=${Date.now()}`;
    await seed.edge.ask(path);
    const edited = Date.now();
    await patchSpec(stage.kubectl, seed, {
      edge: { rateLimit: { api: { requestsPerSecond: 1000, burst: 1000 } }, connectionLimit: { api: 1000 } },
    });
    await waitFor('60 requests at once without a refusal', async () => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => seed.edge.ask('/api/products/1')));
      return answers.every((answer) => answer.status === 200);
    });
    process.stdout.write(`  new limit in force ${Date.now() - edited} ms after the edit\n`);
    await waitReady(stage.kubectl, seed.namespace, seed.name);
    const after = await onlyPod(stage.kubectl, seed.namespace, seed.name, 'edge');
    expect(after).toEqual(before);
    expect((await seed.edge.ask(path)).headers['x-cache-status']).toBe('HIT');
  });
});

describe('an edit of the workers', () => {
  it('rolls the backend without a failed request', async () => {
    await patchSpec(stage.kubectl, seed, {
      edge: { rateLimit: { api: { requestsPerSecond: 100_000, burst: 10_000 } }, connectionLimit: { api: 10_000 } },
    });
    await waitReady(stage.kubectl, seed.namespace, seed.name);
    const running = load({
      url: `https://bahamm.ir:${seed.edge.httpsPort}/api/products/1`,
      address: seed.edge.address,
      seconds: 40,
      connections: 4,
      headers: { Authorization: 'Bearer token-alice' }, // Not from the cache: every request reaches the backend.
    });
    await patchSpec(stage.kubectl, seed, { backend: { workers: 2 } });
    await waitFor(
      'two workers',
      async () => (await gunicornProcesses(stage.kubectl, seed.namespace, seed.name)).workers.length === 2,
      90_000,
    );
    const result = await running;
    await waitReady(stage.kubectl, seed.namespace, seed.name);
    process.stdout.write(`  ${result.requests} requests during the rolling update\n`);
    expect(result, result.text).toMatchObject({ failed: 0, socketErrors: 0 });
    expect(result.requests).toBeGreaterThan(100);
  });
});

describe('a child that is deleted', () => {
  it.each([
    ['deployment', 'backend'],
    ['configmap', 'edge-config'],
    ['service', 'frontend'],
  ])('%s %s comes back', async (kind, part) => {
    const name = `${seed.name}-${part}`;
    const before = await stage.kubectl.get<Json & { metadata: { uid: string }; spec?: unknown; data?: unknown }>(
      kind,
      name,
      '-n',
      seed.namespace,
    );
    await stage.kubectl.run('delete', kind, name, '-n', seed.namespace, '--wait=false');
    const after = await waitFor(`${kind} ${name} to be back`, async () => {
      const found = await stage.kubectl.get<typeof before>(kind, name, '-n', seed.namespace);
      return found?.metadata.uid !== before?.metadata.uid ? found : undefined;
    });
    expect(after?.data).toEqual(before?.data);
    await waitReady(stage.kubectl, seed.namespace, seed.name);
  });
});

describe('a parameter that somebody overrides in the database', () => {
  const AUTO_CONF = '/var/lib/postgresql/data/pgdata/postgresql.auto.conf';
  const change = async (script: string) => {
    const pod = await onlyPod(stage.kubectl, seed.namespace, seed.name, 'postgres');
    await stage.kubectl.exec(seed.namespace, pod.name, ['sh', '-c', script]);
    await psql(stage.kubectl, { namespace: seed.namespace, profile: seed.name }, 'select pg_reload_conf()');
  };
  const overriding = async () => {
    const profile = await stage.kubectl.get<{ status: { findings?: Array<{ id: string; path: string }> } }>(
      'wperf',
      seed.name,
      '-n',
      seed.namespace,
    );
    return (profile?.status.findings ?? []).filter(({ id }) => id === 'PG-04').map(({ path }) => path);
  };

  it('is named, until it is taken back', async () => {
    await change(`echo "work_mem = '77MB'" >> ${AUTO_CONF}`);
    // A server at rest is asked every ten minutes, and one that takes over something at once.
    await patchSpec(stage.kubectl, seed, { postgres: { parameters: { logMinDurationMilliseconds: 901 } } });
    await waitFor('it to be named', async () => (await overriding()).includes('postgres.parameters.workMem'));
    expect((await conditionOf(stage.kubectl, seed.namespace, seed.name, 'Ready'))?.status).toBe('True');
    await change(`sed -i '/^work_mem /d' ${AUTO_CONF}`);
    await patchSpec(stage.kubectl, seed, { postgres: { parameters: { logMinDurationMilliseconds: 902 } } });
    await waitFor('it to be named no longer', async () => (await overriding()).length === 0);
    await waitReady(stage.kubectl, seed.namespace, seed.name);
  });
});

describe('the operator', () => {
  it('converges after a kill -9 in the middle of a rollout', async () => {
    await patchSpec(stage.kubectl, seed, { backend: { workers: 3 } });
    await waitFor('the rollout to be under way', async () => {
      const deployment = await stage.kubectl.get<{ status: { updatedReplicas?: number; replicas?: number } }>(
        'deployment',
        `${seed.name}-backend`,
        '-n',
        seed.namespace,
      );
      return (deployment?.status.replicas ?? 0) > 1;
    });
    await killInPod(stage.kubectl, OPERATOR_NAMESPACE, 'app.kubernetes.io/name=pitcrew');
    await waitReady(stage.kubectl, seed.namespace, seed.name, 240_000);
    expect((await gunicornProcesses(stage.kubectl, seed.namespace, seed.name)).workers).toHaveLength(3);
  });

  it('writes nothing at rest', async () => {
    await waitReady(stage.kubectl, seed.namespace, seed.name);
    const auditLog = stage.cluster.auditLog;
    if (auditLog === undefined) throw new Error('this cluster has no audit log');
    // The last transition may still be reported: rest begins when nothing was written for five seconds.
    await waitFor('quiet', async () => writesSince(auditLog, new Date(Date.now() - 5000)).length === 0);
    const since = new Date();
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    expect(writesSince(auditLog, since, OPERATOR_USER)).toEqual([]);
  });
});
