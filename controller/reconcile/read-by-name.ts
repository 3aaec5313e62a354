import type { Cluster, KubeObject, ObjectRef } from '../cluster/port.ts';
import type { Kind } from '../cluster/resources.ts';

/** One object as it is now, or none; read by the right to list that the watch of its kind needs anyway. */
export async function readByName(
  cluster: Pick<Cluster, 'list'>,
  kind: Kind,
  { namespace, name }: ObjectRef,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const { items } = await cluster.list(kind, { namespace, fieldSelector: `metadata.name=${name}`, signal });
  return items.find(({ metadata }) => metadata.name === name);
}
