import { edgeOf } from '../support/edge.ts';
import type { Kubectl } from '../support/kubectl.ts';
import { applyProfile, type ProfileManifest, patchSpec, seedProfile } from '../support/profiles.ts';
import { prepareNamespace, type Stage, waitReady } from '../support/stage.ts';
import { type GuidePort, guideNginx } from './guide-nginx.ts';
import type { Target } from './line.ts';

/** The two stacks side by side on one node: the guide's values, and what is derived from the same workers and connections. */
export interface Bench {
  readonly stage: Stage;
  readonly kubectl: Kubectl;
  readonly guide: Stack;
  readonly ours: Stack;
  /** Ports of a plain nginx with the guide's own directives. */
  readonly plain: Readonly<Record<GuidePort, Target>>;
}

/** Where a profile is found. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

export interface Stack extends Place {
  readonly edge: Target;
}

const NAMESPACE = 'measure';
/** So little that both stacks and the second pods of their rolling updates fit on a node of two cores. The limits are the guide's. */
const REQUESTS = { cpu: '50m', memory: '128Mi' };
/** The requests come from one address, which the limits would refuse; they are measured on their own. */
export const UNLIMITED = {
  rateLimit: { api: { requestsPerSecond: 100_000, burst: 10_000 } },
  connectionLimit: { api: 10_000 },
};

export async function prepareBench(stage: Stage): Promise<Bench> {
  const { kubectl } = stage;
  await prepareNamespace(kubectl, NAMESPACE, 'unused-tls', ['guide.example']);
  const profiles = [guideProfile(), oursProfile()];
  for (const profile of profiles) await applyProfile(kubectl, profile);
  for (const { metadata } of profiles) await waitReady(kubectl, NAMESPACE, metadata.name, 300_000);
  const [guide, ours] = [await stackOf(stage, 'guide'), await stackOf(stage, 'ours')];
  return { stage, kubectl, guide, ours, plain: await guideNginx(stage, NAMESPACE) };
}

/** Removes the stacks with their data. */
export async function endBench(kubectl: Kubectl): Promise<void> {
  await kubectl.run('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=180s');
}

/** Changes a stack and waits until its processes have taken the change over. */
export async function changeStack(kubectl: Kubectl, stack: Stack, spec: object): Promise<void> {
  await patchSpec(kubectl, stack, spec);
  await waitReady(kubectl, stack.namespace, stack.name, 300_000);
}

async function stackOf({ kubectl, cluster }: Stage, name: string): Promise<Stack> {
  const host = `${name}.example`;
  const { address, httpPort } = await edgeOf(kubectl, cluster.nodeAddress, {
    namespace: NAMESPACE,
    profile: name,
    host,
  });
  return { namespace: NAMESPACE, name, edge: { address, port: httpPort, host } };
}

/**
 * The guide's stack without pages and certificate. What the guide leaves to its programs is written out: nginx
 * waits for 60 s, SQLAlchemy for 30 s and without a ping, anyio runs 40 threads. Workers are not recycled, since each
 * experiment shall see one cause at a time.
 */
function guideProfile(): ProfileManifest {
  const { apiVersion, kind, spec } = seedProfile();
  const { frontend: _pages, uploads: _uploads, ...rest } = spec;
  const { tls: _tls, ...edge } = rest.edge;
  return {
    apiVersion,
    kind,
    metadata: { name: 'guide', namespace: NAMESPACE },
    spec: {
      ...rest,
      requestDeadlineSeconds: 60,
      edge: {
        ...edge,
        ...UNLIMITED,
        hosts: ['guide.example'],
        service: { type: 'NodePort' },
        resources: { limits: edge.resources?.limits, requests: REQUESTS },
      },
      backend: {
        ...rest.backend,
        writablePaths: ['/app/logs', '/app/uploads'],
        maxRequests: 0,
        maxRequestsJitter: 0,
        threadTokens: 40,
        pool: { ...rest.backend.pool, timeoutSeconds: 30, prePing: false },
        resources: { limits: rest.backend.resources?.limits, requests: REQUESTS },
      },
      postgres: {
        ...rest.postgres,
        storage: { size: '20Gi' },
        resources: { limits: rest.postgres.resources?.limits, requests: REQUESTS },
      },
      policy: { acknowledge: [...new Set([...(rest.policy?.acknowledge ?? []), 'INV-05'])], reason: 'to be measured' },
    },
  } as ProfileManifest;
}

/** As many workers and connections as in the guide; all else is derived. Users' own answers lie on a cached path, to prove that they are not kept. */
function oursProfile(): ProfileManifest {
  const { apiVersion, kind, spec } = seedProfile();
  return {
    apiVersion,
    kind,
    metadata: { name: 'ours', namespace: NAMESPACE },
    spec: {
      edge: {
        ...UNLIMITED,
        hosts: ['ours.example'],
        service: { type: 'NodePort' },
        cache: { api: { paths: ['/api/products', '/api/users'], privateCookies: ['auth_token'] } },
        resources: { limits: spec.edge.resources?.limits, requests: REQUESTS },
      },
      backend: {
        image: spec.backend.image,
        migrate: spec.backend.migrate,
        writablePaths: ['/app/logs', '/app/uploads'],
        workers: 4,
        pool: { delivery: 'Inject' },
        resources: { limits: spec.backend.resources?.limits, requests: REQUESTS },
      },
      postgres: {
        image: spec.postgres.image,
        storage: { size: '20Gi' },
        maxConnections: 100,
        resources: { limits: spec.postgres.resources?.limits, requests: REQUESTS },
      },
      policy: { acknowledge: ['INV-02'], reason: 'to be measured' },
    },
  } as ProfileManifest;
}
