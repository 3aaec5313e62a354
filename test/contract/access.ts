import type { Manifest } from '../../deploy/manifest.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from '../../deploy/names.ts';
import type { ApiServer } from './api-server.ts';

/** One question to the authorizer. */
export interface Question {
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Asks a real API server about the operator's account. */
export async function mayOperator({ transport }: ApiServer, question: Question): Promise<boolean> {
  const [resource, subresource] = question.resource.split('/');
  const answer = await transport.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${OPERATOR_NAMESPACE}`, 'system:authenticated'],
        resourceAttributes: { ...question, resource, subresource },
      },
    },
    repeatable: true,
  });
  return (answer.body as { status: { allowed: boolean } }).status.allowed;
}

/** What roles of a kind allow, as `verb resource`. */
export function allowedOf(manifests: readonly Manifest[], kind: 'Role' | 'ClusterRole'): string[] {
  const rules = manifests.filter((manifest) => manifest.kind === kind).flatMap(({ rules }) => rules as Rule[]);
  return rules
    .flatMap(({ resources, verbs }) => resources.flatMap((what) => verbs.map((verb) => `${verb} ${what}`)))
    .sort();
}

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

/** What would let the operator, or whoever takes it over, read or destroy what is not its business, or rise. */
export const FORBIDDEN: readonly Question[] = [
  // Secrets that nobody named to it; changing or removing any.
  { verb: 'list', resource: 'secrets' },
  { verb: 'watch', resource: 'secrets' },
  { verb: 'patch', resource: 'secrets' },
  { verb: 'update', resource: 'secrets' },
  { verb: 'delete', resource: 'secrets' },
  { verb: 'deletecollection', resource: 'secrets' },
  // Data.
  { verb: 'delete', resource: 'persistentvolumeclaims' },
  { verb: 'deletecollection', resource: 'persistentvolumeclaims' },
  { verb: 'delete', resource: 'persistentvolumes' },
  // Into processes, and past the controllers.
  { verb: 'create', resource: 'pods' },
  { verb: 'delete', resource: 'pods' },
  { verb: 'create', resource: 'pods/exec' },
  { verb: 'create', resource: 'pods/attach' },
  { verb: 'create', resource: 'pods/portforward' },
  { verb: 'get', resource: 'pods/log' },
  { verb: 'patch', resource: 'pods/ephemeralcontainers' },
  { verb: 'create', resource: 'pods/eviction' },
  // The cluster itself.
  { verb: 'patch', resource: 'nodes' },
  { verb: 'update', resource: 'nodes' },
  { verb: 'delete', resource: 'nodes' },
  { verb: 'get', resource: 'nodes/proxy' },
  { verb: 'create', resource: 'namespaces' },
  { verb: 'delete', resource: 'namespaces' },
  { verb: 'patch', resource: 'storageclasses', group: 'storage.k8s.io' },
  { verb: 'delete', resource: 'leases', group: 'coordination.k8s.io' },
  // More rights, or another's.
  { verb: 'create', resource: 'serviceaccounts/token' },
  { verb: 'impersonate', resource: 'users' },
  { verb: 'impersonate', resource: 'groups' },
  { verb: 'impersonate', resource: 'serviceaccounts' },
  { verb: 'create', resource: 'roles', group: RBAC },
  { verb: 'create', resource: 'rolebindings', group: RBAC },
  { verb: 'create', resource: 'clusterroles', group: RBAC },
  { verb: 'patch', resource: 'clusterroles', group: RBAC, name: OPERATOR },
  { verb: 'create', resource: 'clusterrolebindings', group: RBAC },
  { verb: 'escalate', resource: 'clusterroles', group: RBAC },
  { verb: 'bind', resource: 'clusterroles', group: RBAC },
  { verb: 'approve', resource: 'signers', group: 'certificates.k8s.io' },
  // What judges requests, and what it judges.
  { verb: 'create', resource: 'mutatingwebhookconfigurations', group: ADMISSION },
  { verb: 'create', resource: 'validatingwebhookconfigurations', group: ADMISSION },
  { verb: 'patch', resource: 'validatingadmissionpolicies', group: ADMISSION },
  { verb: 'patch', resource: 'customresourcedefinitions', group: 'apiextensions.k8s.io' },
  { verb: 'delete', resource: 'customresourcedefinitions', group: 'apiextensions.k8s.io' },
  // What the user says.
  { verb: 'patch', resource: 'performanceprofiles', group: 'performance.bahamm.ir' },
  { verb: 'delete', resource: 'performanceprofiles', group: 'performance.bahamm.ir' },
  { verb: '*', resource: '*', group: '*' },
];

/** A few of the rights that it needs, so that the questions above are known to be asked in the right way. */
export const ALLOWED_ANYWHERE: readonly Question[] = [
  { verb: 'get', resource: 'secrets' },
  { verb: 'patch', resource: 'pods' },
  { verb: 'delete', resource: 'deployments', group: 'apps' },
  { verb: 'patch', resource: 'performanceprofiles/status', group: 'performance.bahamm.ir' },
  { verb: 'watch', resource: 'nodes' },
];
