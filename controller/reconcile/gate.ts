import { blocking, type Finding, idsOf } from '../../charts/findings.ts';
import type { Issue, Profile } from '../../crds/performance-profile.ts';
import type { Status } from '../../crds/status.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { ObservedFacts } from '../cluster/facts/observed-facts.ts';
import type { KubeObject } from '../cluster/port.ts';
import { conditionOf } from './conditions.ts';
import type { Expiring } from './observed.ts';
import type { Refusal } from './reasons.ts';
import { suspendedBy } from './requests.ts';

/** Whether a pass may change anything. */
export type Gate =
  | { readonly kind: 'open' }
  /** The user wants nothing changed. */
  | { readonly kind: 'suspended'; readonly by: string }
  /** The profile cannot be accepted; what ran before keeps running. */
  | {
      readonly kind: 'refused';
      readonly reason: Refusal;
      readonly message: string;
      /** It would be accepted if nothing else ran in the cluster: it may become so without an edit. */
      readonly waitsForRoom?: boolean;
    };

/** On its way out: garbage collection takes the children, and whatever we made now would be in its way. */
export const isLeaving = (profile: KubeObject): boolean => profile.metadata.deletionTimestamp !== undefined;

/** The gate for a profile that does not even pass its schema. */
export function refusalOf(issues: readonly Issue[]): Gate {
  const message = issues.map(({ path, message: said }) => (path === '' ? said : `${path}: ${said}`)).join('; ');
  return { kind: 'refused', reason: 'InvalidSpec', message };
}

/** The gate for a profile that passed its schema. `alone`: what its findings would be if nothing else ran in the cluster. */
export function gateOf(profile: Profile, findings: readonly Finding[], alone = () => findings): Gate {
  const refused = blocking(findings);
  if (refused.length > 0) {
    const waitsForRoom = blocking(alone()).length === 0;
    return { kind: 'refused', reason: 'FindingsUnacknowledged', message: tell(refused), waitsForRoom };
  }
  const by = suspendedBy(profile);
  return by === undefined ? { kind: 'open' } : { kind: 'suspended', by };
}

function tell(findings: readonly Finding[]): string {
  const ids = idsOf(findings).join(', ');
  const told = findings.map(({ id, path, message, fix }) => `${id} (spec.${path}): ${message}. To mend it, ${fix}`);
  return `${told.join('. ')}. To accept it as it is, name ${ids} in spec.policy.acknowledge with a reason`;
}

/** Whether this very generation has been accepted. */
export function wasAdmitted({ conditions }: Status, generation: number): boolean {
  const valid = conditionOf(conditions, 'Valid');
  return valid?.status === 'True' && valid.observedGeneration === generation;
}

/**
 * What was admitted stays admitted. Between two edits facts change (a node shrinks) and so do rules (a newer operator
 * has more of them): refusing a stack for that would end its upkeep, and it runs no better for it. The finding turns
 * into a Warning, which is what admitted and said means, and its text tells that the next edit meets it as an Error.
 */
export function keptAdmission(synthesis: Synthesis, recorded: Status, generation: number): Synthesis {
  const refused = blocking(synthesis.findings);
  if (refused.length === 0 || !wasAdmitted(recorded, generation)) return synthesis;
  const findings = synthesis.findings.map((finding) => (refused.includes(finding) ? sinceAdmission(finding) : finding));
  return { ...synthesis, findings };
}

const sinceAdmission = (finding: Finding): Finding => ({
  ...finding,
  severity: 'Warning',
  message: `${finding.message}. This came up after the profile had been admitted, so it is kept up as it is; the next edit is refused unless this is mended or acknowledged`,
});

/** A finding of ours beside those of the rule book: what could not be seen was assumed. */
export function assumedFacts(synthesis: Synthesis, { facts, observed }: ObservedFacts): Synthesis {
  if (observed) return synthesis;
  const finding: Finding = {
    id: 'FACTS-01',
    severity: 'Info',
    path: 'metadata',
    message: `no node could be seen; ${facts.allocatableCpuMillis} millicores and ${facts.allocatableMemoryMiB} MiB are assumed`,
    fix: 'let the operator list nodes',
    fixes: [],
    acknowledged: false,
  };
  return { ...synthesis, findings: [...synthesis.findings, finding] };
}

/** Another finding of ours: it comes soon enough for somebody to act. */
export function expiringCertificates(synthesis: Synthesis, expiring: readonly Expiring[]): Synthesis {
  const findings = expiring.map(
    ({ requirement: { name, path }, expiresAt }): Finding => ({
      id: 'CERT-01',
      severity: 'Warning',
      path,
      message: `the certificate in Secret ${name} expires at ${expiresAt}`,
      fix: `put a renewed pair into Secret ${name}; nginx takes it over by itself`,
      fixes: [],
      acknowledged: false,
    }),
  );
  return findings.length === 0 ? synthesis : { ...synthesis, findings: [...synthesis.findings, ...findings] };
}
