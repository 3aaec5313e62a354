import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenCluster, stopCluster } from '../cluster/cluster.ts';
import { progressPrinter } from '../cluster/progress-printer.ts';
import { writesSince } from '../support/audit.ts';
import { type Edge, edgeOf } from '../support/edge.ts';
import { gunicornProcesses } from '../support/inside.ts';
import { type Json, waitFor } from '../support/kubectl.ts';
import { prepareNode, type Stage } from '../support/stage.ts';
import { type Applications, type ApplicationView, applicationsOf, tell } from './applications.ts';
import { type Diary, keepDiary } from './diary.ts';
import { startArgoCd } from './servers.ts';
import { configure, createSite, PROFILE, prepareArgoCd, SHOPS, type Shop, type Site } from './site.ts';

/**
 * The life of examples/gitops under the real Argo CD: two shops on one node, one compared by Argo CD itself and one by
 * the API server, every step for both at once. The steps build on each other.
 */
const CLUSTER = 'argocd';
/** How long nothing may happen at rest; `PITCREW_REST_SECONDS=600` is the long look. */
const REST_SECONDS = Number(process.env.PITCREW_REST_SECONDS ?? 60);
const BASE = 'shop/base/profile.yaml';

let stage: Stage;
let site: Site;
let argo: Applications;
let diary: Diary;

beforeAll(async () => {
  // A sync of what is there already proves little: the cluster is new each time.
  await stopCluster(CLUSTER);
  stage = await prepareNode(CLUSTER);
  const servers = await startArgoCd(stage.cluster, stage.kubectl, progressPrinter(process.stderr));
  argo = applicationsOf(stage.kubectl, servers.url);
  site = await createSite(servers);
  diary = keepDiary(stage.kubectl);
  await prepareArgoCd(stage.kubectl, site);
});
afterAll(() => diary?.stop());

const both = (step: (shop: Shop) => Promise<unknown>) => Promise.all(SHOPS.map(step));

const edgeAt = ({ application, host }: Shop): Promise<Edge> =>
  edgeOf(stage.kubectl, stage.cluster.nodeAddress, { namespace: application, profile: PROFILE, host });

/** The pages of a shop, each from another tier, and none from the cache. */
async function answers(shop: Shop): Promise<number[]> {
  const edge = await edgeAt(shop);
  const paths = ['/', '/health', `/api/products?fresh=${Date.now()}`];
  return Promise.all(paths.map(async (path) => (await edge.ask(path)).status));
}
const WELL = [200, 200, 200];

const workersOf = async ({ application }: Shop) =>
  (await gunicornProcesses(stage.kubectl, application, PROFILE)).workers.length;

async function refreshBoth(): Promise<void> {
  await both(({ application }) => argo.refresh(application));
}

const is = (application: ApplicationView, health: string) =>
  application.status?.health?.status === health && application.status.sync?.status === 'Synced';

/** Waits until a commit is in the cluster, and its health is this. */
async function until(shop: Shop, commit: string, health: string): Promise<ApplicationView> {
  return argo.until(shop.application, `Synced and ${health} at ${commit.slice(0, 7)}`, (application) => {
    const { sync, operationState } = application.status ?? {};
    return is(application, health) && sync?.revision === commit && operationState?.phase === 'Succeeded';
  });
}

/** What a shop went through since a moment, without repetitions. */
const healthSince = ({ application }: Shop, moment: number) =>
  turns(diary.since(application, moment).map(({ health }) => health));
const syncSince = ({ application }: Shop, moment: number) =>
  turns(diary.since(application, moment).map(({ sync }) => sync));
const turns = (states: readonly string[]) => states.filter((state, index) => state !== states[index - 1]);

async function profileHealth({ application }: Shop) {
  const nodes = await argo.tree(application);
  return nodes.find(({ kind }) => kind === 'PerformanceProfile')?.health;
}

interface ObjectView extends Json {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
  };
}

const nameOf = ({ kind, metadata }: ObjectView) => `${kind}/${metadata.name}`;

