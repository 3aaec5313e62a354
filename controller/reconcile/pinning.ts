import type { EffectiveValue } from '../../charts/effective.ts';
import { ADOPT_RENDERING } from '../../crds/annotations.ts';
import type { Status } from '../../crds/status.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { Owner } from './desired.ts';
import { type Rendering, type RenderingRecord, recordOf, unpacked } from './rendering.ts';
import { updateBetween, updateFinding } from './rendering-update.ts';
import { revisionName } from './revision.ts';
import { textOf } from './status-parts.ts';
import type { Tools } from './tools.ts';

/**
 * An upgrade of the operator touches nothing: while the generation stands whose rendering is in force, another version
 * goes on with that rendering, and says what it would change. It is taken over with the next edit of the spec, or when
 * the profile is told to. Meanwhile what is deleted or changed by others is brought back as it was.
 */

/** What a pass goes by. */
export interface InUse {
  readonly synthesis: Synthesis;
  readonly record: RenderingRecord;
  /** Version of the operator that rendered it. */
  readonly renderVersion: string;
  /** Version of this operator, when it renders otherwise. */
  readonly available?: string;
}

/** A profile and what this operator makes of it. */
export interface Pinnable {
  readonly owner: Owner;
  readonly profile: KubeObject;
  readonly status: Status;
  readonly synthesis: Synthesis;
}

/** The rendering that is pinned, read from its revision; or our own. */
export async function renderingInUse(
  tools: Pick<Tools, 'cluster' | 'log' | 'renderVersion'>,
  pinnable: Pinnable,
  signal: AbortSignal,
): Promise<InUse> {
  const { owner, status, synthesis } = pinnable;
  const { renderVersion } = tools;
  const own: InUse = { synthesis, record: recordOf(synthesis), renderVersion };
  const pin = pinOf(pinnable, renderVersion);
  if (pin === undefined || pin.digest === own.record.digest) return own;
  const at = { namespace: owner.namespace, name: revisionName(owner, pin.digest) };
  const revision = await tools.cluster.get('ControllerRevision', at, { signal });
  const kept = unpacked((revision?.data as { readonly rendering?: unknown } | undefined)?.rendering, pin.digest, owner);
  if (kept === undefined) {
    tools.log.warn({ revision: at.name }, 'the rendering in force is not on record any more: ours takes its place');
    return own;
  }
  const finding = updateFinding(updateBetween(kept, synthesis), pin.version, renderVersion);
  const inForce = { ...withRendering(synthesis, kept, status), findings: [...synthesis.findings, finding] };
  return { synthesis: inForce, record: recordOf(kept), renderVersion: pin.version, available: renderVersion };
}

interface Pin {
  readonly version: string;
  readonly digest: string;
}

/** What another version rendered for this very generation, unless it is to be given up. Pure. */
export function pinOf({ profile, status }: Pick<Pinnable, 'profile' | 'status'>, running: string): Pin | undefined {
  const { renderVersion: version, rendering } = status;
  const { generation, annotations = {} } = profile.metadata;
  if (version === undefined || version === running || rendering === undefined) return undefined;
  const isGivenUp = rendering.generation !== generation || annotations[ADOPT_RENDERING] === running;
  return isGivenUp ? undefined : { version, digest: rendering.digest };
}

/** The values in force are those of the rendering in force, as the status has them. */
function withRendering(synthesis: Synthesis, kept: Rendering, status: Status): Synthesis {
  const { connections } = synthesis;
  return {
    ...synthesis,
    ...kept,
    effective: keptValues(synthesis.effective, status.effective ?? []),
    connections: connections === undefined ? undefined : { ...connections, ...status.connections },
  };
}

/** Of a value that has not changed all is known; of another one the text. */
function keptValues(own: readonly EffectiveValue[], kept: NonNullable<Status['effective']>): readonly EffectiveValue[] {
  const byPath = new Map(own.map((entry) => [entry.path, entry]));
  return kept.map(({ path, value, source }) => {
    const entry = byPath.get(path);
    const same = entry !== undefined && textOf(entry.value) === value;
    return same ? { ...entry, source } : { path, value, source, rule: '', inputs: {} };
  });
}
