import type { KubeObject, ObjectRef } from '../../controller/cluster/port.ts';
import { type Kind, pathOf, RESOURCES } from '../../controller/cluster/resources.ts';
import { keyOf } from '../../controller/cluster/store.ts';
import type { Answer, SimServer } from './server/api-server.ts';

/** Any object to be sent. */
export interface Sent {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: object;
  readonly [field: string]: unknown;
}

/** Somebody else who works on the cluster: a person, a controller of Kubernetes. Its calls arrive at once and never break. */
export interface Actor {
  readonly get: (kind: Kind, ref: ObjectRef) => KubeObject | undefined;
  readonly list: (kind: Kind) => KubeObject[];
  readonly create: (object: Sent, namespace?: string) => Answer;
  readonly apply: (object: Sent, ref: ObjectRef) => Answer;
  readonly patch: (kind: Kind, ref: ObjectRef, body: object, subresource?: string) => Answer;
  readonly remove: (kind: Kind, ref: ObjectRef, propagationPolicy?: string) => Answer;
}

export function createActor(server: SimServer, manager: string): Actor {
  const query = `?fieldManager=${manager}&force=true`;
  const call = (method: string, path: string, body: object, contentType = 'application/json') =>
    server.answer({ method, path: path + query, body: JSON.stringify(body), contentType });
  return {
    get: (kind, ref) => server.storage.get(kind, keyOf(ref))?.object,
    list: (kind) => server.storage.list(kind).map(({ object }) => object),
    create: (object, namespace) => call('POST', pathOf(RESOURCES[object.kind as Kind], { namespace }), object),
    apply: (object, ref) =>
      call('PATCH', pathOf(RESOURCES[object.kind as Kind], ref), object, 'application/apply-patch+yaml'),
    patch: (kind, ref, body, subresource) =>
      call('PATCH', pathOf(RESOURCES[kind], { ...ref, subresource }), body, 'application/merge-patch+json'),
    remove: (kind, ref, propagationPolicy) => call('DELETE', pathOf(RESOURCES[kind], ref), { propagationPolicy }),
  };
}
