import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { CONFIG_HASH, labelsOf } from '../../kit/labels.ts';
import { configName } from '../../kit/names.ts';
import { addDisruptionBudget, addServiceAccount } from '../../kit/policies.ts';
import type { Requirement } from '../../requirement.ts';
import type { Stack } from '../../stack.ts';
import { edgeConfig } from './config.ts';
import { addDeployment } from './deployment.ts';
import { addIngress, addPolicy, addService } from './network.ts';

/** Adds the edge's objects; returns the hash of its configuration. */
export function addEdge(chart: Chart, stack: Stack): string {
  const config = edgeConfig(stack);
  addServiceAccount(chart, stack, 'edge');
  new k8s.KubeConfigMap(chart, 'edge-config', {
    metadata: {
      name: configName(stack.name, 'edge'),
      namespace: stack.namespace,
      labels: labelsOf(stack.name, 'edge'),
      annotations: { [CONFIG_HASH]: config.hash },
    },
    data: { ...config.files },
  });
  addService(chart, stack);
  addDeployment(chart, stack);
  addDisruptionBudget(chart, stack, 'edge');
  addPolicy(chart, stack);
  addIngress(chart, stack);
  return config.hash;
}

/** What others must provide: the certificate. */
export function edgeRequirements(stack: Stack): Requirement[] {
  const { tls } = stack.spec.edge;
  if (tls === undefined) return [];
  return [{ kind: 'Secret', name: tls.secretName, keys: ['tls.crt', 'tls.key'], path: 'edge.tls.secretName' }];
}
