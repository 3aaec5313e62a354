import { RESOURCES } from '../controller/cluster/resources.ts';
import { LEASE_NAME } from '../controller/leader/lease.ts';
import { CLUSTER_RIGHTS, NAMESPACE_RIGHTS, NODE_RIGHTS, type Right } from '../controller/reconcile/rights.ts';
import type { Labels, Manifest } from './manifest.ts';
import { LEASE_HOLDER, NODE_READER, OPERATOR, OPERATOR_NAMESPACE } from './names.ts';

/** The rights of the operator as roles, made of the one list of what it uses. */

const GROUP = 'rbac.authorization.k8s.io';

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** Everything in all namespaces, and what the whole cluster shares. */
export function clusterWideRights(labels: Labels): Manifest[] {
  return boundRole('ClusterRole', { name: OPERATOR, labels }, rulesOf([...NAMESPACE_RIGHTS, ...CLUSTER_RIGHTS]));
}

/** The same in one namespace. Without a name: in the one that whoever applies it says. */
export function namespaceRights(labels: Labels, namespace?: string): Manifest[] {
  const place = namespace === undefined ? {} : { namespace };
  return boundRole('Role', { name: OPERATOR, ...place, labels }, rulesOf(NAMESPACE_RIGHTS));
}

/** What an operator of some namespaces may see of the cluster; it does without, and says so. */
export function nodeRights(labels: Labels): Manifest[] {
  return boundRole('ClusterRole', { name: NODE_READER, labels }, rulesOf(NODE_RIGHTS));
}

/** To stand for election: the one Lease by its name. Of what is yet to be made the server knows no name. */
export function leaseRights(labels: Labels): Manifest[] {
  const { group, resource } = placeOf({ kind: 'Lease' });
  const leases = { apiGroups: [group], resources: [resource] };
  return boundRole('Role', { name: LEASE_HOLDER, namespace: OPERATOR_NAMESPACE, labels }, [
    { ...leases, verbs: ['create'] },
    { ...leases, resourceNames: [LEASE_NAME], verbs: ['get', 'update'] },
  ]);
}

function boundRole(
  kind: 'Role' | 'ClusterRole',
  metadata: Manifest['metadata'],
  rules: readonly PolicyRule[],
): Manifest[] {
  const apiVersion = `${GROUP}/v1`;
  return [
    { apiVersion, kind, metadata, rules },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: GROUP, kind, name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: OPERATOR, namespace: OPERATOR_NAMESPACE }],
    },
  ];
}

/** Kinds of one group with the same verbs share a rule. Pure. */
export function rulesOf(rights: readonly Right[]): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  for (const right of rights) {
    const { group, resource } = placeOf(right);
    const id = `${group} ${right.verbs}`;
    const resources = [...(rules.get(id)?.resources ?? []), resource];
    rules.set(id, { apiGroups: [group], resources, verbs: right.verbs });
  }
  return [...rules.values()];
}

function placeOf({ kind, subresource }: Pick<Right, 'kind' | 'subresource'>): {
  readonly group: string;
  readonly resource: string;
} {
  const { apiVersion, plural } = RESOURCES[kind];
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return { group, resource: subresource === undefined ? plural : `${plural}/${subresource}` };
}
