import type { Finding } from '../../charts/findings.ts';
import { TIER_LABEL } from '../../charts/kit/labels.ts';
import type { DesiredObject } from '../../charts/object.ts';
import { ADOPT_RENDERING } from '../../crds/annotations.ts';
import { canonicalJson } from '../cluster/ownership.ts';
import { refOf } from './digest.ts';
import type { Rendering } from './rendering.ts';

/** What another rendering of the same profile comes to. */
export interface RenderingUpdate {
  /** Objects that would be sent or removed. */
  readonly objects: readonly string[];
  /** Tiers whose pods would be replaced. */
  readonly replaced: readonly string[];
}

/** Pure. */
export function updateBetween(kept: Rendering, offered: Rendering): RenderingUpdate {
  const [before, after] = [byRef(kept), byRef(offered)];
  const refs = [...new Set([...before.keys(), ...after.keys()])];
  const objects = refs.filter((ref) => !isSame(before.get(ref), after.get(ref)));
  const replaced = objects.flatMap((ref) => {
    const [was, is] = [before.get(ref), after.get(ref)];
    const tier = (was ?? is)?.metadata.labels?.[TIER_LABEL];
    return tier === undefined || isSame(podTemplateOf(was), podTemplateOf(is)) ? [] : [tier];
  });
  return { objects, replaced: [...new Set(replaced)] };
}

const byRef = ({ objects }: Rendering): Map<string, DesiredObject> =>
  new Map(objects.map(({ object }) => [refOf(object.kind, object.metadata.name), object]));

const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));

/** Of what keeps pods up; the pods of a Job are not replaced. */
function podTemplateOf(object: DesiredObject | undefined): unknown {
  if (object?.kind !== 'Deployment' && object?.kind !== 'StatefulSet') return undefined;
  return (object.spec as { readonly template?: unknown }).template;
}

const LISTED = 5;

function listed(refs: readonly string[]): string {
  const more = refs.length - LISTED;
  return refs.slice(0, LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Says that the profile is kept as an earlier operator rendered it, what this one would change, and how to have that. */
export function updateFinding(update: RenderingUpdate, from: string, to: string): Finding {
  const { objects, replaced } = update;
  const pods = replaced.length === 0 ? 'replace no pod' : `replace the pods of ${replaced.join(', ')}`;
  return {
    id: 'RENDER-01',
    severity: 'Info',
    path: 'metadata.annotations',
    message: `what runs is kept as operator ${from} rendered it; operator ${to} renders ${listed(objects)} otherwise, and to take that over would ${pods}`,
    fix: `set the annotation ${ADOPT_RENDERING} to "${to}"; the next edit of the spec takes it over too`,
    fixes: [],
    acknowledged: false,
  };
}
