import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Operator } from '../../controller/reconcile/operator.ts';
import { PROFILE, useOperatorStage } from './operator-stage.ts';

const stage = useOperatorStage();

const spec = {
  edge: { hosts: ['shop.example'], cache: { api: { paths: ['/api/products'] } } },
  backend: { image: 'shop/backend:1', migrate: { command: ['python', 'seed_db.py'] }, workers: 2, pool: { size: 5 } },
  frontend: { image: 'shop/frontend:1' },
  uploads: { path: '/uploads/', backendPath: '/app/uploads', size: '1Gi' },
  postgres: { storage: { size: '1Gi' } },
};
const held: { operator?: Operator } = {};

/** Nothing moves: no write of the operator for a while. */
async function rest(ms = 3_000): Promise<void> {
  await sleep(ms);
}

describe('a profile', () => {
  it('becomes a running stack in the order of its stages', async () => {
    stage.puppet.hold('postgres');
    held.operator = await stage.start();
    await stage.apply(spec);
    await stage.waitCondition('Ready', { status: 'False', reason: 'AwaitingDatabase' });
    expect(await stage.get('Deployment', `${PROFILE}-backend`)).toBeUndefined();
    stage.puppet.release('postgres');
    const ready = await stage.waitCondition('Ready', { status: 'True', reason: 'Ready' });
    expect(ready.message).toBe(
      'revision 1: edge 1/1, backend 1/1, frontend 1/1, postgres 1/1; configuration loaded everywhere',
    );
    const status = await stage.status();
    expect(status.migration?.state).toBe('Succeeded');
    expect(status.conditions?.map(({ type, status: value }) => `${type}=${value}`)).toEqual([
      'Ready=True',
      'Reconciling=False',
      'Stalled=False',
      'Valid=True',
      'ConfigInSync=True',
      'RestartPending=False',
    ]);
  });

  it('writes nothing at rest', async () => {
    await rest();
    const since = new Date();
    await rest(10_000);
    expect(stage.writes(since)).toEqual([]);
  });

  it('writes nothing when the operator is started again', async () => {
    await held.operator?.stop();
    const since = new Date();
    held.operator = await stage.start();
    await rest(5_000);
    expect(stage.writes(since)).toEqual([]);
  });
});
