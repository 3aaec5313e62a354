import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kind } from '../../controller/cluster/resources.ts';
import type { Operator } from '../../controller/reconcile/operator.ts';
import { installManifests } from '../../deploy/install.ts';
import { OPERATOR } from '../../deploy/names.ts';
import { denialsSince, OPERATOR_USER, rightsUsed } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';
import { ALLOWED_ANYWHERE, allowedOf, FORBIDDEN, mayOperator } from './access.ts';
import { install, PROFILE, useOperatorStage } from './operator-stage.ts';

/** The rights that are installed are those that the operator uses: no right is wanting, none is left over. */
const stage = useOperatorStage('rights');
const ELSEWHERE = 'default';

const spec = {
  edge: { hosts: ['shop.example'], ingress: { className: 'traefik' } },
  backend: { image: 'shop/backend:1', migrate: { command: ['migrate'] }, workers: 1, pool: { size: 5 } },
  frontend: { image: 'shop/frontend:1' },
  uploads: { path: '/uploads/', backendPath: '/app/uploads', size: '1Gi' },
  postgres: { storage: { size: '1Gi' } },
};
const { ingress: _, ...plainEdge } = spec.edge;
const { frontend: __, ...withoutFrontend } = spec;
const external = { mode: 'External', connectionSecretName: 'database' };

let operator: Operator | undefined;
const ready = () => stage.waitCondition('Ready', { status: 'True' });
const gone = (kind: Kind, name: string) =>
  waitFor(`${name} to go`, async () => (await stage.get(kind, `${PROFILE}-${name}`)) === undefined);
const remove = async (kind: Kind, name: string, propagation?: 'Orphan') => {
  const { metadata } = (await stage.get(kind, name)) ?? { metadata: undefined };
  if (metadata === undefined) throw new Error(`${kind} ${name} is not there`);
  await stage.server.cluster.delete(kind, metadata, { uid: metadata.uid, ...(propagation && { propagation }) });
};
const deleteAt = (path: string) => stage.server.transport.request({ method: 'DELETE', path });
const revisions = async () => {
  const { namespace } = stage.server;
  const labelSelector = `performance.bahamm.ir/profile=${PROFILE}`;
  const { items } = await stage.server.cluster.list('ControllerRevision', { namespace, labelSelector });
  return items.filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind !== 'StatefulSet');
};

/** Everything that happens to a stack between its first and its last day. */
async function live(): Promise<void> {
  const { cluster, namespace } = stage.server;
  stage.puppet.hold('postgres');
  await stage.apply(spec);
  await stage.waitCondition('Ready', { status: 'False', reason: 'AwaitingDatabase' });
  stage.puppet.release('postgres');
  await ready();
  // A reload, a migration with a job in place of another, a correction.
  await stage.apply({ ...spec, edge: { ...spec.edge, rateLimit: { api: { requestsPerSecond: 20, burst: 20 } } } });
  await ready();
  await stage.apply({ ...spec, backend: { ...spec.backend, image: 'shop/backend:2' } });
  await ready();
  for (let time = 0; time < 2; time += 1) {
    await remove('Service', `${PROFILE}-backend`);
    await waitFor(
      'the Service to be back',
      async () => (await stage.get('Service', `${PROFILE}-backend`)) !== undefined,
    );
    await ready();
  }
  // A revision that has lost its label is in the way of the one that is made for it.
  for (const { metadata } of await revisions()) {
    await cluster.patch('ControllerRevision', metadata, {
      metadata: { labels: { 'app.kubernetes.io/managed-by': null } },
    });
  }
  await waitFor('the revision to be ours again', async () => {
    const managed = (await revisions()).map(({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by']);
    return managed.includes(OPERATOR);
  });
  await stage.apply({ ...spec, suspend: true });
  await stage.waitCondition('Reconciling', { status: 'False', reason: 'Suspended' });
  // Tiers go: first the frontend and the Ingress, then the database.
  await stage.apply({ ...withoutFrontend, edge: plainEdge });
  await ready();
  await gone('Deployment', 'frontend');
  await gone('Ingress', 'edge');
  const stringData = { username: 'a', password: 'b', host: 'db.example', port: '5432', dbname: 'app' };
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: external.connectionSecretName, namespace },
    stringData,
  } as never);
  await stage.apply({ ...withoutFrontend, edge: plainEdge, postgres: external });
  await gone('StatefulSet', 'postgres');
  // The profile goes and comes again: with its stack left behind, and as something else.
  await remove('PerformanceProfile', PROFILE, 'Orphan');
  await waitFor('the profile to go', async () => (await stage.get('PerformanceProfile', PROFILE)) === undefined);
  await stage.apply({
    ...withoutFrontend,
    edge: plainEdge,
    backend: { ...spec.backend, workers: 2 },
    postgres: external,
  });
  await ready();
  await remove('PerformanceProfile', PROFILE);
  await gone('Deployment', 'backend');
}

