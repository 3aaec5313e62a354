import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configName } from '../../charts/kit/names.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import { LEASE_NAME, type LeaseSpec } from '../../controller/leader/lease.ts';
import type { Status } from '../../crds/status.ts';
import { installManifests } from '../../deploy/install.ts';
import { OPERATOR_NAMESPACE } from '../../deploy/names.ts';
import { writersSince } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';
import { useApiServer } from './api-server.ts';
import { install } from './operator-stage.ts';
import { type Replica, startReplica } from './replica.ts';

/**
 * Two processes of the operator against a real API server, with the rights that are installed, while people edit. What
 * each has written, and when, is said by the audit log.
 */
const server = useApiServer('leader');
const folder = mkdtempSync(join(tmpdir(), 'replicas-'));
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases/${LEASE_NAME}`;
const PROFILES = ['shop1', 'shop2', 'shop3', 'shop4'];
const figures: string[] = [];

let replicas: Replica[] = [];
let started = 0;
let editing: Promise<void> | undefined;
let edits = 0;

const startOne = async (): Promise<Replica> => {
  started += 1;
  const replica = await startReplica(server, `pitcrew-${started}`, folder);
  replicas.push(replica);
  return replica;
};

const lease = async () => {
  const { body } = await server.transport.request({ method: 'GET', path: leasePath });
  return body as KubeObject & { spec: LeaseSpec };
};
const holder = async () => (await lease().catch(() => undefined))?.spec.holderIdentity;
const writers = (since: Date) => writersSince(server.real.auditLog ?? '', since);

/** One that leads and has just written, and one that stands by. */
async function pair(): Promise<{ readonly leader: Replica; readonly standby: Replica }> {
  replicas = replicas.filter((replica) => replica.isRunning());
  while (replicas.length < 2) await startOne();
  const since = new Date();
  const leader = await waitFor('a leader', async () => {
    const name = await holder();
    return replicas.find((replica) => replica.name === name);
  });
  await waitFor(`${leader.name} to work`, async () => {
    return writers(since).some(({ credential }) => credential === leader.credential) || undefined;
  });
  const standby = replicas.find((replica) => replica !== leader);
  if (standby === undefined) throw new Error('nobody stands by');
  return { leader, standby };
}

/** How long nobody wrote from a moment on, and whether the old one wrote after the new one had begun. */
async function takeover(since: Date, old: Replica, next: Replica): Promise<number> {
  const first = await waitFor(
    `${next.name} to write`,
    async () => writers(since).find(({ credential }) => credential === next.credential),
    60_000,
  );
  const { spec } = await lease();
  expect(spec.holderIdentity).toBe(next.name);
  told(`${next.name} elected`, new Date(spec.acquireTime ?? 0).getTime() - since.getTime());
  const late = writers(since).filter(({ credential, at }) => credential === old.credential && at >= first.at);
  expect(late).toEqual([]);
  return first.at.getTime() - since.getTime();
}

const told = (what: string, ms: number) => figures.push(`${what}: ${(ms / 1000).toFixed(1)} s`);

const profileOf = (name: string, requestsPerSecond: number) => ({
  apiVersion: 'performance.bahamm.ir/v1alpha1',
  kind: 'PerformanceProfile',
  metadata: { name, namespace: server.namespace },
  spec: {
    edge: { hosts: ['shop.example'], rateLimit: { api: { requestsPerSecond, burst: 20 } } },
    backend: { image: 'shop/backend:1', workers: 1, pool: { size: 5 } },
    postgres: { mode: 'External', connectionSecretName: 'database' },
  },
});

/** One edit after the other, as fast as the server takes them, until told. */
async function edit(): Promise<void> {
  while (editing !== undefined) {
    edits += 1;
    const name = PROFILES[edits % PROFILES.length] ?? '';
    await server.cluster.apply(profileOf(name, 10 + (edits % 90)), { fieldManager: 'user' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Ends the edits and sees each profile's last one done. */
async function everyEditIsDone(): Promise<void> {
  const running = editing;
  editing = undefined;
  await running;
  for (const name of PROFILES) {
    await waitFor(`the last edit of ${name}`, async () => {
      const at = { namespace: server.namespace, name };
      const profile = await server.cluster.get('PerformanceProfile', at);
      const { observedGeneration } = (profile?.status ?? {}) as Status;
      if (observedGeneration !== profile?.metadata.generation) throw new Error(`${observedGeneration}`);
      const spec = profile?.spec as ReturnType<typeof profileOf>['spec'];
      const config = await server.cluster.get('ConfigMap', { ...at, name: configName(name, 'edge') });
      const text = JSON.stringify(config?.data ?? {});
      return text.includes(`rate=${spec.edge.rateLimit.api.requestsPerSecond}r/s`) || undefined;
    });
  }
}

function startEditing(): void {
  editing = Promise.resolve();
  editing = edit();
}

beforeAll(async () => {
  for (const manifest of installManifests().filter(({ kind }) => kind !== 'Deployment')) {
    await install(server, manifest);
  }
  await waitFor('the custom resource', async () => {
    return (await server.cluster.list('PerformanceProfile', { namespace: server.namespace })).items;
  });
  await server.transport.request({ method: 'DELETE', path: leasePath }).catch(() => undefined);
  const stringData = { username: 'a', password: 'b', host: 'db.example', port: '5432', dbname: 'app' };
  const metadata = { name: 'database', namespace: server.namespace };
  await server.cluster.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData } as never);
  startEditing();
});
afterEach(async () => {
  await everyEditIsDone().finally(startEditing);
});
afterAll(async () => {
  const running = editing;
  editing = undefined;
  await running;
  for (const replica of replicas.filter((one) => one.isRunning())) {
    replica.kill('SIGCONT');
    replica.kill('SIGKILL');
    await replica.ended;
  }
  rmSync(folder, { recursive: true, force: true });
  process.stderr.write(`takeover: ${figures.join(', ')}\n`);
});

/** Where other tests share the machine only the order of things is looked at; `make chaos` also holds the times. */
function expectWithin(ms: number, limitMs: number): void {
  if (process.env.CHAOS_FULL !== undefined) expect(ms).toBeLessThanOrEqual(limitMs);
}

describe('two processes', () => {
  it('of them one works, and both are ready', async () => {
    const since = new Date();
    const { leader, standby } = await pair();
    expect(await leader.ask('/readyz')).toContain('[+] caches ok');
    expect(await standby.ask('/readyz')).toContain('[+] caches ok');
    expect(await leader.ask('/metrics')).toContain('leader_election_master_status{name="pitcrew"} 1');
    expect(await standby.ask('/metrics')).toContain('leader_election_master_status{name="pitcrew"} 0');
    expect(writers(since).filter(({ credential }) => credential !== leader.credential)).toEqual([]);
  });

  it('SIGTERM: the other one works (within 3 s)', async () => {
    const { leader, standby } = await pair();
    const since = new Date();
    leader.kill('SIGTERM');
    const ms = await takeover(since, leader, standby);
    told('SIGTERM', ms);
    expectWithin(ms, 3_000);
    expect(await leader.ended).toBe(0);
  });

  it('SIGKILL: the other one works (within 17 s)', async () => {
    const { leader, standby } = await pair();
    const since = new Date();
    leader.kill('SIGKILL');
    const ms = await takeover(since, leader, standby);
    told('SIGKILL', ms);
    expectWithin(ms, 17_000);
  });

  it('one that was stopped for 20 s in the middle of its work writes nothing when it goes on, and ends', async () => {
    const { leader, standby } = await pair();
    const since = new Date();
    leader.kill('SIGSTOP');
    told('SIGSTOP', await takeover(since, leader, standby));
    await waitFor('20 s', async () => Date.now() - since.getTime() >= 20_000 || undefined, 30_000);
    const resumed = new Date();
    leader.kill('SIGCONT');
    expect(await leader.ended).toBe(1);
    expect(leader.log()).toContain('leadership is lost');
    await waitFor(`${standby.name} to have gone on`, async () => writers(resumed)[10]);
    expect(new Set(writers(resumed).map(({ credential }) => credential))).toEqual(new Set([standby.credential]));
  });

  it('one that is cut off from the API server ends before the other one works', async () => {
    const { leader, standby } = await pair();
    const since = new Date();
    leader.proxy.cut();
    expect(await leader.ended).toBe(1);
    told('end of the one that was cut off', Date.now() - since.getTime());
    expect(writers(since).filter(({ credential }) => credential === standby.credential)).toEqual([]);
    const ms = await takeover(since, leader, standby);
    told('cut off', ms);
    expectWithin(ms, 17_000);
  });

  it('a Lease that somebody deletes is back with the same leader', async () => {
    const { leader } = await pair();
    const { metadata } = await lease();
    const since = new Date();
    await server.transport.request({ method: 'DELETE', path: leasePath });
    await waitFor('the Lease to be back', async () => {
      const { metadata: now, spec } = await lease();
      return now.uid !== metadata.uid && spec.holderIdentity === leader.name;
    });
    await waitFor('work', async () => writers(since)[5]);
    expect(new Set(writers(since).map(({ credential }) => credential))).toEqual(new Set([leader.credential]));
    expect(leader.isRunning()).toBe(true);
  });

  it('a Lease that somebody gives to somebody ends the leader, and the other one works when it has expired', async () => {
    const { leader, standby } = await pair();
    const since = new Date();
    const body = { spec: { holderIdentity: 'somebody' } };
    const contentType = 'application/merge-patch+json';
    await server.transport.request({ method: 'PATCH', path: leasePath, body, contentType });
    expect(await leader.ended).toBe(1);
    expect(leader.log()).toContain('the Lease names somebody');
    const ms = await takeover(since, leader, standby);
    told('edited', ms);
    expectWithin(ms, 18_000);
  });
});
