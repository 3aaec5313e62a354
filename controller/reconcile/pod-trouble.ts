import type { Warning } from './observed.ts';
import type { ContainerDigest, PodDigest, Termination } from './pod-digest.ts';
import type { Trouble } from './reasons.ts';

/** What is wrong, with what, in one line. */
export interface TroubleReport {
  readonly reason: Trouble;
  /** `Kind/name` of the object that it is about. */
  readonly object: string;
  readonly message: string;
}

/** What a pod is judged by. */
export interface PodCase {
  readonly pod: PodDigest;
  readonly warnings: readonly Warning[];
  readonly nowMs: number;
}

/** Every start is refused a few times before it works: younger than this it is no trouble. */
const SCHEDULING_GRACE_MS = 4_000;
const MOUNT_GRACE_MS = 10_000;
const PROBE_GRACE_MS = 20_000;

/** The deepest cause that a pod which does not serve shows; undefined: it is simply not there yet. Pure. */
export function podTrouble(podCase: PodCase): TroubleReport | undefined {
  const { pod } = podCase;
  if (pod.failure !== undefined) return evictedTrouble(pod, pod.failure);
  if (pod.unschedulable !== undefined && pod.phase === 'Pending') return schedulingTrouble(podCase, pod.unschedulable);
  for (const container of pod.containers) {
    const trouble = containerTrouble(pod, container);
    if (trouble !== undefined) return trouble;
  }
  return mountTrouble(podCase) ?? probeTrouble(podCase);
}

const objectOf = (pod: PodDigest): string => `Pod/${pod.name}`;

const ageMs = (timestamp: string, nowMs: number): number => {
  const since = Date.parse(timestamp);
  return Number.isNaN(since) ? Number.POSITIVE_INFINITY : nowMs - since;
};

function evictedTrouble(pod: PodDigest, failure: { reason: string; message: string }): TroubleReport {
  return { reason: 'Evicted', object: objectOf(pod), message: `${failure.reason}: ${failure.message}` };
}

function schedulingTrouble(
  { pod, nowMs }: PodCase,
  { message, since }: NonNullable<PodDigest['unschedulable']>,
): TroubleReport | undefined {
  if (ageMs(since, nowMs) < SCHEDULING_GRACE_MS) return undefined;
  const volume = /persistentvolumeclaim|persistent volumes|volume node affinity/i.test(message);
  return { reason: volume ? 'VolumePending' : 'Unschedulable', object: objectOf(pod), message };
}

const PULL_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const CONFIG_REASONS = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PostStartHookError',
]);

function containerTrouble(pod: PodDigest, container: ContainerDigest): TroubleReport | undefined {
  const { waiting } = container;
  if (waiting !== undefined && PULL_REASONS.has(waiting.reason)) {
    const cause = pullCause(waiting.message, container.image);
    const message = `container ${container.name} cannot pull image ${container.image}: ${cause || waiting.reason}`;
    return { reason: 'ImagePullFailing', object: objectOf(pod), message };
  }
  if (waiting !== undefined && CONFIG_REASONS.has(waiting.reason)) {
    const message = `container ${container.name} cannot be made: ${waiting.message ?? waiting.reason}`;
    return { reason: 'ContainerConfigFailing', object: objectOf(pod), message };
  }
  return crashTrouble(pod, container);
}

/** Back-off and pull error take turns every few minutes and say the same: only what they have in common is kept. */
function pullCause(message: string | undefined, image: string): string {
  return (message ?? '')
    .replace(`Back-off pulling image "${image}"`, '')
    .replace(/^:?\s*(ErrImagePull:\s*)?/, '')
    .trim();
}

function crashTrouble(pod: PodDigest, container: ContainerDigest): TroubleReport | undefined {
  const end = failedEnd(container);
  if (end === undefined) return undefined;
  const restarts = `${container.restarts} restart${container.restarts === 1 ? '' : 's'}`;
  if (end.reason === 'OOMKilled') {
    const message = `container ${container.name} ran out of its memory limit of ${container.memoryLimit ?? 'its node'}, ${restarts}`;
    return { reason: 'OutOfMemory', object: objectOf(pod), message };
  }
  const last = lastLines(end.message);
  const message = `container ${container.name} exited with code ${end.exitCode}${end.reason === '' ? '' : ` (${end.reason})`}, ${restarts}${last === '' ? '' : `: ${last}`}`;
  return { reason: 'CrashLooping', object: objectOf(pod), message };
}

/** How it ended when it ended badly: right now, or before the last restart after which it is not ready again. */
function failedEnd(container: ContainerDigest): Termination | undefined {
  const { terminated, last, ready, init, restarts, startedAt } = container;
  if (terminated !== undefined) return terminated.exitCode === 0 ? undefined : terminated;
  // An init container that runs again is not ready by nature; a main one that is, has recovered.
  if (ready || restarts === 0 || last === undefined) return undefined;
  if (init && startedAt !== undefined) return undefined;
  return last.exitCode === 0 && last.reason !== 'OOMKilled' ? undefined : last;
}

/** The end of a termination message: that is where programs say why. */
export function lastLines(message: string | undefined): string {
  const lines = (message ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-3).join(' | ').slice(-400);
}

function mountTrouble({ pod, warnings, nowMs }: PodCase): TroubleReport | undefined {
  if (ageMs(pod.createdAt, nowMs) < MOUNT_GRACE_MS) return undefined;
  if (pod.containers.some((container) => container.startedAt !== undefined)) return undefined;
  const failed = newest(warnings, objectOf(pod), ['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox']);
  return failed === undefined ? undefined : { reason: 'MountFailing', object: objectOf(pod), message: failed.note };
}

function probeTrouble({ pod, warnings, nowMs }: PodCase): TroubleReport | undefined {
  const running = pod.containers.find(({ init, startedAt, ready }) => !init && startedAt !== undefined && !ready);
  if (running === undefined || ageMs(running.startedAt ?? '', nowMs) < PROBE_GRACE_MS) return undefined;
  const failed = newest(warnings, objectOf(pod), ['Unhealthy', 'ProbeWarning']);
  const said = failed?.note ?? 'it runs but is not ready';
  return { reason: 'ProbeFailing', object: objectOf(pod), message: `container ${running.name}: ${lastLines(said)}` };
}

/** The last Warning about an object with one of these reasons. */
export function newest(warnings: readonly Warning[], about: string, reasons: readonly string[]): Warning | undefined {
  return warnings
    .filter((warning) => warning.about === about && reasons.includes(warning.reason))
    .reduce<Warning | undefined>(
      (best, warning) => (best === undefined || warning.at > best.at ? warning : best),
      undefined,
    );
}
