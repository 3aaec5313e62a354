import type { Labels } from './manifest.ts';

/** The operator's namespace and name; charts/kit/policies.ts lets in pods that carry them. */
export const OPERATOR_NAMESPACE = 'pitcrew-system';
export const OPERATOR = 'pitcrew';
/** ClusterRole of an operator that watches some namespaces only. */
export const NODE_READER = 'pitcrew-nodes';

/** Role of the operator in its own namespace. */
export const LEASE_HOLDER = 'pitcrew-leader-election';

/** By what the operator's pods are found. */
export const SELECTOR: Labels = { 'app.kubernetes.io/name': OPERATOR };

export const LABELS: Labels = {
  ...SELECTOR,
  'app.kubernetes.io/part-of': OPERATOR,
  'app.kubernetes.io/component': 'operator',
};
