import { describe, expect, it } from 'vitest';
import { REFRESH } from '../../charts/kit/labels.ts';
import { ApiError } from '../cluster/errors.ts';
import type { Cluster, KubeObject } from '../cluster/port.ts';
import type { Log } from '../log.ts';
import { applyChanges } from './apply.ts';
import {
  childrenLike,
  NOW,
  OWNED_BY_SHOP,
  OWNER,
  PROFILE,
  planLike,
  recordsLike,
  SYNTHESIS,
  strayChild,
  viewLike,
} from './fixtures.ts';
import { createMemory } from './memory.ts';
import { NO_NEEDS } from './observed.ts';
import { recordOf } from './rendering.ts';
import { planRevision, revisionName } from './revision.ts';
import type { Tools } from './tools.ts';
import type { View } from './view.ts';

const signal = new AbortController().signal;
const recordsInStatus = () => [...recordsLike()].map(([object, record]) => ({ object, ...record }));
const refuse = (status: number, reason = '') =>
  new ApiError(status, { message: 'no', details: { name: 'x', causes: [{ reason, field: 'spec' }] } }, asked);
const asked = { method: 'PATCH', path: '/apis/apps/v1/namespaces/web/statefulsets/x' };

/** An API server that does as it is told and keeps a list; `answers` by `verb Kind` throw or replace what it says. */
function stage(view: View, answers: Record<string, () => KubeObject | undefined> = {}) {
  const calls: string[] = [];
  const bodies: unknown[] = [];
  const clock = { now: NOW };
  const stored = (object: object): KubeObject => {
    const { metadata } = object as KubeObject;
    return { ...object, metadata: { ...metadata, uid: 'new', resourceVersion: '99' } } as KubeObject;
  };
  const answer = (verb: string, kind: string, name: string, body: object): KubeObject | undefined => {
    calls.push(`${verb} ${kind}/${name}`);
    bodies.push(body);
    const given = answers[`${verb} ${kind}`];
    return given === undefined ? stored({ apiVersion: 'v1', kind, metadata: { name }, ...body }) : given();
  };
  const write = (verb: string) => async (object: KubeObject) => ({
    object: answer(verb, object.kind, object.metadata.name, object),
    warnings: [],
  });
  const cluster = {
    create: write('create'),
    apply: async (object: KubeObject, { onlyIfAbsent }: { onlyIfAbsent?: boolean }) => {
      if (onlyIfAbsent === true && answers[`list ${object.kind}`]?.() !== undefined) throw refuse(409);
      return write('apply')(object);
    },
    patch: async (kind: string, { name }: { name: string }, body: { metadata?: object }) => ({
      object: answer('patch', kind, name, { ...body, metadata: { name, ...body.metadata } }),
    }),
    delete: async (kind: string, { name }: { name: string }) => answer('delete', kind, name, {}),
    get: async (kind: string) => answers[`get ${kind}`]?.(),
    list: async (kind: string) => ({ items: [answers[`list ${kind}`]?.()].filter((found) => found !== undefined) }),
  } as unknown as Cluster;
  const quiet = () => undefined;
  const log = { warn: () => calls.push('warn'), debug: quiet, info: quiet, error: quiet } as unknown as Log;
  const tools = { cluster, log, now: () => clock.now } as unknown as Tools;
  const memory = createMemory().of('web/shop', OWNER.uid, { applied: recordsInStatus() });
  const revisionInput = {
    profile: PROFILE,
    owner: OWNER,
    record: recordOf(SYNTHESIS),
    renderVersion: '1',
    recorded: 0,
  };
  const revision = planRevision(revisionInput, view.children);
  const pass = () => applyChanges(tools, { owner: OWNER, view, revision, memory }, signal);
  const called = (text: string) => calls.filter((call) => call.startsWith(text));
  return { pass, called, calls, bodies, clock };
}

const changed = (...refs: string[]) =>
  childrenLike(Object.fromEntries(refs.map((ref) => [ref, { desiredHash: 'older' }])));
