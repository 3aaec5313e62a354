import { describe, expect, it } from 'vitest';
import { childrenLike, MIGRATION, OWNED_BY_SHOP, strayChild, UP, viewLike } from './fixtures.ts';
import { stageWait, type View } from './view.ts';

const open = { type: 'job', active: 1, outcome: 'open', failure: undefined } as const;
const down = { ...UP, ready: 0, available: 0 };
const requirement = { kind: 'Secret', name: 'shop-tls', keys: ['tls.crt'], path: 'edge.tls.secretName' } as const;
const needs = { missing: [{ requirement, keys: undefined }], absentSecrets: [] };
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