/** All that stands in the namespace of a shop and could be tracked. */
async function objectsOf({ application }: Shop): Promise<readonly ObjectView[]> {
  const kinds = 'wperf,deploy,sts,svc,cm,secret,sa,netpol,pdb,job,pvc,controllerrevision';
  return (await stage.kubectl.get<{ items: ObjectView[] }>(kinds, '-n', application))?.items ?? [];
}

/** What the operator has made, by name: a new object is told from the old by its uid. */
async function childrenOf(shop: Shop): Promise<ReadonlyMap<string, { uid: string; owned: boolean }>> {
  const children = (await objectsOf(shop)).filter(
    ({ metadata }) => metadata.labels?.['app.kubernetes.io/managed-by'] === 'pitcrew',
  );
  const uids = ({ metadata }: ObjectView) => ({ uid: metadata.uid, owned: metadata.ownerReferences !== undefined });
  return new Map(children.map((child) => [nameOf(child), uids(child)]));
}

/** What carries the mark that Argo CD tracks by. */
async function marksOf(shop: Shop, place: 'labels' | 'annotations', key: string): Promise<string[]> {
  const marked = (await objectsOf(shop)).filter(({ metadata }) => metadata[place]?.[key] !== undefined);
  return marked.map(nameOf).sort();
}

/** What is in Git, and nothing else, is the Application's own. */
const OWN = ['ConfigMap/announcement', `PerformanceProfile/${PROFILE}`];

/** What moves when anybody writes the profile, or Argo CD syncs. */
async function marksOfRest({ application }: Shop) {
  const profile = await stage.kubectl.get<ObjectView>('wperf', PROFILE, '-n', application);
  const { status } = await argo.view(application);
  return {
    version: profile?.metadata.resourceVersion,
    synced: status?.operationState?.startedAt,
    history: status?.history?.length,
  };
}

const isLookedAt = ({ metadata }: ApplicationView) =>
  metadata.annotations?.['argocd.argoproj.io/refresh'] === undefined;

/** Volumes and Secrets of a shop, by name and uid. */
async function dataOf(shop: Shop) {
  const data = (await objectsOf(shop)).filter(({ kind }) => ['PersistentVolumeClaim', 'Secret'].includes(kind));
  return data.map((object) => [nameOf(object), object.metadata.uid]);
}

