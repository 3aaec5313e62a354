import { describe, expect, it } from 'vitest';
import {
  childrenLike,
  containerLike,
  MIGRATION,
  migrationPod,
  OWNED_BY_SHOP,
  OWNER,
  planLike,
  recordsLike,
  STAMPED,
  SYNTHESIS,
  strayChild,
  waitingContainer,
} from './fixtures.ts';
import { planChanges, strangerOf } from './plan.ts';

const EDGE = 'Deployment/shop-edge';
const input = { owner: OWNER, synthesis: SYNTHESIS, pods: [], applied: recordsLike(), recorded: undefined };
const sent = (plan: ReturnType<typeof planLike>) => plan.applies.map(({ stamped, why }) => `${stamped.ref} ${why}`);
const openJob = { type: 'job', active: 1, outcome: 'open', failure: undefined } as const;

describe('what is sent', () => {
  it('is nothing when all is as it was sent', () => {
    expect(planLike(childrenLike())).toMatchObject({ applies: [], clashes: [], leaving: [], discards: [], prunes: [] });
  });

  it('is everything, in the order of the stages, when nothing is there', () => {
    const plan = planChanges({ ...input, children: new Map(), applied: new Map() });
    expect(plan.applies.map(({ stamped }) => stamped.ref)).toEqual(STAMPED.map(({ ref }) => ref));
    expect(new Set(plan.applies.map(({ why }) => why))).toEqual(new Set(['missing']));
  });

  it.each([
    ['deleted', { [EDGE]: undefined }, 'missing'],
    ['sent with another content', { [EDGE]: { desiredHash: 'older' } }, 'changed'],
    ['changed by somebody else', { [EDGE]: { ownedHash: 'less' } }, 'drifted'],
    ['stripped of our labels', { [EDGE]: { managed: false, profile: undefined, ownedHash: 'less' } }, 'drifted'],
    ['left without an owner', { [EDGE]: { owner: undefined, desiredHash: 'older' } }, 'changed'],
  ])('is an object that was %s', (_what, change, why) => {
    expect(sent(planLike(childrenLike(change)))).toEqual([`${EDGE} ${why}`]);
  });

  it('is an object of which nothing is recorded', () => {
    const applied = recordsLike();
    applied.delete(EDGE);
    expect(sent(planChanges({ ...input, applied, children: childrenLike() }))).toEqual([`${EDGE} unproven`]);
  });
});

describe('what is not ours', () => {
  it('is no volume that we have made, even if somebody took our label away: it never had an owner', () => {
    const claim = { ...strayChild('PersistentVolumeClaim/shop-backend-uploads'), owner: undefined, managed: false };
    expect(strangerOf(claim, OWNER)).toBeUndefined();
    expect(strangerOf({ ...claim, ownedHash: undefined }, OWNER)).toContain('not managed by pitcrew');
    expect(strangerOf({ ...claim, profile: 'other' }, OWNER)).toContain('not managed by pitcrew');
  });

  it.each([
    ['is not managed by us', { managed: false, owner: undefined }],
    ['belongs to another profile', { owner: undefined, profile: 'other' }],
    ['is controlled by another profile', { owner: { ...OWNED_BY_SHOP, name: 'other', uid: 'x' } }],
    ['is controlled by something else', { owner: { kind: 'Deployment', name: 'x', uid: 'x' } }],
  ])('clashes and is not sent when it %s', (_what, change) => {
    const plan = planLike(childrenLike({ [EDGE]: { ...change, desiredHash: 'older' } }));
    expect(plan.clashes.map(({ ref }) => ref)).toEqual([EDGE]);
    expect(plan.applies).toEqual([]);
  });

  it.each([
    ['is being deleted', { deleting: true }],
    ['is of a deleted profile of the same name', { owner: { ...OWNED_BY_SHOP, uid: 'older' } }],
  ])('is waited for when it %s', (_what, change) => {
    const plan = planLike(childrenLike({ [EDGE]: change }));
    expect(plan.leaving.map(({ ref }) => ref)).toEqual([EDGE]);
    expect(plan.applies).toEqual([]);
  });
});

