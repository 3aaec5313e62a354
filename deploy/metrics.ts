import type { Labels, Manifest } from './manifest.ts';
import { LABELS, OPERATOR, OPERATOR_NAMESPACE, SELECTOR } from './names.ts';
import { HEALTH_PORT } from './operator.ts';

/** The operator's metrics for those who collect them: no part of an installation unless it is wished. */

const NAME = `${OPERATOR}-metrics`;
const metadata = (labels: Labels, name = NAME) => ({
  name,
  namespace: OPERATOR_NAMESPACE,
  labels: { ...LABELS, ...labels },
});

/** A Service in front of /metrics, and the network's consent; whoever may ask is for `PITCREW_METRICS_AUTH` to say. */
export function metricsManifests(labels: Labels = {}): Manifest[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(labels),
      spec: {
        selector: SELECTOR,
        ports: [{ name: 'metrics', port: HEALTH_PORT, targetPort: 'health', protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      // deploy/monitoring/access.yaml has a narrower one, which must not be in the way of this one.
      metadata: metadata(labels, `${NAME}-anywhere`),
      spec: {
        podSelector: { matchLabels: SELECTOR },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: HEALTH_PORT }] }],
      },
    },
  ];
}

/** For the Prometheus Operator. The metrics carry the namespace of their profile, which honorLabels keeps. */
export function serviceMonitor(labels: Labels = {}): Manifest {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: metadata(labels),
    spec: { selector: { matchLabels: SELECTOR }, endpoints: [{ port: 'metrics', honorLabels: true }] },
  };
}
