import { KIND } from '../../crds/group.ts';
import type { KubeObject } from '../cluster/port.ts';
import { DATA_KINDS } from './desired.ts';
import type { Child } from './digest.ts';
import { isLeaving } from './gate.ts';
import type { ProfileMemory } from './memory.ts';
import { readByName } from './read-by-name.ts';
import type { Tools } from './tools.ts';

/**
 * `kubectl delete --cascade=orphan` takes the owner from all children and lets the profile go. To a watch of profiles that
 * lags behind that of the children it looks as if somebody had changed them; taken back, they would name an owner that is
 * gone, and garbage collection would delete what was to be kept. So before anything is taken back the server is asked.
 */
export async function isLetGo(
  tools: Pick<Tools, 'cluster'>,
  profile: KubeObject,
  seen: { readonly children: ReadonlyMap<string, Child>; readonly memory: Pick<ProfileMemory, 'applied'> },
  signal: AbortSignal,
): Promise<boolean> {
  if (![...seen.children.values()].some((child) => isDisowned(child, seen.memory))) return false;
  const found = await readByName(tools.cluster, KIND, profile.metadata, signal);
  return found?.metadata.uid !== profile.metadata.uid || isLeaving(found);
}

/** It was controlled by this profile, and is by nobody. */
const isDisowned = ({ ref, kind, owner }: Child, { applied }: Pick<ProfileMemory, 'applied'>): boolean =>
  owner === undefined && !DATA_KINDS.has(kind) && (applied.has(ref) || kind === 'ControllerRevision');
