import { describe, expect, it } from 'vitest';
import type { Child } from './digest.ts';
import {
  childrenLike,
  MIGRATION,
  migrationPod,
  OWNED_BY_SHOP,
  planLike,
  STAMPED,
  strayChild,
  UP,
  viewLike,
} from './fixtures.ts';
import { NO_NEEDS } from './observed.ts';
import type { PodDigest } from './pod-digest.ts';
import { isHeldBack, stageWait, type View } from './view.ts';

const open = { type: 'job', active: 1, outcome: 'open', failure: undefined } as const;
const down = { ...UP, ready: 0, available: 0 };
const requirement = { kind: 'Secret', name: 'shop-tls', keys: ['tls.crt'], path: 'edge.tls.secretName' } as const;
const needs = { ...NO_NEEDS, missing: [{ requirement, keys: undefined }] };
const unusable = [{ requirement, problem: 'its certificate expired' }];
const old = { ...strayChild('Job/shop-migrate-old'), role: 'migrate', owner: OWNED_BY_SHOP, state: open };

describe('the gate of a stage', () => {
  it.each<[string, Partial<View>, string | undefined, string | undefined]>([
    ['all is well', {}, undefined, undefined],
    [
      'the database is not there',
      { children: childrenLike({ 'StatefulSet/shop-postgres': undefined }) },
      'AwaitingDatabase',
      'AwaitingDatabase',
    ],
    [
      'the database is not ready',
      { children: childrenLike({ 'StatefulSet/shop-postgres': { state: down } }) },
      'AwaitingDatabase',
      'AwaitingDatabase',
    ],
    [
      'the database is being changed',
      { children: childrenLike({ 'StatefulSet/shop-postgres': { generation: 2 } }) },
      'AwaitingDatabase',
      'AwaitingDatabase',
    ],
    ['a Secret is missing', { needs }, 'RequirementMissing', 'RequirementMissing'],
    [
      'an earlier migration runs',
      { children: childrenLike({ [old.ref]: old }) },
      'AwaitingMigration',
      'AwaitingMigration',
    ],
    ['the migration is not there', { children: childrenLike({ [MIGRATION.ref]: undefined }) }, undefined, 'Migrating'],
    ['the migration runs', { children: childrenLike({ [MIGRATION.ref]: { state: open } }) }, undefined, 'Migrating'],
    [
      'the migration has failed',
      { children: childrenLike({ [MIGRATION.ref]: { state: { ...open, outcome: 'failed' } } }) },
      undefined,
      'Migrating',
    ],
  ])('when %s', (_what, change, migration, serving) => {
    const view = viewLike(change);
    expect(stageWait('foundation', view)).toBeUndefined();
    expect(stageWait('database', view)).toBeUndefined();
    expect(stageWait('migration', view)?.reason).toBe(migration);
    expect(stageWait('serving', view)?.reason).toBe(serving);
  });
});

describe('a database that would change', () => {
  const POSTGRES = 'StatefulSet/shop-postgres';
  const gate = (change: Partial<View> & { children: ReadonlyMap<string, Child> }) => {
    const { children, pods = [] } = change;
    const view = viewLike({ ...change, plan: planLike(children, pods) });
    return stageWait('database', view);
  };
  const running = { [MIGRATION.ref]: { state: open } };
  const pods = [migrationPod()];

  it('waits for the migration that runs', () => {
    const children = childrenLike({ ...running, [POSTGRES]: { desiredHash: 'older' } });
    expect(gate({ children, pods })).toEqual({ reason: 'AwaitingMigration', waitingFor: MIGRATION.ref });
    const view = viewLike({ children, pods, plan: planLike(children, pods) });
    expect(stageWait('serving', view)?.reason).toBe('AwaitingMigration');
    expect(stageWait('foundation', view)).toBeUndefined();
  });

  it('waits for one of an earlier revision', () => {
    const changed = childrenLike({ [old.ref]: old, [POSTGRES]: { desiredHash: 'older' } });
    expect(gate({ children: changed, pods: [migrationPod({ job: old.name })] })?.waitingFor).toBe(old.ref);
  });

  it.each<[string, Record<string, Partial<Child> | undefined>, PodDigest[]]>([
    ['has not started', { ...running, [POSTGRES]: { desiredHash: 'older' } }, []],
    ['has ended', { [POSTGRES]: { desiredHash: 'older' } }, pods],
    ['finds no database', { ...running, [POSTGRES]: undefined }, pods],
    ['would see no change', running, pods],
  ])('does not wait for one that %s', (_what, changes, seen) => {
    expect(gate({ children: childrenLike(changes), pods: seen })).toBeUndefined();
  });
});

describe('a certificate that will not do', () => {
  it('holds back the pods of its own tier, and nothing else', () => {
    const held = STAMPED.filter((stamped) => isHeldBack(stamped, { needs: { ...NO_NEEDS, unusable } }));
    expect(held.map(({ ref }) => ref)).toEqual(['Deployment/shop-edge']);
    expect(stageWait('serving', viewLike({ needs: { ...NO_NEEDS, unusable } }))).toBeUndefined();
  });
});

describe('a Secret of the database that was made in this pass', () => {
  it('lets the backend wait for the next pass, which knows its version', () => {
    const view = viewLike({ needs: { ...NO_NEEDS, absentSecrets: ['shop-postgres-app'] } });
    expect(stageWait('serving', view)).toEqual({ reason: 'Applying', waitingFor: 'Secret/shop-postgres-app' });
  });
});
