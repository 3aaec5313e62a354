import type { Kind } from '../cluster/resources.ts';

/** Kinds that are applied from a synthesis, watched by our label, and pruned when nothing desires them any more. */
export const APPLIED_KINDS = [
  'ConfigMap',
  'Service',
  'ServiceAccount',
  'Deployment',
  'StatefulSet',
  'Job',
  'NetworkPolicy',
  'Ingress',
  'PodDisruptionBudget',
] as const satisfies readonly Kind[];
