import { REFRESH } from '../../charts/kit/labels.ts';
import { STAGES, type Stage } from '../../synth/synthesis.ts';
import { classify, type Failure } from '../cluster/classify.ts';
import type { ApplyOptions, KubeObject, WritableObject, Written } from '../cluster/port.ts';
import { syncOf } from './config-sync.ts';
import { contentionMessage, isContended, isSuspicious, mustWait, repaired } from './contention.ts';
import { databaseSecret, newPassword } from './credentials.ts';
import type { Owner, Stamped } from './desired.ts';
import { type Child, childOf, refOf } from './digest.ts';
import type { ProfileMemory } from './memory.ts';
import { type PodTouch, planNudges, planRemounts } from './nudge.ts';
import { type Apply, strangerOf } from './plan.ts';
import { readByName } from './read-by-name.ts';
import { pauseLeftMs, rejectionOf, standingRejection } from './rejected.ts';
import type { Result } from './result.ts';
import { isAdoptable, type RevisionObject, type RevisionPlan } from './revision.ts';
import { type Rival, rivalOf } from './rival.ts';
import { isRolledOut, isWorkload } from './rollout.ts';
import type { Tools } from './tools.ts';
import { isHeldBack, stageWait, type View } from './view.ts';

/** What is to be done and what it is decided by. */
export interface ApplyInput {
  readonly owner: Owner;
  readonly view: View;
  readonly revision: RevisionPlan;
  readonly memory: ProfileMemory;
}

/** What was done, and the stack with that laid over it. */
export interface Applied {
  readonly results: readonly Result[];
  readonly view: View;
}

interface Run {
  readonly tools: Tools;
  readonly input: ApplyInput;
  readonly signal: AbortSignal;
  readonly children: Map<string, Child>;
  readonly results: Result[];
  madeSecrets: boolean;
}

/**
 * Brings about what the plan wants, stage by stage. One object that fails does not stop the others of its
 * stage, but later stages wait; so they do for the gate of their stage, asked of the state as it is by then.
 */
export async function applyChanges(tools: Tools, input: ApplyInput, signal: AbortSignal): Promise<Applied> {
  const run: Run = { tools, input, signal, children: new Map(input.view.children), results: [], madeSecrets: false };
  const view = (): View => ({ ...input.view, children: run.children });
  await ensureSecrets(run);
  await ensureRevision(run);
  await discard(run);
  for (const stage of STAGES) {
    if (hasFailures(run) || stageWait(stage, view()) !== undefined) break;
    await applyStage(run, stage);
  }
  await touchPods(run, view());
  tellContended(run);
  if (!hasFailures(run) && serves(view())) await prune(run);
  return { results: run.results, view: view() };
}

const hasFailures = ({ results }: Run): boolean =>
  results.some(({ outcome }) => outcome === 'failed' || outcome === 'clash');

/** One write; whatever it throws becomes a result, unless the pass itself was cut off. */
async function attempt(
  run: Run,
  ref: string,
  write: () => Promise<Result>,
  tell: (failure: Failure) => string = ({ message }) => message,
): Promise<void> {
  try {
    run.results.push(await write());
  } catch (error) {
    run.signal.throwIfAborted();
    const failure = classify(error);
    // What the server says of a Secret may quote it.
    const told = ref.startsWith('Secret/') ? {} : { error: failure.cause };
    // A namespace on its way out refuses everything: no news.
    const level = failure.kind === 'Terminating' ? 'debug' : 'warn';
    run.tools.log[level]({ object: ref, kind: failure.kind, ...told }, 'a write failed');
    run.results.push({ ref, outcome: 'failed', message: tell(failure), failure });
  }
}

const done = (ref: string, outcome: Result['outcome']): Result => ({ ref, outcome, message: '' });

/** Made once. Whoever was faster has made it too. */
async function ensureSecrets(run: Run): Promise<void> {
  const { owner, view } = run.input;
  const make = (name: string) =>
    attempt(run, refOf('Secret', name), async () => {
      try {
        await run.tools.cluster.create(databaseSecret(owner, name, newPassword()), { signal: run.signal });
      } catch (error) {
        if (classify(error).kind !== 'Stale') throw error;
      }
      run.madeSecrets = true;
      return done(refOf('Secret', name), 'created');
    });
  await Promise.all(view.needs.absentSecrets.map(make));
}