afterAll(async () => {
  await operator?.stop();
});

describe('an operator of all namespaces', () => {
  it('has used each of its rights when a stack has lived, and has lacked none', async () => {
    const since = new Date();
    operator = await stage.start({ watch: 'all' });
    await live();
    // A watch is in the log when it is over.
    await operator.stop();
    const log = stage.server.real.auditLog ?? '';
    const granted = allowedOf(installManifests(), 'ClusterRole');
    // Asked only by API servers that check who may make an owner wait (OwnerReferencesPermissionEnforcement).
    const unseen = ['update performanceprofiles/finalizers'];
    const used = () => [...rightsUsed(log, since), ...unseen].sort();
    const watches = granted.filter((right) => right.startsWith('watch '));
    await waitFor(
      `all of ${watches} in the log`,
      async () => watches.every((right) => used().includes(right)) || undefined,
    );
    expect(used()).toEqual(granted);
    expect(denialsSince(log, since, OPERATOR_USER)).toEqual([]);
  });

  it.each(FORBIDDEN)('may not $verb $resource', async (question) => {
    expect(await mayOperator(stage.server, question)).toBe(false);
    expect(await mayOperator(stage.server, { ...question, namespace: stage.server.namespace })).toBe(false);
    expect(await mayOperator(stage.server, { ...question, namespace: 'kube-system' })).toBe(false);
  });

  it.each(ALLOWED_ANYWHERE)('may $verb $resource', async (question) => {
    expect(await mayOperator(stage.server, question)).toBe(true);
  });
});

describe('an operator of some namespaces', () => {
  beforeAll(async () => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    await deleteAt(`${rbac}/clusterrolebindings/${OPERATOR}`);
    await deleteAt(`${rbac}/clusterroles/${OPERATOR}`);
    const rights = installManifests({ namespaces: [stage.server.namespace] }).filter(({ apiVersion }) =>
      apiVersion.startsWith('rbac.'),
    );
    for (const manifest of rights) await install(stage.server, manifest);
    await waitFor('the rights of before to be forgotten', async () => {
      const question = { verb: 'create', resource: 'secrets', namespace: ELSEWHERE };
      return !(await mayOperator(stage.server, question));
    });
  });

  it('does its work with the rights of its namespaces', async () => {
    const since = new Date();
    operator = await stage.start();
    await stage.apply(withoutFrontend);
    await ready();
    const log = stage.server.real.auditLog ?? '';
    // What the facts do without.
    expect([...new Set(denialsSince(log, since, OPERATOR_USER))].sort()).toEqual([
      'get services in kube-system',
      'list storageclasses in all',
    ]);
    await operator.stop();
  });

  it.each([...FORBIDDEN, ...ALLOWED_ANYWHERE.filter(({ resource }) => resource !== 'nodes')])(
    'may not $verb $resource elsewhere',
    async (question) => {
      expect(await mayOperator(stage.server, question)).toBe(false);
      expect(await mayOperator(stage.server, { ...question, namespace: ELSEWHERE })).toBe(false);
      expect(await mayOperator(stage.server, { ...question, namespace: 'kube-system' })).toBe(false);
    },
  );

  it.each(FORBIDDEN)('may not $verb $resource in its own namespace either', async (question) => {
    expect(await mayOperator(stage.server, { ...question, namespace: stage.server.namespace })).toBe(false);
  });

  it('does not start where it should watch what it may not see, and says what is missing where', async () => {
    await expect(stage.start({ watch: [stage.server.namespace, ELSEWHERE] })).rejects.toThrow(
      /^the operator lacks rights in namespace default: list performanceprofiles, .* and \d+ more; install Role and RoleBinding there, or take default out of PITCREW_NAMESPACES$/,
    );
    await expect(stage.start({ watch: 'all' })).rejects.toThrow(
      /lacks rights in all namespaces: .*install the ClusterRole/,
    );
  });
});
