import { type Edge, edgeOf } from './edge.ts';
import { type Kubectl, waitFor } from './kubectl.ts';
import { applyProfile, seedProfile } from './profiles.ts';
import { OPERATOR_NAMESPACE, prepareNamespace, prepareStage, type Stage, waitReady } from './stage.ts';

/** The cluster of the end-to-end tests, apart from the demo's; another name lets two runs stand side by side. */
export const E2E_CLUSTER = process.env.PITCREW_E2E_CLUSTER ?? 'e2e';
/** Deadline after which a wait is called stalled in tests; ten minutes in life. */
const STALL_AFTER_SECONDS = 20;

export async function e2eStage(): Promise<Stage> {
  const stage = await prepareStage(E2E_CLUSTER);
  const { kubectl } = stage;
  await kubectl.run(
    'set',
    'env',
    'deployment/pitcrew',
    '-n',
    OPERATOR_NAMESPACE,
    `PITCREW_STALL_AFTER_SECONDS=${STALL_AFTER_SECONDS}`,
  );
  await kubectl.run('rollout', 'status', 'deployment/pitcrew', '-n', OPERATOR_NAMESPACE, '--timeout=120s');
  return stage;
}

export interface Seed {
  readonly namespace: string;
  readonly name: string;
  readonly edge: Edge;
}

/** The guide's stack, applied literally and Ready; other profiles make room for it first. */
export async function readySeed(stage: Stage): Promise<Seed> {
  const { kubectl, cluster } = stage;
  const profile = seedProfile();
  const { name, namespace } = profile.metadata;
  await removeOtherProfiles(kubectl, namespace);
  await prepareNamespace(kubectl, namespace, 'bahamm-tls', ['bahamm.ir', 'www.bahamm.ir']);
  await applyProfile(kubectl, profile);
  await waitReady(kubectl, namespace, name, 240_000);
  return {
    namespace,
    name,
    edge: await edgeOf(kubectl, cluster.nodeAddress, { namespace, profile: name, host: 'bahamm.ir' }),
  };
}

/** Ends all profiles outside one namespace and waits until their pods have made room. Namespaces and data stay. */
export async function removeOtherProfiles(kubectl: Kubectl, keep: string): Promise<void> {
  const list = await kubectl.get<{ items: Array<{ metadata: { namespace: string } }> }>('wperf', '-A');
  const namespaces = new Set(
    (list?.items ?? []).map((item) => item.metadata.namespace).filter((namespace) => namespace !== keep),
  );
  for (const namespace of namespaces) {
    await kubectl.run('delete', 'wperf', '--all', '-n', namespace);
    await waitFor(
      `the pods of ${namespace} to end`,
      async () => (await podNames(kubectl, namespace)).length === 0,
      180_000,
    );
  }
}

async function podNames(kubectl: Kubectl, namespace: string): Promise<string[]> {
  const list = await kubectl.get<{ items: Array<{ metadata: { name: string } }> }>('pods', '-n', namespace);
  return (list?.items ?? []).map((pod) => pod.metadata.name);
}