describe.skipIf(givenCluster() !== undefined)('examples/gitops under Argo CD', () => {
  /** The commits that stand on top of the example, oldest first. */
  const edits: string[] = [];
  /** Commits, and lets Argo CD see it. */
  const commit = async (message: string): Promise<string> => {
    const made = await site.commit(message);
    edits.push(made);
    await refreshBoth();
    return made;
  };
  /** `git revert` of the last commit. */
  const revert = async (): Promise<string> => {
    const made = await site.revert(edits.pop() ?? '');
    await refreshBoth();
    return made;
  };

  it('brings the operator before the shops, and each is Healthy only when it answers', async () => {
    const began = Date.now();
    await stage.kubectl.run('apply', '-f', join(site.folder, 'root.yaml'));
    await waitFor('both shops to be there', () => both(({ application }) => argo.view(application)), 120_000);
    const operatorHealthy = diary.since('pitcrew', began).find(({ health }) => health === 'Healthy');
    await both(async (shop) => {
      await argo.until(shop.application, 'Healthy', (application) => is(application, 'Healthy'));
      expect(await answers(shop)).toEqual(WELL);
      process.stdout.write(`  ${shop.application} Healthy ${Date.now() - began} ms after root.yaml\n`);
      const own = diary.since(shop.application, began);
      expect(own.map(({ health }) => health)).toContain('Progressing');
      expect(own[0]?.at).toBeGreaterThanOrEqual(operatorHealthy?.at ?? Number.POSITIVE_INFINITY);
    });
  });

  it('takes an edit in Git into the processes, Progressing until it is there', async () => {
    await both(async (shop) => expect(await workersOf(shop)).toBe(1));
    const began = Date.now();
    site.edit(BASE, { 'spec.backend.workers': 2 });
    const edited = await commit('two workers');
    await both(async (shop) => {
      await until(shop, edited, 'Healthy');
      expect(await workersOf(shop)).toBe(2);
      process.stdout.write(`  ${shop.application} Healthy ${Date.now() - began} ms after the commit\n`);
      expect(healthSince(shop, began)).toEqual(['Healthy', 'Progressing', 'Healthy']);
    });
  });

  it('is Degraded with the finding when the operator refuses, and the old stack serves', async () => {
    site.edit(BASE, {
      'spec.backend.workers': 4,
      'spec.backend.pool.size': 10,
      'spec.backend.pool.maxOverflow': 20,
      'spec.postgres.maxConnections': 100,
    });
    const refused = await commit('a pool that is too large');
    await both(async (shop) => {
      await until(shop, refused, 'Degraded');
      expect((await profileHealth(shop))?.message).toMatch(/INV-05.*120.*92/s);
      expect(await answers(shop)).toEqual(WELL);
      expect(await workersOf(shop)).toBe(2);
    });
    const mended = await revert();
    await both((shop) => until(shop, mended, 'Healthy'));
  });

  it('says what the API server says of a field that cannot be, and the old stack serves', async () => {
    site.edit(BASE, { 'spec.backend.workers': 'many' });
    const wrong = await commit('many workers');
    await both(async (shop) => {
      await argo.until(shop.application, 'refused', (application) => /spec\.backend\.workers/.test(tell(application)));
      expect(await answers(shop)).toEqual(WELL);
      expect(await workersOf(shop)).toBe(2);
    });
    const mended = await revert();
    expect(mended).not.toBe(wrong);
    await both((shop) => until(shop, mended, 'Healthy'));
  });

  it('is Suspended by the spec or by the action, and comes back', async () => {
    site.edit(BASE, { 'spec.suspend': true });
    const suspended = await commit('hands off');
    await both((shop) => until(shop, suspended, 'Suspended'));
    const resumed = await revert();
    await both((shop) => until(shop, resumed, 'Healthy'));
    const began = Date.now();
    await both(async (shop) => {
      const profile = { name: PROFILE, namespace: shop.application };
      await argo.act(shop.application, profile, 'suspend');
      await until(shop, resumed, 'Suspended');
      await argo.refresh(shop.application);
      await argo.act(shop.application, profile, 'resume');
      await until(shop, resumed, 'Healthy');
      expect(syncSince(shop, began)).toEqual(['Synced']);
    });
  });

  it('never is OutOfSync while the operator repairs a child', async () => {
    const began = Date.now();
    await both(async (shop) => {
      const at = ['-n', shop.application];
      const frontend = ['deployment', `${PROFILE}-frontend`, ...at];
      const backend = ['service', `${PROFILE}-backend`, ...at];
      const nobody = { spec: { selector: { 'performance.bahamm.ir/tier': 'nobody' } } };
      await stage.kubectl.run('scale', ...frontend, '--replicas=3');
      await stage.kubectl.run('patch', ...backend, '-p', JSON.stringify(nobody));
      await argo.refresh(shop.application);
      const read = (of: string[], path: string) => stage.kubectl.run('get', ...of, '-o', `jsonpath={${path}}`);
      await waitFor('one replica', async () => (await read(frontend, '.spec.replicas')) === '1');
      await waitFor('the selector', async () => /"backend"/.test(await read(backend, '.spec.selector')));
      await waitFor('answers', async () => (await answers(shop)).every((code) => code === 200));
      await argo.refresh(shop.application);
      await argo.until(shop.application, 'looked at', isLookedAt);
      await argo.until(shop.application, 'Healthy', (application) => is(application, 'Healthy'));
      expect(syncSince(shop, began)).toEqual(['Synced']);
    });
  });

  it('brings back the former values by git revert, and a later wave waits for that', async () => {
    site.write('shop/base/announce.yaml', ANNOUNCEMENT);
    site.edit('shop/base/kustomization.yaml', { resources: ['profile.yaml', 'announce.yaml'] });
    await site.commit('an announcement, in a wave after the profile');
    const reverted = await revert();
    await both(async (shop) => {
      const at = ['-n', shop.application];
      const announced = await waitFor('the announcement', () =>
        stage.kubectl.get<{ metadata: { creationTimestamp: string } }>('configmap', 'announcement', ...at),
      );
      // It is there, so the profile before it was Healthy with the former values.
      expect(await workersOf(shop)).toBe(1);
      expect(announced).toBeDefined();
      await until(shop, reverted, 'Healthy');
    });
  });

  it.each([
    ['annotation', 'annotations', 'argocd.argoproj.io/tracking-id'],
    ['label', 'labels', 'app.kubernetes.io/instance'],
  ] as const)('shows the children and would prune none of them, tracking by %s', async (method, place, key) => {
    await configure(stage.kubectl, ['-p', JSON.stringify({ data: { 'application.resourceTrackingMethod': method } })]);
    await both(async (shop) => {
      await argo.refresh(shop.application);
      const marked = async () => (await marksOf(shop, place, key)).includes(`PerformanceProfile/${PROFILE}`);
      await waitFor(`${shop.application} to be tracked by ${method}`, marked);
      await argo.until(shop.application, 'Synced and Healthy', (application) => is(application, 'Healthy'));
      expect(await marksOf(shop, place, key)).toEqual(OWN);

      const before = await childrenOf(shop);
      const shown = (await argo.tree(shop.application)).map(({ kind, name }) => `${kind}/${name}`);
      expect(shown).toEqual(expect.arrayContaining([...before].filter(([, { owned }]) => owned).map(([name]) => name)));

      const { status } = await argo.syncWithPrune(shop.application);
      expect(status?.resources?.map(({ kind, name }) => `${kind}/${name}`)).toEqual(OWN);
      expect(status?.resources?.filter(({ requiresPruning }) => requiresPruning)).toEqual([]);
      expect(await childrenOf(shop)).toEqual(before);
    });
  });

  const rest = `rests for ${REST_SECONDS} s: no OutOfSync, no self-healing, no write by the operator`;
  it(rest, { timeout: (REST_SECONDS + 240) * 1000 }, async () => {
    const { auditLog } = stage.cluster;
    if (auditLog === undefined) throw new Error('this cluster has no audit log');
    await waitFor('quiet', async () => writesSince(auditLog, new Date(Date.now() - 5000)).length === 0);
    const began = Date.now();
    const before = await Promise.all(SHOPS.map(marksOfRest));
    let looks = 0;
    for (; Date.now() < began + REST_SECONDS * 1000; looks += 1) {
      await refreshBoth();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await both(({ application }) => argo.until(application, 'looked at', isLookedAt));
    }
    expect(await Promise.all(SHOPS.map(marksOfRest))).toEqual(before);
    expect(writesSince(auditLog, new Date(began))).toEqual([]);
    for (const shop of SHOPS) {
      expect(syncSince(shop, began)).toEqual(['Synced']);
      expect(healthSince(shop, began)).toEqual(['Healthy']);
    }
    process.stdout.write(`  ${looks} hard refreshes of each shop in ${Math.round((Date.now() - began) / 1000)} s\n`);
  });

  it('leaves the data when the profile leaves Git', async () => {
    const before = await Promise.all(SHOPS.map(dataOf));
    for (const { overlay } of SHOPS) {
      site.write(`${overlay}/kustomization.yaml`, 'resources: [closed.yaml]\n');
      site.write(`${overlay}/closed.yaml`, CLOSED.replace('NAMESPACE', overlay.replace('shop/overlays/', 'bahamm-')));
    }
    const closed = await commit('the shop is closed');
    await both(async (shop) => {
      await until(shop, closed, 'Healthy');
      const left = async () => [...(await childrenOf(shop))].filter(([, { owned }]) => owned).length === 0;
      await waitFor(`the children in ${shop.application} to go`, left, 120_000);
    });
    expect(await Promise.all(SHOPS.map(dataOf))).toEqual(before);
  });
});

const ANNOUNCEMENT = `apiVersion: v1
kind: ConfigMap
metadata:
  name: announcement
  annotations: {argocd.argoproj.io/sync-wave: "1"}
data: {text: the shop is open}
`;
const CLOSED = `apiVersion: v1
kind: ConfigMap
metadata: {name: closed, namespace: NAMESPACE}
data: {text: back next year}
`;
