import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DesiredObject } from '../../charts/object.ts';
import type { KubeObject } from '../../controller/cluster/port.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import type { Operator } from '../../controller/reconcile/operator.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { waitFor } from '../support/kubectl.ts';
import { patchAs } from './api-server.ts';
import { useOperatorStage } from './operator-stage.ts';

/** Another version of the operator takes over 20 stacks that run. The tests tell one story. */
const stage = useOperatorStage();

const OLD = '1.0.0';
const NEW = '1.1.0';
const MARK = 'example.org/rendered-by';
const ADOPT = 'performance.bahamm.ir/adopt-rendering';
const NAMES = Array.from({ length: 20 }, (_, index) => `shop${index + 1}`);

const spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop/backend:1', migrate: { command: ['python', 'seed_db.py'] }, workers: 1 },
  frontend: { image: 'shop/frontend:1' },
  postgres: { storage: { size: '1Gi' } },
};
const edited = { ...spec, edge: { ...spec.edge, rateLimit: { api: { requestsPerSecond: 20, burst: 20 } } } };

interface Templated {
  readonly template?: { readonly metadata?: { readonly annotations?: object } };
}

/** Another version renders every object otherwise, every pod too. */
function marked(object: DesiredObject): DesiredObject {
  const mark = { [MARK]: NEW };
  const { template, ...more } = (object.spec ?? {}) as Templated;
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, ...mark } };
  if (template === undefined) return { ...object, metadata };
  const annotations = { ...template.metadata?.annotations, ...mark };
  return {
    ...object,
    metadata,
    spec: { ...more, template: { ...template, metadata: { ...template.metadata, annotations } } },
  };
}

const rendersAnew: typeof synthesize = (profile, facts) => {
  const synthesis = synthesize(profile, facts);
  return {
    ...synthesis,
    objects: synthesis.objects.map(({ object, ...placed }) => ({ ...placed, object: marked(object) })),
  };
};

let operator: Operator;

async function replaceOperator(version: string, rendering = synthesize): Promise<Date> {
  await operator.stop();
  const since = new Date();
  operator = await stage.start({ version, synthesize: rendering });
  return since;
}

const required = async (kind: Kind, name: string): Promise<KubeObject> => {
  const object = await stage.get(kind, name);
  if (object === undefined) throw new Error(`${kind} ${name} is not there`);
  return object;
};
const uidOf = async (kind: Kind, name: string) => (await required(kind, name)).metadata.uid;
const markOf = async (kind: Kind, name: string) => (await required(kind, name)).metadata.annotations?.[MARK];
const remove = async (kind: Kind, name: string) => {
  const { metadata } = await required(kind, name);
  await stage.server.cluster.delete(kind, metadata, { uid: metadata.uid });
  return metadata.uid;
};
const annotate = async (name: string, value: string) =>
  stage.server.cluster.patch('PerformanceProfile', (await required('PerformanceProfile', name)).metadata, {
    metadata: { annotations: { [ADOPT]: value } },
  });
const migrationOf = async (name: string) => `${name}-migrate-${(await stage.status(name)).migration?.hash}`;
const podsOf = async (profile: string) => {
  const labelSelector = `performance.bahamm.ir/profile=${profile}`;
  const { items } = await stage.server.cluster.list('Pod', { namespace: stage.server.namespace, labelSelector });
  return items.map(({ metadata }) => metadata.uid).sort();
};
const pods = async () => Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await podsOf(name)])));
const heldBack = async (name: string) => (await stage.status(name)).findings?.find(({ id }) => id === 'RENDER-01');
const eachHeldBack = (names: readonly string[]) =>
  waitFor('each profile to be told of', async () => {
    const findings = await Promise.all(names.map(heldBack));
    return findings.every((finding) => finding !== undefined);
  });
/** What the operator wrote of the 20 but for events, as `patch deployments shop1-edge`. */
const writes = (since: Date) =>
  stage
    .writes(since)
    .filter(({ resource, name }) => resource !== 'events' && /^shop[0-9]/.test(name))
    .map(({ verb, resource, name, subresource }) => [verb, resource, name, subresource].filter(Boolean).join(' '));
const statusWrites = (names: readonly string[]) =>
  names.map((name) => `patch performanceprofiles ${name} status`).sort();

let podsBefore: Awaited<ReturnType<typeof pods>>;

beforeAll(async () => {
  operator = await stage.start({ version: OLD });
  for (const name of NAMES) await stage.apply(spec, name);
  for (const name of NAMES) await stage.waitCondition('Ready', { status: 'True' }, name);
  podsBefore = await pods();
}, 600_000);
afterAll(async () => {
  for (const name of NAMES)
    if ((await stage.get('PerformanceProfile', name)) !== undefined) await remove('PerformanceProfile', name);
});

