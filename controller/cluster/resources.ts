/** What the API server needs to know to address a kind, and what we need to know to label what it sends back. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  /** Plural, lower case, as it stands in the path. */
  readonly plural: string;
  readonly namespaced: boolean;
}

const namespaced = (apiVersion: string, kind: string, plural: string): Resource => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
});

/** Every kind that the operator reads or writes. A kind that is not here cannot be addressed: one more line, one more kind. */
export const RESOURCES = {
  PerformanceProfile: namespaced('performance.bahamm.ir/v1alpha1', 'PerformanceProfile', 'performanceprofiles'),
  ConfigMap: namespaced('v1', 'ConfigMap', 'configmaps'),
  Secret: namespaced('v1', 'Secret', 'secrets'),
  Service: namespaced('v1', 'Service', 'services'),
  ServiceAccount: namespaced('v1', 'ServiceAccount', 'serviceaccounts'),
  PersistentVolumeClaim: namespaced('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  Pod: namespaced('v1', 'Pod', 'pods'),
  Node: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  Namespace: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  Event: namespaced('events.k8s.io/v1', 'Event', 'events'),
  Deployment: namespaced('apps/v1', 'Deployment', 'deployments'),
  StatefulSet: namespaced('apps/v1', 'StatefulSet', 'statefulsets'),
  ReplicaSet: namespaced('apps/v1', 'ReplicaSet', 'replicasets'),
  ControllerRevision: namespaced('apps/v1', 'ControllerRevision', 'controllerrevisions'),
  Job: namespaced('batch/v1', 'Job', 'jobs'),
  NetworkPolicy: namespaced('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  Ingress: namespaced('networking.k8s.io/v1', 'Ingress', 'ingresses'),
  PodDisruptionBudget: namespaced('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  StorageClass: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    plural: 'storageclasses',
    namespaced: false,
  },
  Lease: namespaced('coordination.k8s.io/v1', 'Lease', 'leases'),
} as const satisfies Record<string, Resource>;

/** The kinds of the table, by name. */
export type Kind = keyof typeof RESOURCES;

const isKind = (kind: string): kind is Kind => Object.hasOwn(RESOURCES, kind);

/** The row for an object. Throws when the kind is unknown or the object claims another API version than ours. */
export function resourceOf(object: { readonly apiVersion: string; readonly kind: string }): Resource {
  const resource = isKind(object.kind) ? RESOURCES[object.kind] : undefined;
  if (resource === undefined || resource.apiVersion !== object.apiVersion) {
    throw new Error(`no resource is known for ${object.apiVersion} ${object.kind}`);
  }
  return resource;
}

/** Where an object, a collection, or a subresource stands on the API server. */
export interface Place {
  /** Left out: cluster-scoped, or the collection over all namespaces. */
  readonly namespace?: string | undefined;
  /** Left out: the collection. */
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** The request path of a place. Throws when a namespaced object is named without its namespace. */
export function pathOf(resource: Resource, place: Place = {}): string {
  if (resource.namespaced && place.name !== undefined && place.namespace === undefined) {
    throw new Error(`${resource.kind} ${place.name} needs a namespace`);
  }
  const root = resource.apiVersion.includes('/') ? 'apis' : 'api';
  const parts = [root, resource.apiVersion];
  if (resource.namespaced && place.namespace !== undefined) {
    parts.push('namespaces', encodeURIComponent(place.namespace));
  }
  parts.push(resource.plural);
  if (place.name !== undefined) parts.push(encodeURIComponent(place.name));
  if (place.subresource !== undefined) parts.push(place.subresource);
  return `/${parts.join('/')}`;
}
