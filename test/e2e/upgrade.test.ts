import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../synth/version.ts';
import { OPERATOR_USER, writesSince } from '../support/audit.ts';
import { e2eStage, removeOtherProfiles } from '../support/e2e-stage.ts';
import { waitFor } from '../support/kubectl.ts';
import { applyProfile, smallProfile } from '../support/profiles.ts';
import { conditionOf, OPERATOR_NAMESPACE, prepareNamespace, type Stage, waitReady } from '../support/stage.ts';

/** The operator's Deployment gets another version, and stacks of real pods run on. */
let stage: Stage;
const namespace = 'upgrade';
const NAMES = ['shop', 'store'];
const NEXT = `${VERSION}-next`;
const MARK = 'example.org/rendered-by';

/** Makes another version of the operator in the image: it labels every object, so all pods would be replaced. */
const PRELOAD = `
import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.includes('/app/') || loaded.source == null) return loaded;
    const text = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source).toString();
    const source = text
      .replaceAll('"${VERSION}"', '"${NEXT}"')
      .replaceAll('"app.kubernetes.io/component": tier,', '$& "${MARK}": "next",');
    return { ...loaded, source };
  },
});
`;

interface DeploymentView {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: ReadonlyArray<{ readonly env: ReadonlyArray<{ name: string; value: string }> }>;
      };
    };
  };
}

const operatorIs = (...command: string[]) => stage.kubectl.run(...command, '-n', OPERATOR_NAMESPACE);
const rolledOut = () => operatorIs('rollout', 'status', 'deployment/pitcrew', '--timeout=120s');

/** The operator's container as it is, with one file loaded before its own. */
async function upgradeOperator(): Promise<void> {
  const metadata = { name: 'next', namespace: OPERATOR_NAMESPACE };
  const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'next.mjs': PRELOAD } };
  await stage.kubectl.pipe(JSON.stringify(config), 'apply', '-f', '-');
  const deployment = await stage.kubectl.get<DeploymentView>('deployment', 'pitcrew', '-n', OPERATOR_NAMESPACE);
  const [container] = deployment?.spec.template.spec.containers ?? [];
  const options = container?.env.find(({ name }) => name === 'NODE_OPTIONS')?.value ?? '';
  const changed = {
    name: 'operator',
    env: [{ name: 'NODE_OPTIONS', value: `${options} --import=/next/next.mjs` }],
    volumeMounts: [{ name: 'next', mountPath: '/next' }],
  };
  const spec = { containers: [changed], volumes: [{ name: 'next', configMap: { name: 'next' } }] };
  await operatorIs('patch', 'deployment', 'pitcrew', '-p', JSON.stringify({ spec: { template: { spec } } }));
  await rolledOut();
}

interface PodView {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: { readonly containerStatuses?: ReadonlyArray<{ readonly restartCount: number }> };
}

/** Each pod of the stacks, by uid and restarts: another pod, or another process in it, is another line. */
async function pods(): Promise<string[]> {
  const list = await stage.kubectl.get<{ items: PodView[] }>('pods', '-n', namespace);
  const restarts = ({ status }: PodView) => status.containerStatuses?.map(({ restartCount }) => restartCount);
  return (list?.items ?? []).map((pod) => `${pod.metadata.name} ${pod.metadata.uid} ${restarts(pod)}`).sort();
}

interface Rendered {
  readonly status?: { readonly renderVersion?: string; readonly rendering?: { readonly available?: string } };
}

beforeAll(async () => {
  stage = await e2eStage();
  await removeOtherProfiles(stage.kubectl, namespace);
  await prepareNamespace(stage.kubectl, namespace, 'unused-tls', ['a.example']);
  for (const name of NAMES) await applyProfile(stage.kubectl, smallProfile(name, namespace));
  for (const name of NAMES) await waitReady(stage.kubectl, namespace, name, 240_000);
});
afterAll(async () => {
  await operatorIs('rollout', 'undo', 'deployment/pitcrew');
  await rolledOut();
  await stage.kubectl.run('delete', 'wperf', '--all', '-n', namespace);
});

describe('an upgrade of the operator to a version that renders every pod otherwise', () => {
  it('replaces no pod, restarts no process, and writes no child', async () => {
    const before = await pods();
    const since = new Date();
    await upgradeOperator();
    for (const name of NAMES) {
      const { status } = await waitFor(`${name} to be told of it`, async () => {
        const profile = await stage.kubectl.get<Rendered>('wperf', name, '-n', namespace);
        return profile?.status?.rendering?.available === NEXT && profile;
      });
      expect(status?.renderVersion).toBe(VERSION);
      for (const type of ['Ready', 'ConfigInSync']) {
        expect(await conditionOf(stage.kubectl, namespace, name, type)).toMatchObject({ status: 'True' });
      }
    }
    expect(await pods()).toEqual(before);
    const { auditLog } = stage.cluster;
    if (auditLog === undefined) return;
    const written = writesSince(auditLog, since, OPERATOR_USER).filter(({ resource }) => resource !== 'events');
    expect(written.map(({ name, subresource }) => `${name} ${subresource}`).sort()).toEqual(
      NAMES.map((name) => `${name} status`),
    );
  });

  it('brings a deleted Deployment back as it was', async () => {
    await stage.kubectl.run('delete', 'deployment', 'shop-frontend', '-n', namespace);
    const { metadata } = await waitFor('the Deployment', () =>
      stage.kubectl.get<{ metadata: { labels: object } }>('deployment', 'shop-frontend', '-n', namespace),
    );
    expect(metadata.labels).not.toHaveProperty([MARK]);
    await waitReady(stage.kubectl, namespace, 'shop');
  });

  it('takes the new rendering when it is told to', async () => {
    const before = await pods();
    const adopt = `performance.bahamm.ir/adopt-rendering=${NEXT}`;
    await stage.kubectl.run('annotate', 'wperf', 'shop', adopt, '-n', namespace);
    await waitFor('the mark', async () => {
      const marked = await stage.kubectl.run('get', 'deployment', '-n', namespace, '-l', MARK, '-o', 'name');
      return marked.includes('shop-edge');
    });
    await waitReady(stage.kubectl, namespace, 'shop', 240_000);
    // All pods of the one but that of its migration, which does not run again; none of the other.
    const isToStay = (pod: string) => pod.startsWith('store-') || pod.startsWith('shop-migrate-');
    await waitFor('other pods', async () => {
      const now = await pods();
      return before.every((pod) => isToStay(pod) === now.includes(pod));
    });
  });
});
