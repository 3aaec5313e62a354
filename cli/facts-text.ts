import type { Facts } from '../charts/facts.ts';
import { alignedLines, flow } from './spec-lines.ts';

/** The facts and how they were found. */
export interface Observed {
  readonly facts: Facts;
  /** False: no node could be counted, so the facts are assumptions. */
  readonly isUsable: boolean;
  readonly nodes: number;
  /** Nodes whose taints keep the stack away. */
  readonly leftOut: number;
  /** Kinds that may not be read. */
  readonly forbidden: readonly string[];
}

/** What each fact means, for who edits the file by hand. */
const MEANING: Readonly<Record<string, string>> = {
  kubernetesVersion: 'of the API server',
  allocatableCpuMillis: 'of all nodes that the stack may run on, together; 1000 is one CPU',
  allocatableMemoryMiB: 'of the same nodes, in steps of 64 so that a reboot changes nothing',
  nodeCount: 'how many nodes that is',
  otherCpuMillis: 'what pods of others request of the CPU, in steps of 50',
  otherMemoryMiB: 'what pods of others request of the memory, in steps of 64',
  defaultStorageProvisioner: 'of the default StorageClass; rancher.io/local-path does not enforce the size of volumes',
  clusterDnsAddress: 'of the DNS Service, which nginx asks for its upstreams',
};

/** What is missing where a kind may not be read, and the right that would tell. */
const MISSING: Readonly<Record<string, string>> = {
  Pod: 'otherCpuMillis and otherMemoryMiB are missing: you may not list pods in all namespaces',
  StorageClass: 'defaultStorageProvisioner is missing: you may not list storageclasses',
  Service: 'clusterDnsAddress is missing: you may not get Service kube-dns in namespace kube-system',
};

export const factsData = ({ facts }: Observed): Facts => facts;

/** The facts file: commented YAML, without a word that tells which cluster it was. */
export function factsText({ facts, nodes, leftOut, forbidden }: Observed): string {
  const skipped = leftOut === 0 ? '' : `, ${leftOut} of them left out because of their taints`;
  const lines = Object.entries(facts).map(([name, value]) => {
    const note = MEANING[name];
    return { text: `${name}: ${flow(value)}`, ...(note === undefined ? {} : { note }) };
  });
  return [
    `# What the cluster offers, from ${nodes} ${nodes === 1 ? 'node' : 'nodes'}${skipped}. Written by \`pitcrew facts\`.`,
    '# For check, explain and render: --facts FILE. The operator observes the same by itself.',
    ...alignedLines(lines),
    ...forbidden.map((kind) => `# ${MISSING[kind] ?? kind}`),
    '',
  ].join('\n');
}

export function noNodesText({ nodes, leftOut }: Observed): string {
  return nodes === 0
    ? 'the cluster has no node yet; wait until `kubectl get nodes` shows one'
    : `none of the ${nodes} nodes can be counted: ${leftOut} have taints (NoSchedule or NoExecute) that keep the stack away, the others tell nothing of themselves; \`kubectl describe nodes\` shows the taints`;
}