async function ensureRevision(run: Run): Promise<void> {
  const { step, outdated, number, orphans } = run.input.revision;
  const { cluster } = run.tools;
  const { signal } = run;
  await Promise.all(orphans.map((child) => remove(run, child)));
  if (step.kind === 'create') {
    const ref = refOf('ControllerRevision', step.object.metadata.name);
    await attempt(run, ref, async () => {
      remember(run, await createRevision(run, step.object));
      return done(ref, 'created');
    });
  }
  if (step.kind === 'adopt') {
    await attempt(run, step.child.ref, async () => {
      remember(run, await adoptRevision(run, step.child, step.object));
      return done(step.child.ref, 'touched');
    });
  }
  if (step.kind === 'renumber') {
    const { child } = step;
    await attempt(run, child.ref, async () => {
      const patch = { metadata: { uid: child.uid }, revision: number };
      remember(run, (await cluster.patch('ControllerRevision', child, patch, { signal })).object);
      return done(child.ref, 'touched');
    });
  }
  if (step.kind !== 'keep') await Promise.all(outdated.map((child) => remove(run, child)));
}

/** One of the name that our watch does not show, since its label is gone, is adopted: it would be in the way for ever. */
async function createRevision(run: Run, object: RevisionObject): Promise<KubeObject> {
  const { tools, signal, input } = run;
  try {
    return (await tools.cluster.create(object, { signal })).object;
  } catch (error) {
    if (classify(error).kind !== 'Stale') throw error;
    const found = await tools.cluster.get('ControllerRevision', object.metadata, { signal });
    const child = found === undefined ? undefined : childOf(found);
    if (child === undefined || !isAdoptable(child, input.owner)) throw error;
    return adoptRevision(run, child, object);
  }
}

/**
 * Takes over a revision of the same content. The server holds the bytes of its data against what a patch makes of
 * them; where it calls them changed (data of an earlier version of ours), the revision is made anew.
 */
async function adoptRevision({ tools, signal }: Run, child: Child, object: RevisionObject): Promise<KubeObject> {
  const { cluster } = tools;
  const { labels, ownerReferences } = object.metadata;
  const patch = { metadata: { uid: child.uid, labels, ownerReferences }, revision: object.revision };
  try {
    return (await cluster.patch('ControllerRevision', child, patch, { signal })).object;
  } catch (error) {
    if (classify(error).kind !== 'Rejected') throw error;
    await cluster.delete('ControllerRevision', child, { uid: child.uid, signal });
    return (await cluster.create(object, { signal })).object;
  }
}

async function discard(run: Run): Promise<void> {
  await Promise.all(run.input.view.plan.discards.map((child) => remove(run, child)));
}

async function prune(run: Run): Promise<void> {
  await Promise.all(run.input.view.plan.prunes.map((child) => remove(run, child)));
}

async function remove(run: Run, child: Child): Promise<void> {
  await attempt(run, child.ref, async () => {
    await run.tools.cluster.delete(child.kind, child, { uid: child.uid, signal: run.signal });
    run.children.set(child.ref, { ...child, deleting: true });
    run.input.memory.applied.delete(child.ref);
    run.input.memory.fights.delete(child.ref);
    return done(child.ref, 'removed');
  });
}

async function applyStage(run: Run, stage: Stage): Promise<void> {
  const { plan, needs } = run.input.view;
  const applies = plan.applies.filter(({ stamped }) => stamped.stage === stage && !isHeldBack(stamped, { needs }));
  await Promise.all(applies.map((apply) => applyOne(run, apply)));
}

async function applyOne(run: Run, apply: Apply): Promise<void> {
  const { ref } = apply.stamped;
  const { rejected, fights } = run.input.memory;
  const before = run.children.get(ref);
  const atMs = run.tools.now().getTime();
  const standing = standingRejection(rejected.get(ref), apply.stamped, before, atMs);
  if (standing !== undefined) {
    const { message, failure } = standing;
    run.results.push({ ref, outcome: 'failed', message, failure, standsForMs: pauseLeftMs(standing, atMs) });
    return;
  }
  const fight = fights.get(ref);
  if (isUndone(run, apply) && mustWait(fight, apply.stamped, atMs)) {
    run.results.push({ ref, outcome: 'contended', message: contentionMessage(fight) });
    return;
  }
  const note = (failure: Failure): string => {
    if (failure.kind !== 'Rejected') return failure.message;
    const rejection = rejectionOf(rejected.get(ref), apply.stamped, before, { failure, atMs });
    rejected.set(ref, rejection);
    return rejection.message;
  };
  await attempt(run, ref, () => send(run, apply), note);
}

async function send(run: Run, { stamped, why }: Apply): Promise<Result> {
  const { ref, desired } = stamped;
  const { tools } = run;
  const undone = isUndone(run, { stamped, why });
  const rival = undone ? await readRival(run, stamped) : undefined;
  const written = why === 'missing' ? await make(run, stamped) : await submit(run, stamped);
  if ('clash' in written) return { ref, outcome: 'clash', message: written.clash };
  const { object: stored, warnings } = written;
  if (warnings.length > 0) tools.log.warn({ object: ref, warnings }, 'the API server warned');
  const child = remember(run, stored);
  const { applied, rejected, fights } = run.input.memory;
  applied.set(ref, { desired, owned: child.ownedHash ?? '' });
  rejected.delete(ref);
  if (undone) fights.set(ref, repaired(fights.get(ref), stamped, tools.now().getTime(), rival));
  return { ref, outcome: 'applied', why, message: '' };
}

