import type { Requirement } from '../../charts/requirement.ts';
import { postgresManaged } from '../../charts/stack.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { KubeObject } from '../cluster/port.ts';
import { databaseSecretNames } from './credentials.ts';
import { refOf } from './digest.ts';
import type { ProfileMemory } from './memory.ts';
import type { Missing, Needs } from './observed.ts';
import type { Tools } from './tools.ts';

/** What was found is believed this long: Secrets are not watched, so that they need not be listed. */
const BELIEVED_MS = 60_000;

/** What a pass asks for. */
export interface NeedsInput {
  readonly profile: Profile;
  readonly requires: readonly Requirement[];
  readonly memory: ProfileMemory;
  readonly nowMs: number;
}

/** Reads what the stack needs and other people provide, and whether the database's Secrets exist. Keeps names of keys, never values. */
export async function observeNeeds(tools: Tools, input: NeedsInput, signal: AbortSignal): Promise<Needs> {
  const { profile, memory, nowMs } = input;
  const { name, namespace } = profile.metadata;
  const ownSecrets = postgresManaged(profile.spec) ? databaseSecretNames(name) : [];
  const believed = (id: string): boolean => (memory.found.get(id) ?? Number.NEGATIVE_INFINITY) > nowMs;
  const believe = (id: string): void => {
    memory.found.set(id, nowMs + BELIEVED_MS);
  };

  const isAbsent = async (secretName: string): Promise<boolean> => {
    const id = refOf('Secret', secretName);
    if (believed(id)) return false;
    const secret = await tools.cluster.get('Secret', { namespace, name: secretName }, { signal });
    if (secret !== undefined) believe(id);
    return secret === undefined;
  };

  const missingOf = async (requirement: Requirement): Promise<Missing[]> => {
    const id = [refOf(requirement.kind, requirement.name), ...requirement.keys].join(' ');
    if (believed(id)) return [];
    const object = await tools.cluster.get(requirement.kind, { namespace, name: requirement.name }, { signal });
    const missing = lackOf(requirement, object);
    if (missing === undefined) believe(id);
    return missing === undefined ? [] : [missing];
  };

  // A variable may well be taken from the Secret that we make ourselves.
  const foreign = input.requires.filter(({ kind, name: wanted }) => kind !== 'Secret' || !ownSecrets.includes(wanted));
  const [absent, missing] = await Promise.all([
    Promise.all(ownSecrets.map(async (secretName) => ({ secretName, absent: await isAbsent(secretName) }))),
    Promise.all(foreign.map(missingOf)),
  ]);
  return {
    absentSecrets: absent.filter((entry) => entry.absent).map((entry) => entry.secretName),
    missing: missing.flat(),
  };
}

/** What an object lacks of a requirement; undefined: nothing. Pure. */
export function lackOf(requirement: Requirement, object: KubeObject | undefined): Missing | undefined {
  if (object === undefined) return { requirement, keys: undefined };
  const held = new Set([...Object.keys(object.data ?? {}), ...Object.keys(object.binaryData ?? {})]);
  const keys = requirement.keys.filter((key) => !held.has(key));
  return keys.length === 0 ? undefined : { requirement, keys };
}
