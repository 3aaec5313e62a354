import { afterAll, beforeAll } from 'vitest';
import { type Endpoint, readEndpoint } from '../../controller/cluster/config.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import { createLog } from '../../controller/log.ts';
import { type Operator, type OperatorOptions, startOperator } from '../../controller/reconcile/operator.ts';
import type { Status } from '../../crds/status.ts';
import { installManifests } from '../../deploy/install.ts';
import type { Manifest } from '../../deploy/manifest.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from '../../deploy/names.ts';
import { type Write, writesSince } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';
import { type ApiServer, useApiServer } from './api-server.ts';
import { type Puppet, startPuppet } from './puppet-kubelet.ts';

/** The real operator against a real API server with the rights that it is installed with; only the node is a puppet. */
export interface OperatorStage {
  readonly server: ApiServer;
  readonly puppet: Puppet;
  readonly start: (options?: StartOptions) => Promise<Operator>;
  /** What the operator wrote since a moment, by the audit log. */
  readonly writes: (since: Date) => Write[];
  readonly get: (kind: Kind, name: string) => Promise<KubeObject | undefined>;
  readonly apply: (spec: object, name?: string) => Promise<KubeObject>;
  readonly status: (name?: string) => Promise<Status>;
  /** Waits for a condition of the latest generation. */
  readonly waitCondition: (
    type: string,
    wanted: { status: string; reason?: string },
    name?: string,
  ) => Promise<Condition>;
}

/** How to start an operator. */
export interface StartOptions {
  readonly stallAfterMs?: number;
  /** Another version of the operator, and what it makes of a profile. */
  readonly version?: string;
  readonly synthesize?: OperatorOptions['synthesize'];
  /** Name of another ServiceAccount of the operator's namespace, with other rights. */
  readonly serviceAccount?: string;
  /** What to watch instead of the stage's namespace. */
  readonly watch?: readonly string[] | 'all';
}

type Condition = NonNullable<Status['conditions']>[number];

export const PROFILE = 'shop';

/** One cluster, one namespace, one operator at a time. */
export function useOperatorStage(cluster?: string, installAll = installEverything): OperatorStage {
  const server = useApiServer(cluster);
  const held: { puppet?: Puppet; operators: Operator[] } = { operators: [] };

  beforeAll(async () => {
    await installAll(server);
    await waitFor('the custom resource', async () => {
      return (await server.cluster.list('PerformanceProfile', { namespace: server.namespace })).items !== undefined;
    });
    held.puppet = startPuppet(server);
  });
  afterAll(async () => {
    for (const operator of held.operators) await operator.stop();
    await held.puppet?.stop();
  });

  const get = (kind: Kind, name: string) => server.cluster.get(kind, { namespace: server.namespace, name });
  const status = async (name = PROFILE): Promise<Status> =>
    ((await get('PerformanceProfile', name))?.status ?? {}) as Status;
  return {
    server,
    get puppet() {
      return held.puppet as Puppet;
    },
    start: async ({
      stallAfterMs = 600_000,
      serviceAccount = OPERATOR,
      version = '0.0.0-test',
      synthesize,
      watch = [server.namespace],
    } = {}) => {
      const operator = await startOperator({
        endpoint: await operatorEndpoint(server, serviceAccount),
        config: { namespaces: watch === 'all' ? undefined : watch, stallAfterMs, workers: 2 },
        log: createLog({ level: process.env.LOG_LEVEL === 'debug' ? 'debug' : 'silent' }),
        version,
        synthesize,
        probes: held.puppet?.probes,
      });
      held.operators.push(operator);
      return operator;
    },
    writes: (since) => writesSince(server.real.auditLog ?? '', since),
    get,
    apply: async (spec, name = PROFILE) => {
      const metadata = { name, namespace: server.namespace };
      const profile = { apiVersion: 'performance.bahamm.ir/v1alpha1', kind: 'PerformanceProfile', metadata, spec };
      return (await server.cluster.apply(profile, { fieldManager: 'user' })).object;
    },
    status,
    waitCondition: (type, wanted, name = PROFILE) =>
      waitFor(`${name} ${type}=${wanted.status} ${wanted.reason ?? ''}`, async () => {
        const profile = await get('PerformanceProfile', name);
        const { conditions, observedGeneration } = (profile?.status ?? {}) as Status;
        const condition = conditions?.find((candidate) => candidate.type === type);
        if (observedGeneration !== profile?.metadata.generation) throw new Error('not observed yet');
        const matches = condition?.status === wanted.status && condition.reason === (wanted.reason ?? condition.reason);
        if (condition === undefined || !matches) throw new Error(JSON.stringify(conditions, undefined, 1));
        return condition;
      }),
  };
}

/** All but the operator's pod, which runs in the process of the tests. */
async function installEverything(server: ApiServer): Promise<void> {
  const manifests = installManifests().filter(({ kind }) => kind !== 'Deployment');
  for (const manifest of manifests) await install(server, manifest);
}

/** Collections are plurals by the rule: networkpolicies. */
const collectionOf = (kind: string): string => `${kind.toLowerCase().replace(/y$/, 'ie')}s`;

/** Applies a manifest of any kind that an installation has. */
export async function install(server: ApiServer, manifest: Manifest): Promise<void> {
  const { name, namespace } = manifest.metadata;
  const root = manifest.apiVersion.includes('/') ? 'apis' : 'api';
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
  await server.transport.request({
    method: 'PATCH',
    path: `/${root}/${manifest.apiVersion}${place}/${collectionOf(manifest.kind)}/${name}`,
    query: { fieldManager: 'install', force: 'true' },
    body: manifest,
    contentType: 'application/apply-patch+yaml',
    repeatable: true,
  });
}

/** A service account of the operator's namespace, as its pod would have it. */
async function operatorEndpoint(server: ApiServer, serviceAccount: string): Promise<Endpoint> {
  const admin = readEndpoint({ kubeconfig: server.real.kubeconfig });
  const { tls } = await admin.readCredentials(false);
  const path = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/serviceaccounts/${serviceAccount}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7200 } };
  const answer = await server.transport.request({ method: 'POST', path, body: request });
  const { token } = (answer.body as { status: { token: string } }).status;
  const credentials = {
    headers: { authorization: `Bearer ${token}` },
    tls: { ca: tls.ca, servername: tls.servername },
    tlsFingerprint: serviceAccount,
  };
  return { ...admin, readCredentials: async () => credentials };
}