/** Sent before with this very content, and not as it was left any more: also where our mark on it was changed. */
const isUndone = ({ input }: Run, { stamped: { ref, desired } }: Apply): boolean =>
  input.memory.applied.get(ref)?.desired === desired;

/** Who undoes what we do: worth a request only where it has happened over and over. */
async function readRival(run: Run, stamped: Apply['stamped']): Promise<Rival | undefined> {
  const { kind, ref, object } = stamped;
  if (!isSuspicious(run.input.memory.fights.get(ref), stamped)) return undefined;
  const live = await readByName(run.tools.cluster, kind, object.metadata, run.signal);
  return live === undefined ? undefined : rivalOf(live, object);
}

/** What was just repaired and has yet to show that it lasts is told of beside what waits for its repair. */
function tellContended({ tools, results, input: { memory, view } }: Run): void {
  const told = new Set(results.flatMap(({ ref, outcome }) => (outcome === 'contended' ? [ref] : [])));
  const nowMs = tools.now().getTime();
  for (const { ref } of view.plan.desired) {
    const fight = memory.fights.get(ref);
    if (told.has(ref) || !isContended(fight, nowMs)) continue;
    results.push({ ref, outcome: 'contended', message: contentionMessage(fight) });
  }
  memory.contended = results.some(({ outcome }) => outcome === 'contended');
}

const submit = ({ tools, signal }: Run, { object }: Stamped, options: ApplyOptions = {}): Promise<Written> =>
  tools.cluster.apply(object as WritableObject, { signal, ...options });

/**
 * Makes what is not there. Our reflectors do not select every object that may have the name, and to apply would take
 * over somebody else's without a word.
 */
async function make(run: Run, stamped: Stamped): Promise<Written | { readonly clash: string }> {
  try {
    return await submit(run, stamped, { onlyIfAbsent: true });
  } catch (error) {
    if (classify(error).kind !== 'Stale') throw error;
  }
  const { kind, object } = stamped;
  const found = await readByName(run.tools.cluster, kind, object.metadata, run.signal);
  const clash = found === undefined ? undefined : strangerOf(childOf(found), run.input.owner);
  return clash === undefined ? submit(run, stamped) : { clash };
}

function remember(run: Run, stored: KubeObject): Child {
  const child = childOf(stored);
  run.children.set(child.ref, child);
  run.input.memory.ownWrites.set(child.ref, { child, atMs: run.tools.now().getTime() });
  return child;
}

async function touchPods(run: Run, view: View): Promise<void> {
  const { memory } = run.input;
  const sent = new Set(run.results.filter(({ outcome }) => outcome === 'applied').map(({ ref }) => ref));
  const nowMs = run.tools.now().getTime();
  const alive = new Set(view.pods.map(({ uid }) => uid));
  for (const uid of memory.nudges.keys()) if (!alive.has(uid)) memory.nudges.delete(uid);
  const touches = planNudges({ view, nudges: memory.nudges, sent, nowMs });
  const remounts = run.madeSecrets ? planRemounts({ view, nowMs }) : [];
  const told = new Set(touches.map(({ pod }) => pod.uid));
  const all = [...touches, ...remounts.filter(({ pod }) => !told.has(pod.uid))];
  await Promise.all(all.map((touch) => touchPod(run, touch, nowMs)));
}

async function touchPod(run: Run, { pod, hash, value, times }: PodTouch, atMs: number): Promise<void> {
  const ref = refOf('Pod', pod.name);
  await attempt(run, ref, async () => {
    const patch = { metadata: { uid: pod.uid, annotations: { [REFRESH]: value } } };
    try {
      await run.tools.cluster.patch('Pod', pod, patch, { signal: run.signal });
    } catch (error) {
      // A pod that has gone meanwhile needs no refresh.
      if (!['Gone', 'Stale'].includes(classify(error).kind)) throw error;
    }
    run.input.memory.nudges.set(pod.uid, { hash, atMs, times });
    return done(ref, 'touched');
  });
}

/** The new revision serves: everything desired is there, rolled out and loaded. Only now nothing needs the old any more. */
function serves(view: View): boolean {
  if (stageWait('serving', view) !== undefined || view.needs.unusable.length > 0) return false;
  const settled = view.plan.desired.every(({ ref, kind }) => {
    const child = view.children.get(ref);
    if (kind === 'Job') return true;
    return child !== undefined && (!isWorkload(child) || isRolledOut(child));
  });
  return settled && syncOf(view).every(({ state }) => state === 'loaded');
}