describe('the version of the Secret that the backend reads', () => {
  const planWith = (credentials: string | undefined) =>
    planChanges({ ...input, children: childrenLike(), credentials }).desired.map((stamped) => {
      const { template } = (stamped.object.spec ?? {}) as { template?: { metadata?: { annotations?: object } } };
      return { ...stamped, noted: Object.entries(template?.metadata?.annotations ?? {}) };
    });
  const NOTE = ['performance.bahamm.ir/credentials', 'uid.7'];

  it('stands on the pods of the backend and nowhere else', () => {
    const noted = planWith('uid.7').filter((stamped) => JSON.stringify(stamped.noted).includes('credentials'));
    expect(noted.map(({ ref }) => ref)).toEqual(['Deployment/shop-backend']);
    expect(noted[0]?.noted).toContainEqual(NOTE);
  });

  it('makes other pods when it changes, and changes nothing else', () => {
    const before = planWith('uid.7');
    const after = planWith('uid.8');
    const changed = after.filter(({ desired }, index) => desired !== before[index]?.desired);
    expect(changed.map(({ ref }) => ref)).toEqual(['Deployment/shop-backend']);
    expect(planWith('uid.7').map(({ desired }) => desired)).toEqual(before.map(({ desired }) => desired));
    expect(JSON.stringify(planWith(undefined))).not.toContain('credentials"');
  });
});

describe('owner references', () => {
  it('make the profile the controller of everything but what holds data', () => {
    for (const { object, kind } of STAMPED) {
      const references = (object.metadata as { ownerReferences?: unknown }).ownerReferences;
      if (kind === 'PersistentVolumeClaim') expect(references).toBeUndefined();
      else expect(references).toMatchObject([{ uid: OWNER.uid, controller: true, blockOwnerDeletion: true }]);
    }
  });
});

describe('what is pruned', () => {
  const stray = 'Service/shop-old';

  it('is ours and not desired', () => {
    expect(planLike(childrenLike({ [stray]: {} })).prunes.map(({ ref }) => ref)).toEqual([stray]);
  });

  it.each([
    ['of another profile', { owner: { ...OWNED_BY_SHOP, uid: 'other' } }],
    ['without an owner', { owner: undefined }],
    ['going already', { deleting: true }],
    ['without our label', { managed: false }],
  ])('is nothing %s', (_what, change) => {
    expect(planLike(childrenLike({ [stray]: change })).prunes).toEqual([]);
  });

  it.each(['PersistentVolumeClaim', 'Secret', 'ControllerRevision', 'Pod'])('is never a %s', (kind) => {
    expect(planLike(childrenLike({ [`${kind}/shop-old`]: {} })).prunes).toEqual([]);
  });
});

describe('the migration', () => {
  const without = () => childrenLike({ [MIGRATION.ref]: undefined });
  const hash = MIGRATION.object.metadata.name.slice(-8);

  it('is sent when it never ran', () => {
    expect(sent(planLike(without()))).toEqual([`${MIGRATION.ref} missing`]);
  });

  it('is not sent again when its Job was deleted after its success', () => {
    const recorded = { hash, state: 'Succeeded' } as const;
    expect(planChanges({ ...input, recorded, children: without() }).applies).toEqual([]);
  });

  it('is sent again when its Job was deleted after its failure', () => {
    const recorded = { hash, state: 'Failed' } as const;
    expect(sent(planChanges({ ...input, recorded, children: without() }))).toEqual([`${MIGRATION.ref} missing`]);
  });

  it('is sent when the last success was of another image', () => {
    const recorded = { hash: 'other', state: 'Succeeded' } as const;
    expect(sent(planChanges({ ...input, recorded, children: without() }))).toEqual([`${MIGRATION.ref} missing`]);
  });

  it('is left alone while it is there, whatever its template', () => {
    const plan = planLike(childrenLike({ [MIGRATION.ref]: { desiredHash: 'older', ownedHash: 'less' } }));
    expect(plan).toMatchObject({ applies: [], discards: [] });
  });

  it.each([
    ['failed, made from another template', { outcome: 'failed' }, [], 1],
    [
      'stuck before its start, made from another template',
      {},
      [migrationPod({ containers: [waitingContainer('ErrImagePull')] })],
      1,
    ],
    ['running, made from another template', {}, [migrationPod({ containers: [containerLike()] })], 0],
  ] as const)('is discarded or not: %s', (_what, state, pods, discards) => {
    const change = { desiredHash: 'older', state: { ...openJob, ...state } };
    expect(planLike(childrenLike({ [MIGRATION.ref]: change }), pods).discards).toHaveLength(discards);
  });

  it('of an earlier revision is discarded only when it never started', () => {
    const old = { ...strayChild('Job/shop-migrate-old'), role: 'migrate', state: openJob };
    const children = childrenLike({ [old.ref]: old });
    expect(planLike(children).discards.map(({ ref }) => ref)).toEqual([old.ref]);
    const pods = [migrationPod({ job: old.name, containers: [containerLike()] })];
    expect(planLike(children, pods).discards).toEqual([]);
  });
});
