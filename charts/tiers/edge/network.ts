import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { labelsOf, selectorOf } from '../../kit/labels.ts';
import { EDGE_HTTP_PORT, EDGE_HTTPS_PORT, EDGE_STATUS_PORT, tierName } from '../../kit/names.ts';
import { addNetworkPolicy, DNS_EGRESS, OPERATOR_PEER, tcp, tierPeer } from '../../kit/policies.ts';
import { backendPort, frontendPort, type Stack } from '../../stack.ts';

/** How the edge is reached, and whom it may reach. */

const metadata = (stack: Stack) => ({
  name: tierName(stack.name, 'edge'),
  namespace: stack.namespace,
  labels: labelsOf(stack.name, 'edge'),
});

/** The Service that clients come by. The status port is not on it. */
export function addService(chart: Chart, stack: Stack): void {
  const policy = stack.spec.edge.service?.externalTrafficPolicy;
  const port = (name: string, number: number) => ({
    name,
    port: number,
    targetPort: k8s.IntOrString.fromString(name),
    protocol: 'TCP',
  });
  new k8s.KubeService(chart, 'edge-service', {
    metadata: metadata(stack),
    spec: {
      type: stack.value('edge.service.type'),
      selector: selectorOf(stack.name, 'edge'),
      ports: [port('http', 80), ...(stack.spec.edge.tls === undefined ? [] : [port('https', 443)])],
      ...(policy === undefined ? {} : { externalTrafficPolicy: policy }),
    },
  });
}

/** Everybody may come to the site, the operator alone to the status port; out only to names, backend and frontend. */
export function addPolicy(chart: Chart, stack: Stack): void {
  const site = [tcp(EDGE_HTTP_PORT), ...(stack.spec.edge.tls === undefined ? [] : [tcp(EDGE_HTTPS_PORT)])];
  addNetworkPolicy(chart, stack, 'edge', {
    ingress: [{ ports: site }, { from: [OPERATOR_PEER], ports: [tcp(EDGE_STATUS_PORT)] }],
    egress: [
      DNS_EGRESS,
      { to: [tierPeer(stack, 'backend')], ports: [tcp(backendPort(stack.spec))] },
      ...(stack.spec.frontend === undefined
        ? []
        : [{ to: [tierPeer(stack, 'frontend')], ports: [tcp(frontendPort(stack.spec))] }]),
    ],
  });
}

/** Where another proxy owns ports 80 and 443. It ends TLS and speaks http to the edge. */
export function addIngress(chart: Chart, stack: Stack): void {
  const { ingress, hosts, tls } = stack.spec.edge;
  if (ingress === undefined) return;
  const backend = { service: { name: tierName(stack.name, 'edge'), port: { name: 'http' } } };
  new k8s.KubeIngress(chart, 'edge-ingress', {
    metadata: metadata(stack),
    spec: {
      ingressClassName: ingress.className,
      rules: [...new Set(hosts)].map((host) => ({
        host,
        http: { paths: [{ path: '/', pathType: 'Prefix', backend }] },
      })),
      ...(tls === undefined ? {} : { tls: [{ hosts: [...new Set(hosts)], secretName: tls.secretName }] }),
    },
  });
}
