import { connectionBudget } from '../charts/connections.ts';
import { DERIVATIONS } from '../charts/derivations.ts';
import { resolveEffective } from '../charts/effective.ts';
import type { Facts } from '../charts/facts.ts';
import { checkRules } from '../charts/findings.ts';
import { ROLE_LABEL, TIER_LABEL } from '../charts/kit/labels.ts';
import type { DesiredObject } from '../charts/object.ts';
import { chartStack } from '../charts/profile-chart.ts';
import { RULES } from '../charts/rule-book.ts';
import { postgresManaged, stackOf } from '../charts/stack.ts';
import type { Profile } from '../crds/performance-profile.ts';
import { type Placed, STAGES, type Stage, type Synthesis } from './synthesis.ts';

/**
 * The one door: a profile and the facts in, everything that follows from them out. Pure: the operator, the
 * command line and cdk8s call this same function and get the same bytes.
 */
export function synthesize(profile: Profile, facts: Facts): Synthesis {
  const effective = resolveEffective(profile.spec, facts, DERIVATIONS);
  const findings = checkRules(RULES, { spec: profile.spec, effective, facts });
  const charted = chartStack(stackOf(profile, facts, effective));
  const objects = charted.objects.map((object) => ({ stage: stageOf(object), object })).sort(byStage);
  return {
    objects,
    findings,
    effective: effective.entries(),
    facts,
    connections: postgresManaged(profile.spec) ? connectionBudget(effective) : undefined,
    configHashes: charted.configHashes,
    requires: charted.requires,
  };
}

const FOUNDATION = new Set([
  'ServiceAccount',
  'ConfigMap',
  'Service',
  'PersistentVolumeClaim',
  'NetworkPolicy',
  'PodDisruptionBudget',
]);

function stageOf(object: DesiredObject): Stage {
  if (FOUNDATION.has(object.kind)) return 'foundation';
  if (object.metadata.labels?.[ROLE_LABEL] === 'migrate') return 'migration';
  return object.metadata.labels?.[TIER_LABEL] === 'postgres' ? 'database' : 'serving';
}

/** By stage, then kind and name: the order never depends on how the charts are written. */
function byStage(a: Placed, b: Placed): number {
  return STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) || compare(keyOf(a), keyOf(b));
}

const keyOf = ({ object }: Placed): string => `${object.kind}/${object.metadata.name}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