const POSTGRES = 'StatefulSet/shop-postgres';
const REVISION = revisionName(OWNER, recordOf(SYNTHESIS).digest);

describe('an apply that is rejected', () => {
  it('is told again without being sent again, until some time has passed', async () => {
    const view = viewLike({ children: changed(POSTGRES) });
    const { pass, called, clock } = stage(view, {
      'apply StatefulSet': () => {
        throw refuse(422);
      },
    });
    for (let times = 0; times < 3; times += 1) {
      const { results } = await pass();
      expect(results.find(({ ref }) => ref === POSTGRES)).toMatchObject({ outcome: 'failed', message: 'no' });
    }
    expect(called('apply StatefulSet')).toHaveLength(1);
    clock.now = new Date(NOW.getTime() + 29_000);
    const { results } = await pass();
    expect(results.find(({ ref }) => ref === POSTGRES)).toMatchObject({ standsForMs: 1_000 });
    clock.now = new Date(NOW.getTime() + 30_000);
    await pass();
    expect(called('apply StatefulSet')).toHaveLength(2);
  });
});

describe('an object that others change over and over', () => {
  const EDGE = 'Service/shop-edge';
  const entry = (manager: string, operation: string, fieldsV1: object) => ({ manager, operation, fieldsV1 });
  const live = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'shop-edge',
      managedFields: [entry('pitcrew', 'Apply', {}), entry('mesh', 'Update', { 'f:spec': { 'f:type': {} } })],
    },
  } as unknown as KubeObject;

  it('is repaired at once a few times, then left for a while, and its rival is asked for once', async () => {
    const drifted = childrenLike({ [EDGE]: { ownedHash: 'another' } });
    const { pass, called, clock } = stage(viewLike({ children: drifted }), { 'list Service': () => live });
    const passAfter = async (seconds: number) => {
      clock.now = new Date(clock.now.getTime() + seconds * 1_000);
      return (await pass()).results.filter(({ ref }) => ref === EDGE);
    };
    for (let nth = 0; nth < 4; nth += 1)
      expect(await passAfter(1)).toEqual([expect.objectContaining({ why: 'drifted' })]);
    const [fifth, told] = await passAfter(1);
    expect([fifth?.outcome, told?.outcome]).toEqual(['applied', 'contended']);
    expect(told?.message).toContain('manager "mesh" sets spec.type');
    expect(await passAfter(9)).toEqual([told]);
    expect(called('apply Service')).toHaveLength(5);
    expect((await passAfter(1)).map(({ outcome }) => outcome)).toEqual(['applied', 'contended']);
    expect(called('apply Service')).toHaveLength(6);
  });
});

describe('a namespace that is being deleted', () => {
  it('is no reason to complain', async () => {
    const { pass, calls } = stage(viewLike({ children: changed('Service/shop-edge') }), {
      'apply Service': () => {
        throw refuse(403, 'NamespaceTerminating');
      },
    });
    expect((await pass()).results.at(-1)?.failure?.kind).toBe('Terminating');
    expect(calls).not.toContain('warn');
  });
});

describe('a Secret of the database that is made anew', () => {
  it('is made known to the pod that holds the old one, before the backend is changed', async () => {
    const needs = { ...NO_NEEDS, absentSecrets: ['shop-postgres-app'] };
    const { pass, called, bodies } = stage(viewLike({ needs, children: changed('Deployment/shop-backend') }));
    await pass();
    expect(called('create Secret')).toEqual(['create Secret/shop-postgres-app']);
    expect(called('patch Pod')).toEqual(['patch Pod/shop-postgres']);
    expect(JSON.stringify(bodies.at(-1))).toContain(REFRESH);
    expect(called('apply Deployment')).toEqual([]);
  });
});

