import { PROFILE_LABEL } from '../charts/kit/labels.ts';
import type { Cluster, KubeObject } from '../controller/cluster/port.ts';
import type { Run } from './command.ts';
import { UsageError } from './command.ts';
import { factsData, factsText, noNodesText, type Observed } from './facts-text.ts';
import { machineText } from './output.ts';

/** `pitcrew facts`: what the cluster offers, observed as the operator observes it. */
export const run: Run = async ({ options }) => {
  const observed = await observe(options);
  if (!observed.isUsable) throw new UsageError(noNodesText(observed));
  return {
    code: 0,
    stdout: options.output === 'json' ? machineText('json', factsData(observed)) : factsText(observed),
  };
};

async function observe(options: Readonly<Record<string, string | undefined>>): Promise<Observed> {
  const { createCluster } = await import('../controller/cluster/client.ts');
  const { createTransport } = await import('../controller/cluster/transport.ts');
  const profile = profileKey(options.profile);
  const transport = createTransport({ endpoint: await endpointOf(options) });
  try {
    return await readFacts(createCluster({ transport }), profile);
  } catch (error) {
    throw new UsageError(whyUnread(error));
  } finally {
    await transport.close();
  }
}

async function readFacts(cluster: Cluster, profile: string | undefined): Promise<Observed> {
  const { nodeOf } = await import('../controller/cluster/facts/nodes.ts');
  const { factsOf, plainVersion } = await import('../controller/cluster/facts/observed-facts.ts');
  const { readSurroundings } = await import('../controller/cluster/facts/read-surroundings.ts');
  const { surroundingFacts } = await import('../controller/cluster/facts/surroundings.ts');
  const [{ gitVersion }, { items }] = await Promise.all([cluster.version(), cluster.list('Node')]);
  const nodes = items.map(nodeOf);
  const around = await readSurroundings(cluster, { nodes, keep: profileOfPod });
  const surroundings = surroundingFacts(around, (key) => profile === undefined || key === profile);
  const { facts, observed } = factsOf({ nodes, kubernetesVersion: plainVersion(gitVersion), surroundings }, undefined);
  const leftOut = nodes.filter(({ ours }) => !ours).length;
  return { facts, isUsable: observed, nodes: nodes.length, leftOut, forbidden: around.forbidden };
}

/** `namespace/name` of the profile whose label a pod carries. */
function profileOfPod({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[PROFILE_LABEL];
  return name === undefined ? undefined : `${metadata.namespace}/${name}`;
}

function profileKey(profile: string | undefined): string | undefined {
  if (profile === undefined || /^[^/]+\/[^/]+$/.test(profile)) return profile;
  throw new UsageError(`--profile ${profile}: write NAMESPACE/NAME, for example shop/${profile.replaceAll('/', '')}`);
}

/** What the client library makes of no kubeconfig at all, as kubectl does. */
const ABSENT = 'http://localhost:8080';

async function endpointOf({ kubeconfig, context }: Readonly<Record<string, string | undefined>>) {
  const { readEndpoint } = await import('../controller/cluster/config.ts');
  const where = 'name one by --kubeconfig FILE or KUBECONFIG (on a k3s server: /etc/rancher/k3s/k3s.yaml)';
  try {
    const endpoint = readEndpoint({ kubeconfig, context });
    if (endpoint.server !== ABSENT) return endpoint;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the kubeconfig cannot be used: ${said}; ${where}`);
  }
  throw new UsageError(`there is no kubeconfig; ${where}`);
}

/** Why the cluster was not read, and what to do. */
function whyUnread(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const status = (error as { status?: unknown }).status;
  if (status === 401)
    return `the cluster does not know who you are (${said}); get a fresh kubeconfig, or name another by --kubeconfig FILE`;
  if (status === 403) {
    return `you may not list nodes (${said}); ask for the right to list nodes, or write the facts yourself: kubernetesVersion, allocatableCpuMillis, allocatableMemoryMiB`;
  }
  return `the cluster does not answer: ${said}; is it running, and is KUBECONFIG or --kubeconfig the right one (on a k3s server: /etc/rancher/k3s/k3s.yaml)?`;
}
