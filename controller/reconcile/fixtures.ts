import { DEFAULT_FACTS } from '../../charts/facts.ts';
import type { Finding } from '../../charts/findings.ts';
import { labelsOf, ROLE_LABEL } from '../../charts/kit/labels.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';
import { type Profile, parseProfile } from '../../crds/performance-profile.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { type Owner, type Stamped, stamp } from './desired.ts';
import { type Child, refOf, type WorkloadState } from './digest.ts';
import type { AppliedRecord } from './memory.ts';
import { NO_NEEDS } from './observed.ts';
import { type Plan, planChanges } from './plan.ts';
import type { ContainerDigest, PodDigest } from './pod-digest.ts';
import type { View } from './view.ts';

/** Made-up observations for the tests of this folder. */

export const OWNER: Owner = { name: 'shop', namespace: 'web', uid: 'uid-of-shop' };
export const NOW = new Date('2026-11-24T12:00:00Z');
export const secondsAgo = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString();

export const PROFILE: Profile = profileOf();

/** A profile with a migration and all four tiers; `change` overrides fields of the spec. */
export function profileOf(change: object = {}): Profile {
  const spec = {
    edge: { hosts: ['shop.example'] },
    backend: { image: 'shop/backend:1', migrate: { command: ['python', 'seed_db.py'] }, workers: 2 },
    frontend: { image: 'shop/frontend:1' },
    postgres: { storage: { size: '1Gi' } },
    ...change,
  };
  const metadata = { name: OWNER.name, namespace: OWNER.namespace, uid: OWNER.uid, generation: 3 };
  const parsed = parseProfile({ apiVersion: API_VERSION, kind: KIND, metadata, spec });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.profile;
}

export const SYNTHESIS: Synthesis = synthesize(PROFILE, DEFAULT_FACTS);
export const STAMPED: readonly Stamped[] = SYNTHESIS.objects.map((placed) => stamp(placed, OWNER));
export const MIGRATION = STAMPED.find(({ kind }) => kind === 'Job') as Stamped;

const OWNED_HASH = 'what-we-own';

export const UP: WorkloadState = {
  type: 'workload',
  wanted: 1,
  observedGeneration: 1,
  total: 1,
  updated: 1,
  ready: 1,
  available: 1,
  refusal: undefined,
};

export const OWNED_BY_SHOP = { kind: KIND, name: OWNER.name, uid: OWNER.uid };

/** A child as it looks when all is well. */
export function childLike(stamped: Stamped, change: Partial<Child> = {}): Child {
  const { name, labels = {}, annotations = {} } = stamped.object.metadata;
  const config = Object.entries(annotations).find(([key]) => key.endsWith('/config-hash'))?.[1];
  return {
    ref: stamped.ref,
    kind: stamped.kind,
    namespace: OWNER.namespace,
    name,
    uid: `uid-of-${stamped.ref}`,
    resourceVersion: '10',
    generation: 1,
    createdAt: secondsAgo(600),
    deleting: false,
    managed: true,
    profile: OWNER.name,
    tier: Object.entries(labels).find(([key]) => key.endsWith('/tier'))?.[1],
    role: labels[ROLE_LABEL],
    owner: stamped.kind === 'PersistentVolumeClaim' ? undefined : OWNED_BY_SHOP,
    desiredHash: stamped.desired,
    ownedHash: OWNED_HASH,
    configHash: config,
    state: stateLike(stamped),
    ...change,
  };
}

function stateLike({ kind }: Stamped): Child['state'] {
  if (kind === 'Deployment' || kind === 'StatefulSet') return UP;
  if (kind === 'Job') return { type: 'job', active: 0, outcome: 'complete', failure: undefined };
  return kind === 'PersistentVolumeClaim' ? { type: 'claim', phase: 'Bound' } : undefined;
}

/** All children, well; then with these changes, where undefined takes one away. */
export function childrenLike(changes: Record<string, Partial<Child> | undefined> = {}): Map<string, Child> {
  const children = new Map(STAMPED.map((stamped) => [stamped.ref, childLike(stamped)]));
  for (const [ref, change] of Object.entries(changes)) {
    const child = children.get(ref);
    if (change === undefined) children.delete(ref);
    else children.set(ref, { ...(child ?? strayChild(ref)), ...change });
  }
  return children;
}

