import { API_VERSION, KIND } from '../../crds/group.ts';
import type { Status } from '../../crds/status.ts';
import { classify } from '../cluster/classify.ts';
import { canonicalJson } from '../cluster/ownership.ts';
import type { KubeObject } from '../cluster/port.ts';
import { isOlder, type ProfileMemory } from './memory.ts';
import type { Tools } from './tools.ts';

/** Who we are in the managedFields of the status. */
export const STATUS_MANAGER = 'pitcrew-status';

/** What is to be written and where it stands. */
export interface StatusWrite {
  readonly profile: KubeObject;
  readonly before: Status;
  readonly status: Status;
  readonly memory: ProfileMemory;
}

/**
 * Writes the status if it says anything new; at rest it never does. Throws what the API server throws: `Stale` where the
 * profile has changed since. The version is what keeps it off another profile of the same name: for a status the server
 * does not look at the uid, and a new profile with the status of the old one would count as admitted already.
 */
export async function writeStatus(tools: Tools, write: StatusWrite, signal: AbortSignal): Promise<boolean> {
  const { profile, before, status, memory } = write;
  if (canonicalJson(before) === canonicalJson(status)) return false;
  const { name, namespace, uid } = profile.metadata;
  const metadata = { name, namespace, uid, resourceVersion: newestVersion(profile, memory) };
  const body = { apiVersion: API_VERSION, kind: KIND, metadata, status };
  const options = { subresource: 'status', fieldManager: STATUS_MANAGER, signal } as const;
  const { object } = await tools.cluster.apply(body, options).catch((error: unknown) => {
    if (['Gone', 'Stale'].includes(classify(error).kind)) memory.superseded = profile.metadata.resourceVersion;
    throw error;
  });
  memory.written = { status, resourceVersion: object.metadata.resourceVersion };
  return true;
}

/** Of what the watch has told and what our last write has made of it. */
const newestVersion = ({ metadata: { resourceVersion } }: KubeObject, { written }: ProfileMemory): string =>
  written !== undefined && isOlder(resourceVersion, written.resourceVersion)
    ? written.resourceVersion
    : resourceVersion;