describe('a certificate that will not do', () => {
  it('keeps the edge as it is while the backend is changed', async () => {
    const requirement = { kind: 'Secret', name: 'shop-tls', keys: [], path: 'edge.tls.secretName' } as const;
    const needs = { ...NO_NEEDS, unusable: [{ requirement, problem: 'it expired' }] };
    const view = viewLike({ needs, children: changed('Deployment/shop-edge', 'Deployment/shop-backend') });
    const { pass, called } = stage(view);
    await pass();
    expect(called('apply Deployment')).toEqual(['apply Deployment/shop-backend']);
  });
});

describe('an object that the watch does not show since its label is gone', () => {
  const live = (labels: object, uid = OWNER.uid): KubeObject => {
    const ownerReferences = [{ ...OWNED_BY_SHOP, uid, apiVersion: 'v1', controller: true }];
    const metadata = { name: 'shop-edge', namespace: 'web', uid: 'x', resourceVersion: '1', labels, ownerReferences };
    return { apiVersion: 'v1', kind: 'Service', metadata } as KubeObject;
  };
  const run = (found: KubeObject) =>
    stage(viewLike({ children: childrenLike({ 'Service/shop-edge': undefined }) }), { 'list Service': () => found });

  it('is sent when it is ours by its owner', async () => {
    const { pass, called } = run(live({}));
    await pass();
    expect(called('apply Service')).toEqual(['apply Service/shop-edge']);
  });

  it('clashes when it is not', async () => {
    const { pass, called } = run({ ...live({}), metadata: { ...live({}).metadata, ownerReferences: [] } });
    expect((await pass()).results.at(-1)?.outcome).toBe('clash');
    expect(called('apply Service')).toEqual([]);
  });
});

describe('a revision that is there already', () => {
  const found = (labels: object): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: REVISION, namespace: 'web', uid: 'x', resourceVersion: '1', labels: { ...labels } },
  });
  const meets = (object: KubeObject, patch?: () => KubeObject) => {
    let times = 0;
    return stage(viewLike(), {
      'create ControllerRevision': () => {
        times += 1;
        if (times === 1) throw refuse(409);
        return found({});
      },
      'get ControllerRevision': () => object,
      ...(patch === undefined ? {} : { 'patch ControllerRevision': patch }),
    });
  };
  const OURS = { 'performance.bahamm.ir/profile': OWNER.name };

  it('is adopted when it names us and nobody owns it', async () => {
    const { pass, called, bodies } = meets(found(OURS));
    const { results } = await pass();
    expect(results[0]).toMatchObject({ outcome: 'created' });
    expect(called('patch ControllerRevision')).toHaveLength(1);
    expect(bodies[1]).toMatchObject({ metadata: { uid: 'x', ownerReferences: [{ uid: OWNER.uid }] }, revision: 1 });
  });

  it('is made anew when its content can not be kept', async () => {
    const { pass, called, calls } = meets(found(OURS), () => {
      throw refuse(422);
    });
    expect((await pass()).results[0]).toMatchObject({ outcome: 'created' });
    expect(called('delete ControllerRevision')).toHaveLength(1);
    expect(calls.slice(0, 4).map((call) => call.split(' ')[0])).toEqual(['create', 'patch', 'delete', 'create']);
  });

  it('is left alone when it is of somebody else', async () => {
    const { pass, called } = meets(found({}));
    expect((await pass()).results[0]).toMatchObject({ outcome: 'failed' });
    expect(called('patch')).toEqual([]);
  });

  it('left by an orphaning deletion is adopted at once', async () => {
    const orphan = { ...strayChild(`ControllerRevision/${REVISION}`), owner: undefined };
    const children = childrenLike();
    children.set(orphan.ref, { ...orphan, state: { type: 'revision', number: 4 } });
    const { pass, calls } = stage(viewLike({ children, plan: planLike(childrenLike()) }));
    expect((await pass()).results[0]).toMatchObject({ outcome: 'touched' });
    expect(calls).toEqual([`patch ControllerRevision/${REVISION}`]);
  });
});
