import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONFIG_HASH, TIER_LABEL } from '../../../charts/kit/labels.ts';
import { EDGE_PROOF_PATH, EDGE_STATUS_PORT } from '../../../charts/kit/names.ts';
import type { KubeObject } from '../../../controller/cluster/port.ts';
import { createReflector } from '../../../controller/cluster/reflector.ts';
import { together } from '../../cluster/host/together.ts';
import { serving } from '../../contract/puppet-kubelet.ts';
import { NAMESPACE, nameOf, podsOf } from './profile.ts';
import type { Server } from './server.ts';

/**
 * Stands in for controllers and nodes, for both operators alike: Deployments are rolled out at the moment they are
 * made, their pods are there beforehand, and nginx has always loaded what its ConfigMap holds.
 */
export interface Puppet {
  readonly stop: () => Promise<void>;
}

const OURS = 'app.kubernetes.io/managed-by=pitcrew';

/** Makes the pods of this many profiles, then starts. */
export async function startPuppet(server: Server, profiles: number): Promise<Puppet> {
  for (let start = 0; start < profiles; start += 16) {
    const some = Array.from({ length: Math.min(16, profiles - start) }, (_, offset) => start + offset);
    await together(...some.map((index) => makePods(server, index)));
  }
  const hashes = new Map<string, string>();
  const configs = createReflector({
    transport: server.transport,
    kind: 'ConfigMap',
    namespaces: [NAMESPACE],
    labelSelector: `${OURS},${TIER_LABEL}=edge`,
    project: ({ metadata }) => metadata.annotations?.[CONFIG_HASH] ?? '',
    onChange: ({ entry: { name, value } }) => hashes.set(name, value),
  });
  const deployments = createReflector({
    transport: server.transport,
    kind: 'Deployment',
    namespaces: [NAMESPACE],
    labelSelector: OURS,
    project: rolloutOf,
    onChange: ({ type, entry: { name, value } }) => {
      if (type !== 'deleted' && value.observed < value.generation) rollOut(server, name, value).catch(() => undefined);
    },
  });
  const closeEdge = await serveEdge((index) => hashes.get(`${nameOf(index)}-edge-config`));
  for (const reflector of [configs, deployments]) reflector.start();
  await together(configs.whenSynced(), deployments.whenSynced());
  return { stop: () => together(configs.stop(), deployments.stop(), closeEdge()) };
}

interface Rollout {
  readonly generation: number;
  readonly observed: number;
  readonly replicas: number;
}

function rolloutOf({ metadata, spec, status }: KubeObject): Rollout {
  const { replicas = 1 } = spec as { replicas?: number };
  const { observedGeneration: observed = 0 } = (status ?? {}) as { observedGeneration?: number };
  return { generation: metadata.generation ?? 0, observed, replicas };
}

async function rollOut({ cluster }: Server, name: string, { generation, replicas }: Rollout): Promise<void> {
  const counts = {
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
  };
  const status = { observedGeneration: generation, ...counts };
  await cluster.patch('Deployment', { namespace: NAMESPACE, name }, { status }, { subresource: 'status' });
}

/** By its address the edge is told which profile's it is. */
const addressOf = (index: number): string => `127.77.${index >> 8}.${index & 255}`;

function indexOf(address: string): number {
  const [, , high = 0, low = 0] = address.split('.').map(Number);
  return high * 256 + low;
}

async function makePods({ cluster }: Server, index: number): Promise<void> {
  for (const { tier, deployment, labels, annotations, containers } of podsOf(nameOf(index))) {
    const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${deployment}-puppet`, uid: deployment };
    const metadata = {
      name: `${deployment}-puppet-0`,
      namespace: NAMESPACE,
      labels,
      annotations,
      ownerReferences: [{ ...owner, controller: true }],
    };
    const spec = {
      containers: containers.map((name) => ({ name, image: 'puppet' })),
      automountServiceAccountToken: false,
    };
    await cluster.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec } as never);
    const ip = tier === 'edge' ? addressOf(index) : '127.78.0.1';
    await cluster.patch('Pod', metadata, { status: serving({ spec }, ip) }, { subresource: 'status' });
  }
}

async function serveEdge(hashOf: (index: number) => string | undefined): Promise<() => Promise<void>> {
  const edge = createServer((request, response) => {
    const hash = hashOf(indexOf(request.socket.localAddress ?? ''));
    const found = request.url === EDGE_PROOF_PATH && hash !== undefined;
    response.writeHead(found ? 200 : 404).end(found ? hash : '');
  });
  await new Promise<void>((resolve, reject) => {
    edge.once('error', reject).listen(EDGE_STATUS_PORT, '0.0.0.0', resolve);
  });
  const { port } = edge.address() as AddressInfo;
  if (port !== EDGE_STATUS_PORT) throw new Error(`port ${EDGE_STATUS_PORT} of this machine is taken`);
  return () =>
    new Promise((resolve) => {
      edge.closeAllConnections();
      edge.close(() => resolve());
    });
}
