import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImages } from '../../images/build.ts';
import { progressLine } from '../../images/progress.ts';
import { type Cluster, prepareMachine, startCluster } from '../cluster/cluster.ts';
import { progressPrinter } from '../cluster/progress-printer.ts';
import { selfSignedCertificate } from './certificate.ts';
import { type Kubectl, kubectlFor, waitFor } from './kubectl.ts';

/** A node with the images and the operator on it, and namespaces for profiles: where demo and e2e tests play. */
export interface Stage {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
}

const repository = join(import.meta.dirname, '..', '..');
export const OPERATOR_NAMESPACE = 'pitcrew-system';

export const readRepositoryFile = (path: string): string => readFileSync(join(repository, path), 'utf8');

/** Starts (or finds) the node, builds and loads what changed, installs CRD and operator, waits until it is available. */
export async function prepareStage(name: string, onStep: (text: string) => void = () => {}): Promise<Stage> {
  const { operatorDigest, ...stage } = await prepareNode(name, onStep);
  onStep('custom resource and operator');
  await installOperator(stage.kubectl, operatorDigest);
  return stage;
}

/** The node with the images, and nothing of ours on it. */
export async function prepareNode(
  name: string,
  onStep: (text: string) => void = () => {},
): Promise<Stage & { readonly operatorDigest: string }> {
  const onProgress = progressPrinter(process.stderr);
  await prepareMachine(['cluster', 'node', 'images', 'load'], onProgress);
  onStep('programs and images');
  const [cluster, images] = await Promise.all([
    startCluster({ name, node: true, onProgress }),
    buildImages({
      onProgress: (progress) => progress.state === 'unchanged' || process.stderr.write(`${progressLine(progress)}\n`),
    }),
  ]);
  onStep('images onto the node');
  for (const image of images) await cluster.loadArchive(image.archive, image.reference);
  const operatorDigest = images.find((image) => image.name === 'operator')?.digest ?? '';
  return { cluster, kubectl: kubectlFor(cluster.kubeconfig, cluster.binDir), operatorDigest };
}

/** Applies deploy/install.yaml; a new image under the same tag replaces the operator's pod. */
async function installOperator(kubectl: Kubectl, digest: string): Promise<void> {
  await kubectl.pipe(
    readRepositoryFile('deploy/install.yaml'),
    'apply',
    '--server-side',
    '--force-conflicts',
    '-f',
    '-',
  );
  const patch = { spec: { template: { metadata: { annotations: { 'pitcrew.test/image-digest': digest } } } } };
  await kubectl.run(
    'patch',
    'deployment',
    'pitcrew',
    '-n',
    OPERATOR_NAMESPACE,
    '--type=merge',
    '-p',
    JSON.stringify(patch),
  );
  await kubectl.run('rollout', 'status', 'deployment/pitcrew', '-n', OPERATOR_NAMESPACE, '--timeout=120s');
}

/** A namespace that enforces Pod Security `restricted`, with a certificate for the hosts in `<name>-tls`. */
export async function prepareNamespace(
  kubectl: Kubectl,
  namespace: string,
  secretName: string,
  hosts: readonly string[],
): Promise<void> {
  const { certificate, key } = selfSignedCertificate(hosts);
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name: secretName, namespace },
      stringData: { 'tls.crt': certificate, 'tls.key': key },
    },
  ];
  await kubectl.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-');
}

/** One condition of a profile, or undefined while it is not there. */
export async function conditionOf(
  kubectl: Kubectl,
  namespace: string,
  name: string,
  type: string,
): Promise<Condition | undefined> {
  const profile = await kubectl.get<ProfileView>('wperf', name, '-n', namespace);
  return profile?.status?.conditions?.find((condition) => condition.type === type);
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

export interface ProfileView {
  readonly metadata: { readonly generation: number; readonly uid: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly revision?: number;
    readonly findings?: ReadonlyArray<{ readonly id: string; readonly message: string; readonly fix: string }>;
    readonly connections?: { readonly summary: string };
    readonly tiers?: Readonly<Record<string, string>>;
  };
}

/** Waits until the profile is Ready for its latest generation. */
export async function waitReady(
  kubectl: Kubectl,
  namespace: string,
  name: string,
  deadlineMs = 180_000,
): Promise<ProfileView> {
  return waitFor(
    `${namespace}/${name} to be Ready`,
    async () => {
      const profile = await kubectl.get<ProfileView>('wperf', name, '-n', namespace);
      const ready = profile?.status?.conditions?.find((condition) => condition.type === 'Ready');
      if (profile?.status?.observedGeneration === profile?.metadata.generation && ready?.status === 'True')
        return profile;
      throw new Error(`${ready?.status} ${ready?.reason}: ${ready?.message}`);
    },
    deadlineMs,
  );
}