describe('a version that renders otherwise', () => {
  const [first = '', second = '', third = '', fourth = '', fifth = '', ...rest] = NAMES;
  let since: Date;

  it('writes no child of 20 profiles, one status of each, and says what it would change', async () => {
    since = await replaceOperator(NEW, rendersAnew);
    await eachHeldBack(NAMES);
    expect(writes(since).sort()).toEqual(statusWrites(NAMES));
    expect(await heldBack(first)).toEqual({
      id: 'RENDER-01',
      severity: 'Info',
      path: 'metadata.annotations',
      message: expect.stringMatching(
        /^what runs is kept as operator 1\.0\.0 rendered it; operator 1\.1\.0 renders .* and \d+ more otherwise, and to take that over would replace the pods of postgres, backend, edge, frontend$/,
      ),
      fix: `set the annotation ${ADOPT} to "1.1.0"; the next edit of the spec takes it over too`,
      acknowledged: false,
    });
    const status = await stage.status(first);
    expect(status).toMatchObject({ renderVersion: OLD, rendering: { generation: 1, available: NEW }, revision: 1 });
    await stage.waitCondition('Ready', { status: 'True' }, first);
    await stage.waitCondition('ConfigInSync', { status: 'True' }, first);
  });

  it('brings back what others delete or change, as it was', async () => {
    const deleted = await remove('Deployment', `${first}-backend`);
    await remove('ConfigMap', `${first}-edge-config`);
    const path = `/apis/apps/v1/namespaces/${stage.server.namespace}/deployments/${first}-frontend`;
    await patchAs(stage.server, 'somebody', path, { spec: { replicas: 3 } });
    await waitFor('the Deployment', async () => (await uidOf('Deployment', `${first}-backend`)) !== deleted);
    await waitFor('one replica', async () => {
      const { replicas } = (await required('Deployment', `${first}-frontend`)).spec as { replicas: number };
      return replicas === 1;
    });
    await waitFor('the ConfigMap', async () => (await stage.get('ConfigMap', `${first}-edge-config`)) !== undefined);
    await stage.waitCondition('Ready', { status: 'True' }, first);
    expect(await markOf('Deployment', `${first}-backend`)).toBeUndefined();
    expect(await markOf('ConfigMap', `${first}-edge-config`)).toBeUndefined();
    expect(await markOf('Deployment', `${first}-frontend`)).toBeUndefined();
  });

  it('takes over with an edit, of this one profile, and migrates nothing again', async () => {
    const job = await uidOf('Job', await migrationOf(second));
    await stage.apply(edited, second);
    await stage.waitCondition('Ready', { status: 'True' }, second);
    expect(await heldBack(second)).toBeUndefined();
    expect(await stage.status(second)).toMatchObject({ renderVersion: NEW, rendering: { generation: 2 }, revision: 2 });
    expect(await markOf('Deployment', `${second}-edge`)).toBe(NEW);
    expect(await podsOf(second)).not.toEqual(podsBefore[second]);
    expect(await uidOf('Job', await migrationOf(second))).toBe(job);
  });

  it('takes over when it is told to by its version, and by no other', async () => {
    const job = await uidOf('Job', await migrationOf(third));
    await annotate(fourth, OLD);
    await annotate(fifth, '1.2.0');
    await annotate(third, NEW);
    await waitFor('the mark', async () => (await markOf('Deployment', `${third}-edge`)) === NEW);
    await stage.waitCondition('Ready', { status: 'True' }, third);
    expect(await heldBack(third)).toBeUndefined();
    expect((await stage.status(third)).renderVersion).toBe(NEW);
    expect((await stage.status(third)).rendering?.available).toBeUndefined();
    expect(await uidOf('Job', await migrationOf(third))).toBe(job);
  });

  it('has touched nothing of the others all the while', async () => {
    const others = [fourth, fifth, ...rest];
    const theirs = writes(since).filter((write) => others.some((name) => new RegExp(`\\b${name}\\b`).test(write)));
    expect(theirs.sort()).toEqual(statusWrites(others));
    const now = await pods();
    for (const name of others) expect(now[name]).toEqual(podsBefore[name]);
  });
});

describe('a version that renders the same', () => {
  it('moves on without a write to a child', async () => {
    const [, moved = '', told = '', ...same] = NAMES;
    const since = await replaceOperator('1.2.0');
    await waitFor('the versions', async () => {
      const versions = await Promise.all(same.map(async (name) => (await stage.status(name)).renderVersion));
      // The fifth was told to by an annotation that waited for this version.
      return versions.every((version) => version === '1.2.0');
    });
    await eachHeldBack([moved, told]);
    expect(writes(since).sort()).toEqual(statusWrites(NAMES));
    expect((await heldBack(moved))?.message).toContain('kept as operator 1.1.0 rendered it');
    for (const name of same) expect(await heldBack(name)).toBeUndefined();
  });
});

describe('a rendering that the operator has not written', () => {
  it('is never applied', async () => {
    const name = NAMES[9] ?? '';
    await operator.stop();
    const { rendering } = await stage.status(name);
    const revision = await required('ControllerRevision', `${name}-${rendering?.digest.slice(0, 8)}`);
    const { metadata, data } = revision as KubeObject & { data: { rendering: string } };
    const text = gunzipSync(Buffer.from(data.rendering, 'base64')).toString();
    const forged = gzipSync(text.replaceAll('shop/backend:1', 'evil/backend:1')).toString('base64');
    await stage.server.cluster.delete('ControllerRevision', metadata, { uid: metadata.uid });
    const { labels, ownerReferences, namespace } = metadata;
    const again = { ...revision, metadata: { name: metadata.name, namespace, labels, ownerReferences } };
    await stage.server.cluster.create({ ...again, data: { ...data, rendering: forged } } as never);
    operator = await stage.start({ version: NEW, synthesize: rendersAnew });
    await waitFor('our own', async () => (await markOf('Deployment', `${name}-backend`)) === NEW);
    expect(JSON.stringify((await required('Deployment', `${name}-backend`)).spec)).not.toContain('evil');
  });
});