/** A child that is not desired. */
export function strayChild(ref: string): Child {
  const [kind = '', name = ''] = ref.split('/');
  const like = STAMPED[0] as Stamped;
  return { ...childLike(like), ref: refOf(kind, name), kind: kind as Child['kind'], name, uid: `uid-of-${ref}` };
}

export const recordsLike = (): Map<string, AppliedRecord> =>
  new Map(STAMPED.map(({ ref, desired }) => [ref, { desired, owned: OWNED_HASH }]));

/** A plan over these children, with everything recorded as applied. */
export function planLike(children: ReadonlyMap<string, Child>, pods: readonly PodDigest[] = []): Plan {
  const applied = recordsLike();
  return planChanges({ owner: OWNER, synthesis: SYNTHESIS, children, pods, applied, recorded: undefined });
}

/** The stack with all pods up and everything loaded. */
export function viewLike(change: Partial<View> & { children?: ReadonlyMap<string, Child> } = {}): View {
  const children = change.children ?? childrenLike();
  const pods = change.pods ?? (['edge', 'backend', 'frontend', 'postgres'] as const).map((tier) => podLike(tier));
  const loaded = (tier: 'edge' | 'postgres') => ({
    loaded: SYNTHESIS.configHashes[tier],
    refusal: undefined,
    pendingRestart: [],
    unreachable: undefined,
  });
  return {
    profile: OWNER.name,
    plan: planLike(children, pods),
    needs: NO_NEEDS,
    pods,
    proofs: new Map([
      [`uid-of-shop-edge/${secondsAgo(300)}`, loaded('edge')],
      [`uid-of-shop-postgres/${secondsAgo(300)}`, loaded('postgres')],
    ]),
    warnings: [],
    configHashes: SYNTHESIS.configHashes,
    recorded: {},
    now: NOW,
    ...change,
    children,
  };
}

/** A container that runs and is ready. */
export function containerLike(change: Partial<ContainerDigest> = {}): ContainerDigest {
  return {
    name: 'web',
    image: 'shop/backend:1',
    init: false,
    ready: true,
    restarts: 0,
    startedAt: secondsAgo(300),
    waiting: undefined,
    terminated: undefined,
    last: undefined,
    memoryLimit: '512Mi',
    ...change,
  };
}

/** A container that does not run. */
export const waitingContainer = (reason: string, message?: string): ContainerDigest =>
  containerLike({ ready: false, startedAt: undefined, waiting: { reason, message } });

/** A pod of a tier, up. */
export function podLike(
  tier: 'edge' | 'backend' | 'frontend' | 'postgres',
  change: Partial<PodDigest> = {},
): PodDigest {
  const name = `${OWNER.name}-${tier}`;
  return {
    name,
    namespace: OWNER.namespace,
    uid: `uid-of-${name}`,
    createdAt: secondsAgo(300),
    deleting: false,
    profile: labelsOf(OWNER.name, tier)['app.kubernetes.io/part-of'],
    tier,
    role: undefined,
    owner: undefined,
    job: undefined,
    phase: 'Running',
    failure: undefined,
    ip: '192.0.2.1',
    ready: true,
    unschedulable: undefined,
    refresh: undefined,
    configHash: SYNTHESIS.configHashes[tier],
    containers: [containerLike()],
    ...change,
  };
}

/** A pod of the migration. */
export const migrationPod = (change: Partial<PodDigest> = {}): PodDigest =>
  podLike('backend', {
    name: 'migration-pod',
    uid: 'uid-of-migration-pod',
    tier: undefined,
    role: 'migrate',
    job: MIGRATION.object.metadata.name,
    ready: false,
    ...change,
  });

export const ERROR_FINDING: Finding = {
  id: 'INV-05',
  severity: 'Error',
  path: 'backend.pool',
  message: '240 connections; 92 are left',
  fix: 'set backend.pool.size to 5',
  fixes: [],
  acknowledged: false,
};
