import type { Facts } from '../../charts/facts.ts';
import type { Finding } from '../../charts/findings.ts';
import { type Profile, parseProfile } from '../../crds/performance-profile.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import { withoutOthers } from '../cluster/facts/surroundings.ts';
import type { Outcome } from '../loop/outcome.ts';
import { applyChanges } from './apply.ts';
import type { Owner } from './desired.ts';
import { assumedFacts, expiringCertificates, type Gate, gateOf, keptAdmission, refusalOf } from './gate.ts';
import { type Judged, type Judgement, judge } from './judge.ts';
import { type Heard, liveSettings } from './live-settings.ts';
import type { ProfileMemory } from './memory.ts';
import { narrate } from './narrate.ts';
import { observe } from './observe.ts';
import { observeNeeds } from './observe-needs.ts';
import { type Needs, NO_NEEDS, type Observed } from './observed.ts';
import { renderingInUse } from './pinning.ts';
import { planChanges } from './plan.ts';
import type { Result } from './result.ts';
import { planRevision } from './revision.ts';
import type { Tools } from './tools.ts';
import { brokenUrls } from './url-parts.ts';
import type { View } from './view.ts';
import { writeStatus } from './write-status.ts';

/** One look at one profile: observe, decide, apply, judge, report. */
export async function reconcile(tools: Tools, key: string, signal: AbortSignal): Promise<Outcome> {
  const observed = await observe(tools, key, signal);
  if (observed === undefined) {
    if (tools.cache.profile(key) === undefined) tools.memory.forget(key);
    return { kind: 'settled' };
  }
  const memory = tools.memory.of(key, observed.profile.metadata.uid, observed.status);
  const drawn = drawUp(tools, observed);
  if ('refusal' in drawn) {
    const judgement = judge({ ...circumstances(tools, observed), gate: drawn.refusal, made: undefined });
    return conclude(tools, { observed, memory, judgement, results: [] }, signal);
  }
  const decided = await decide(tools, { observed, memory, drawn }, signal);
  const { gate, inUse, revision, synthesis } = decided;
  const open = gate.kind === 'open';
  const { results, view } = open
    ? await applyChanges(tools, { ...decided, memory }, signal)
    : { results: [], view: decided.view };
  // Nothing can be made in a namespace that is being deleted, and nothing that is said of it will be read.
  if (results.some(({ failure }) => failure?.kind === 'Terminating')) return { kind: 'settled' };
  const inForce = { ...inUse, revision: revision.number, applied: appliedOf(view, memory) };
  const made = { profile: drawn.profile, synthesis, view, results, inForce };
  const judgement = judge({ ...circumstances(tools, observed), children: view.children, gate, made });
  return conclude(tools, { observed, memory, judgement, results }, signal);
}

interface Deciding {
  readonly observed: Observed;
  readonly memory: ProfileMemory;
  readonly drawn: Rendered;
}

/** Which rendering is worked from, whether anything may be changed, and what would be. */
async function decide(tools: Tools, { observed, memory, drawn }: Deciding, signal: AbortSignal) {
  const { profile } = drawn;
  const owner = ownerOf(observed);
  const inUse = await renderingInUse(tools, { ...observed, owner, synthesis: drawn.synthesis }, signal);
  const { findings, requires, facts } = inUse.synthesis;
  const gate = gateOf(profile, findings, () => findingsAlone(tools, profile, facts));
  const needsInput = { profile, requires, memory, nowMs: observed.now.getTime() };
  // Also while suspended: what is told then is what would be done.
  const needs = gate.kind === 'refused' ? NO_NEEDS : await observeNeeds(tools, needsInput, signal);
  const synthesis = withSeen(inUse.synthesis, needs, { ...observed, profile });
  const { children, pods, status: recorded } = observed;
  const { applied } = memory;
  const { credentials } = needs;
  const planInput = { owner, synthesis, children, pods, applied, recorded: recorded.migration, credentials };
  const plan = planChanges(planInput);
  const { record, renderVersion } = inUse;
  const revision = planRevision({ profile, owner, record, renderVersion, recorded: recorded.revision ?? 0 }, children);
  const { configHashes } = synthesis;
  const view: View = { ...observed, profile: owner.name, plan, needs, configHashes, recorded };
  return { owner, gate, inUse, synthesis, revision, view };
}

interface Rendered {
  readonly profile: Profile;
  readonly synthesis: Synthesis;
}

type Drawn = Rendered | { readonly refusal: Gate };

/** Parses and synthesizes. A profile on which our own code fails is refused like a wrong one: the same input fails again. */
function drawUp({ log, synthesize }: Tools, { profile: raw, status, facts }: Observed): Drawn {
  const parsed = parseProfile(raw);
  if ('issues' in parsed) return { refusal: refusalOf(parsed.issues) };
  try {
    const synthesis = assumedFacts(synthesize(parsed.profile, facts.facts), facts);
    return { profile: parsed.profile, synthesis: keptAdmission(synthesis, status, raw.metadata.generation ?? 0) };
  } catch (error) {
    log.error({ error }, 'a profile could not be synthesized');
    const message = 'the operator cannot render this profile; its log says why';
    return { refusal: { kind: 'refused', reason: 'InternalError', message } };
  }
}

/** What there would be to say if nothing else ran in the cluster. */
const findingsAlone = ({ synthesize }: Tools, profile: Profile, facts: Facts): readonly Finding[] =>
  synthesize(profile, withoutOthers(facts)).findings;

/** With findings that only the namespace and the running processes can tell. None of them refuses a profile. */
const withSeen = (synthesis: Synthesis, { expiring, brokenUrl }: Needs, heard: Heard): Synthesis =>
  liveSettings(brokenUrls(expiringCertificates(synthesis, expiring), brokenUrl), heard);

interface Conclusion {
  readonly observed: Observed;
  readonly memory: ProfileMemory;
  readonly judgement: Judgement;
  readonly results: readonly Result[];
}

/** Writes what is new, then tells the story of it: a status that could not be written tells it next time. */
async function conclude(tools: Tools, conclusion: Conclusion, signal: AbortSignal): Promise<Outcome> {
  const { observed, memory, judgement, results } = conclusion;
  const { profile, status: before } = observed;
  await writeStatus(tools, { profile, before, status: judgement.status, memory }, signal);
  for (const note of narrate(before, judgement.status, results)) tools.recorder.record(profile, note);
  return judgement.outcome;
}

function circumstances(tools: Tools, observed: Observed): Omit<Judged, 'gate' | 'made'> {
  return {
    generation: observed.profile.metadata.generation ?? 0,
    now: observed.now,
    stallAfterMs: tools.stallAfterMs,
    before: observed.status,
    request: observed.request,
    children: observed.children,
  };
}

function ownerOf({ profile: { metadata } }: Observed): Owner {
  return { name: metadata.name, namespace: metadata.namespace ?? 'default', uid: metadata.uid };
}

/** Records of what is desired, in the order of the objects; what is no longer desired is forgotten. */
function appliedOf({ plan }: View, memory: ProfileMemory): Map<string, { desired: string; owned: string }> {
  const entries = plan.desired.flatMap(({ ref }) => {
    const record = memory.applied.get(ref);
    return record === undefined ? [] : [[ref, record] as const];
  });
  return new Map(entries);
}
