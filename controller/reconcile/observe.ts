import { configName, monitorSecretName } from '../../charts/kit/names.ts';
import type { Status } from '../../crds/status.ts';
import { factsOf } from '../cluster/facts/observed-facts.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { Asked, MonitorLogin } from '../probe/prober.ts';
import { ASKED_TIERS } from './config-sync.ts';
import { secretValue } from './credentials.ts';
import { type Child, isOwnedBy, refOf } from './digest.ts';
import { isLeaving } from './gate.ts';
import { isLetGo } from './let-go.ts';
import { settingsToAsk } from './live-settings.ts';
import { doubt, isOlder, type ProfileMemory, withOwnWrites } from './memory.ts';
import { noteSecret } from './observe-needs.ts';
import type { Observed, Warning } from './observed.ts';
import { isOurPod } from './our-pods.ts';
import { type PodDigest, processKey } from './pod-digest.ts';
import { pendingRequest } from './requests.ts';
import { isRolledOut, isWorkload } from './rollout.ts';
import { surroundingsOf } from './surroundings.ts';
import type { Tools } from './tools.ts';

/** A cluster is upgraded while we run. */
const VERSION_BELIEVED_MS = 600_000;

/** All reads of a pass but those that the synthesis asks for. Undefined: there is no such profile, or it is on its way out. */
export async function observe(tools: Tools, key: string, signal: AbortSignal): Promise<Observed | undefined> {
  const profile = tools.cache.profile(key);
  if (profile === undefined || isLeaving(profile)) return undefined;
  const now = tools.now();
  const memory = tools.memory.of(key, profile.metadata.uid, profile.status as Status | undefined);
  // Until the watch has caught up, whatever we made for it would be collected at once, and made again, as fast as it goes.
  if (memory.superseded === profile.metadata.resourceVersion) return undefined;
  const status = newestStatus(profile, memory);
  const request = pendingRequest(profile, status);
  const anew = request !== undefined;
  if (anew) doubt(memory);
  const told = new Map(tools.cache.children(key).map((child) => [child.ref, child]));
  const children = withOwnWrites(told, memory, now.getTime());
  if (await isLetGo(tools, profile, { children, memory }, signal)) return undefined;
  const pods = tools.cache.pods(key).filter((pod) => isOurPod(pod, profile.metadata.name, children));
  const [proofs, warnings, kubernetesVersion, surroundings] = await Promise.all([
    prove(tools, { profile, memory, pods, children, now, anew }, signal),
    readWarnings(tools, { profile, memory, children, pods, now }, signal),
    tools.readVersion(anew ? 0 : VERSION_BELIEVED_MS, signal),
    surroundingsOf(tools, { key, profile, status, children, anew }, signal),
  ]);
  const facts = factsOf({ nodes: tools.cache.nodes(), kubernetesVersion, surroundings }, status.facts);
  return { profile, status, request, children, pods, proofs, warnings, facts, now };
}

/** Our own last write may be newer than what the watch has told. */
function newestStatus(profile: KubeObject, { written }: ProfileMemory): Status {
  const told = (profile.status ?? {}) as Status;
  return written !== undefined && isOlder(profile.metadata.resourceVersion, written.resourceVersion)
    ? written.status
    : told;
}

interface Proving {
  readonly profile: KubeObject;
  readonly memory: ProfileMemory;
  readonly pods: readonly PodDigest[];
  readonly children: ReadonlyMap<string, Child>;
  readonly now: Date;
  readonly anew: boolean;
}

function prove(tools: Tools, proving: Proving, signal: AbortSignal) {
  const { profile, pods, children, anew } = proving;
  const asked = askedOf(profile, pods, children);
  if (anew) for (const { process } of asked) tools.prober.forget(process);
  return tools.prober.prove(asked, () => readLogin(tools, proving, signal), signal);
}

/** The processes whose loaded configuration only they themselves know. */
function askedOf(profile: KubeObject, pods: readonly PodDigest[], children: ReadonlyMap<string, Child>): Asked[] {
  const settings = settingsToAsk(profile);
  return pods.flatMap((pod) => {
    if (!ASKED_TIERS.has(pod.tier ?? '') || pod.role !== undefined) return [];
    const running = pod.containers.some((container) => !container.init && container.startedAt !== undefined);
    if (pod.ip === undefined || pod.deleting || !running) return [];
    const tier = pod.tier as Asked['tier'];
    const expected = children.get(refOf('ConfigMap', configName(profile.metadata.name, tier)))?.configHash;
    return [{ tier, process: processKey(pod), ip: pod.ip, expected, settings }];
  });
}

async function readLogin(
  tools: Tools,
  { profile, memory, now }: Proving,
  signal: AbortSignal,
): Promise<MonitorLogin | undefined> {
  const { namespace, name } = profile.metadata;
  const secret = await tools.cluster.get('Secret', { namespace, name: monitorSecretName(name) }, { signal });
  if (secret !== undefined) noteSecret(memory, secret, now.getTime());
  const username = secret === undefined ? undefined : secretValue(secret, 'username');
  const password = secret === undefined ? undefined : secretValue(secret, 'password');
  return username === undefined || password === undefined ? undefined : { username, password };
}

interface Scene {
  readonly profile: KubeObject;
  readonly memory: ProfileMemory;
  readonly children: ReadonlyMap<string, Child>;
  readonly pods: readonly PodDigest[];
  readonly now: Date;
}

/** A list of a namespace's Warnings is not free: only where something does not come up, and not at every pass. */
const WARNINGS_EVERY_MS = 3_000;

async function readWarnings(tools: Tools, scene: Scene, signal: AbortSignal): Promise<readonly Warning[]> {
  const { memory, profile } = scene;
  if (!isInTrouble(scene)) return [];
  const nowMs = scene.now.getTime();
  if (nowMs - memory.warnings.readAtMs < WARNINGS_EVERY_MS) return memory.warnings.held;
  const { namespace } = profile.metadata;
  const { items } = await tools.cluster.list('Event', { namespace, fieldSelector: 'type=Warning', signal });
  const names = new Set([
    ...scene.pods.map((pod) => pod.name),
    ...[...scene.children.values()].map(({ name }) => name),
  ]);
  const held = items.map(warningOf).filter(({ about }) => names.has(about.slice(about.indexOf('/') + 1)));
  memory.warnings = { held, readAtMs: nowMs };
  return held;
}

/** Something of ours is not up, or no pod was made where one should be. */
function isInTrouble({ profile, children, pods }: Scene): boolean {
  if (pods.some((pod) => !pod.ready && !pod.deleting && pod.phase !== 'Succeeded')) return true;
  return [...children.values()].some((child) => {
    if (!isOwnedBy(child, profile.metadata.uid)) return false;
    if (child.state?.type === 'job') return child.state.outcome === 'open';
    return isWorkload(child) && !isRolledOut(child);
  });
}

interface LooseEvent {
  readonly regarding?: { readonly kind?: string; readonly name?: string };
  readonly reason?: string;
  readonly note?: string;
  readonly eventTime?: string;
  readonly deprecatedLastTimestamp?: string;
  readonly series?: { readonly lastObservedTime?: string };
}

/** Pure. Old and new kinds of events carry their time in different fields. */
export function warningOf(object: KubeObject): Warning {
  const event = object as unknown as LooseEvent;
  return {
    about: refOf(event.regarding?.kind ?? '', event.regarding?.name ?? ''),
    reason: event.reason ?? '',
    note: event.note ?? '',
    at: event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime ?? '',
  };
}
