import { appSecretName } from '../../charts/kit/names.ts';
import type { Requirement } from '../../charts/requirement.ts';
import { postgresManaged } from '../../charts/stack.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { KubeObject } from '../cluster/port.ts';
import { expiresSoon, isPair, type PairDigest, pairOf, pairProblem } from './certificate.ts';
import { databaseSecretNames, secretValue } from './credentials.ts';
import { refOf } from './digest.ts';
import type { Found, ProfileMemory } from './memory.ts';
import type { Missing, Needs } from './observed.ts';
import type { Tools } from './tools.ts';
import { brokenParts, type UrlParts, urlPartsOf } from './url-parts.ts';

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
  const { profile, nowMs } = input;
  const { name } = profile.metadata;
  const ownSecrets = postgresManaged(profile.spec) ? databaseSecretNames(name) : [];
  // A variable may well be taken from the Secret that we make ourselves.
  const foreign = input.requires.filter(({ kind, name: wanted }) => kind !== 'Secret' || !ownSecrets.includes(wanted));
  const read = readerOf(tools, profile, signal);
  const [own, looks, brokenUrl] = await Promise.all([
    Promise.all(ownSecrets.map(async (secret) => [secret, await lookForSecret(read, input, secret)] as const)),
    Promise.all(foreign.map((requirement) => lookInto(read, input, requirement))),
    lookAtUrl(read, input),
  ]);
  return {
    absentSecrets: own.flatMap(([secret, version]) => (version === undefined ? [secret] : [])),
    credentials: own.find(([secret]) => secret === appSecretName(name))?.[1],
    missing: looks.flatMap(({ missing }) => missing ?? []),
    unusable: looks.flatMap(({ requirement, pair }) => {
      const problem = pair === undefined ? undefined : pairProblem(pair, nowMs);
      return problem === undefined ? [] : [{ requirement, problem }];
    }),
    expiring: looks.flatMap(({ requirement, pair }) => {
      const expiresAt = pair === undefined ? undefined : expiresSoon(pair, nowMs);
      return expiresAt === undefined ? [] : [{ requirement, expiresAt }];
    }),
    brokenUrl,
  };
}

type Read = (kind: Requirement['kind'], name: string) => Promise<KubeObject | undefined>;

/** Reads each object once, whoever asks for it in this pass. */
function readerOf({ cluster }: Tools, { metadata: { namespace } }: Profile, signal: AbortSignal): Read {
  const reads = new Map<string, Promise<KubeObject | undefined>>();
  return (kind, name) => {
    const id = refOf(kind, name);
    const running = reads.get(id) ?? cluster.get(kind, { namespace, name }, { signal });
    reads.set(id, running);
    return running;
  };
}

/** The version of a Secret of the database; undefined: it is not there. */
async function lookForSecret(read: Read, { memory, nowMs }: NeedsInput, name: string): Promise<string | undefined> {
  const id = refOf('Secret', name);
  const held = believed(memory, id, nowMs);
  if (held !== undefined) return held.version;
  const secret = await read('Secret', name);
  return secret === undefined ? undefined : noteSecret(memory, secret, nowMs);
}

/** Remembers that a Secret of the database is there, whatever it was read for; returns its version. */
export function noteSecret({ found }: ProfileMemory, { metadata }: KubeObject, nowMs: number): string {
  const version = `${metadata.uid}.${metadata.resourceVersion}`;
  found.set(refOf('Secret', metadata.name), { untilMs: nowMs + BELIEVED_MS, version });
  return version;
}

/** A requirement and what was seen of it. */
interface Look {
  readonly requirement: Requirement;
  readonly missing?: Missing | undefined;
  readonly pair?: PairDigest | undefined;
}

async function lookInto(read: Read, { memory, nowMs }: NeedsInput, requirement: Requirement): Promise<Look> {
  const id = [refOf(requirement.kind, requirement.name), ...requirement.keys].join(' ');
  const held = believed(memory, id, nowMs);
  if (held !== undefined) return { requirement, pair: held.pair };
  const object = await read(requirement.kind, requirement.name);
  const missing = lackOf(requirement, object);
  if (missing !== undefined || object === undefined) return { requirement, missing };
  const pair = isPair(requirement.keys)
    ? pairOf(secretValue(object, 'tls.crt') ?? '', secretValue(object, 'tls.key') ?? '')
    : undefined;
  // What is wrong is looked at again at each pass: somebody is about to mend it.
  const isWell = pair === undefined || pairProblem(pair, nowMs) === undefined;
  if (isWell) memory.found.set(id, { untilMs: nowMs + BELIEVED_MS, pair });
  return { requirement, pair };
}

/** What of the connection's Secret no URL takes. */
async function lookAtUrl(read: Read, { profile, memory, nowMs }: NeedsInput): Promise<UrlParts | undefined> {
  const parts = urlPartsOf(profile);
  if (parts === undefined) return undefined;
  const id = `URL of ${refOf('Secret', parts.secret)} ${parts.keys.join(' ')}`;
  if (believed(memory, id, nowMs) !== undefined) return undefined;
  const secret = await read('Secret', parts.secret);
  const broken = secret === undefined ? undefined : brokenParts(parts, secret);
  if (secret !== undefined && broken === undefined) memory.found.set(id, { untilMs: nowMs + BELIEVED_MS });
  return broken;
}

function believed({ found }: ProfileMemory, id: string, nowMs: number): Found | undefined {
  const held = found.get(id);
  return held !== undefined && held.untilMs > nowMs ? held : undefined;
}

/** What an object lacks of a requirement; undefined: nothing. Pure. */
export function lackOf(requirement: Requirement, object: KubeObject | undefined): Missing | undefined {
  if (object === undefined) return { requirement, keys: undefined };
  const held = new Set([...Object.keys(object.data ?? {}), ...Object.keys(object.binaryData ?? {})]);
  const keys = requirement.keys.filter((key) => !held.has(key));
  return keys.length === 0 ? undefined : { requirement, keys };
}
