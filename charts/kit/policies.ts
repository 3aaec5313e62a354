import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Stack } from '../stack.ts';
import { labelsOf, selectorOf, type Tier } from './labels.ts';
import { tierName } from './names.ts';

/** What stands around every tier: identity without rights, protection from drains, the network that it may use. */

/** A ServiceAccount without a token: no pod of ours talks to the API server. */
export function addServiceAccount(chart: Chart, stack: Stack, tier: Tier): void {
  new k8s.KubeServiceAccount(chart, `${tier}-account`, {
    metadata: { name: tierName(stack.name, tier), namespace: stack.namespace, labels: labelsOf(stack.name, tier) },
    automountServiceAccountToken: false,
  });
}

/** One pod at a time may be drained; with a single replica a drain is still possible (BE-10). */
export function addDisruptionBudget(chart: Chart, stack: Stack, tier: Tier): void {
  new k8s.KubePodDisruptionBudget(chart, `${tier}-budget`, {
    metadata: { name: tierName(stack.name, tier), namespace: stack.namespace, labels: labelsOf(stack.name, tier) },
    spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: selectorOf(stack.name, tier) } },
  });
}

/** Pods of a tier of this profile, as a peer of a NetworkPolicy. */
export function tierPeer(stack: Stack, tier: Tier): k8s.NetworkPolicyPeer {
  return { podSelector: { matchLabels: selectorOf(stack.name, tier) } };
}

/** The operator's pods, which ask the running processes what they have loaded. */
export const OPERATOR_PEER: k8s.NetworkPolicyPeer = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'pitcrew-system' } },
  podSelector: { matchLabels: { 'app.kubernetes.io/name': 'pitcrew' } },
};

export const tcp = (port: number): k8s.NetworkPolicyPort => ({
  protocol: 'TCP',
  port: k8s.IntOrString.fromNumber(port),
});

/** Name resolution, without which nothing finds anything. */
export const DNS_EGRESS: k8s.NetworkPolicyEgressRule = {
  ports: [
    { protocol: 'UDP', port: k8s.IntOrString.fromNumber(53) },
    { protocol: 'TCP', port: k8s.IntOrString.fromNumber(53) },
  ],
};

/** Names of a tier's NetworkPolicy and what it lets in and out. Everything else is refused. */
export function addNetworkPolicy(
  chart: Chart,
  stack: Stack,
  tier: Tier,
  rules: { ingress: k8s.NetworkPolicyIngressRule[]; egress?: k8s.NetworkPolicyEgressRule[] },
): void {
  new k8s.KubeNetworkPolicy(chart, `${tier}-network`, {
    metadata: { name: tierName(stack.name, tier), namespace: stack.namespace, labels: labelsOf(stack.name, tier) },
    spec: {
      podSelector: { matchLabels: selectorOf(stack.name, tier) },
      policyTypes: rules.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'],
      ingress: rules.ingress,
      ...(rules.egress === undefined ? {} : { egress: rules.egress }),
    },
  });
}
