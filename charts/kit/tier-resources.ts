import type { k8s } from 'cdk8s-plus-28';
import type { Stack } from '../stack.ts';
import { asQuantity, resourceRequirements } from './pod.ts';

/** What the pods of one tier request and may take. The database always has a CPU limit: it makes the pod Guaranteed (RES-03). */
export function tierResources(
  stack: Stack,
  tier: 'edge' | 'backend' | 'frontend' | 'postgres',
): k8s.ResourceRequirements {
  const amounts = (kind: 'requests' | 'limits') => ({
    cpu: stack.value(`${tier}.resources.${kind}.cpu`),
    memory: stack.value(`${tier}.resources.${kind}.memory`),
  });
  const [requests, limits] = [amounts('requests'), amounts('limits')];
  if (tier === 'postgres' || stack.value('cpuLimitPolicy') === 'Limit') return resourceRequirements(requests, limits);
  return { ...resourceRequirements(requests, limits), limits: { memory: asQuantity(limits.memory) } };
}
