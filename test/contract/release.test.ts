import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../controller/cluster/errors.ts';
import type { Kind } from '../../controller/cluster/resources.ts';
import { GROUP, PLURAL } from '../../crds/group.ts';
import { renderInstall } from '../../deploy/install.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from '../../deploy/names.ts';
import { kubectlFor, waitFor } from '../support/kubectl.ts';
import type { ApiServer } from './api-server.ts';
import { CHART, helm as runHelm } from './channels.ts';
import { useOperatorStage } from './operator-stage.ts';

/** The life of a Helm release: whatever happens to it, profiles, data and running pods stay what they are. */
const helm = ({ real }: ApiServer, ...args: readonly string[]) =>
  runHelm(...args, '--kubeconfig', real.kubeconfig, '-n', OPERATOR_NAMESPACE);
const installRelease = async (server: ApiServer): Promise<void> => {
  await helm(server, 'install', OPERATOR, CHART, '--create-namespace');
};
const stage = useOperatorStage('helm', async (server) => {
  await helm(server, 'uninstall', OPERATOR, '--ignore-not-found', '--wait');
  await installRelease(server);
});
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-chart-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop/backend:1', workers: 1, pool: { size: 5 } },
  uploads: { path: '/uploads/', backendPath: '/app/uploads', size: '1Gi' },
  postgres: { storage: { size: '1Gi' } },
};
const ready = () => stage.waitCondition('Ready', { status: 'True' });

/** What must never change: by uid, and a Secret by its content too. */
async function possessions(): Promise<unknown> {
  const { cluster, namespace } = stage.server;
  const kinds: readonly Kind[] = [
    'PerformanceProfile',
    'PersistentVolumeClaim',
    'Secret',
    'Deployment',
    'StatefulSet',
    'Pod',
  ];
  const lists = await Promise.all(kinds.map((kind) => cluster.list(kind, { namespace })));
  return lists.flatMap(({ items }) =>
    items.map(({ kind, metadata: { name, uid, deletionTimestamp }, data }) => ({
      kind,
      name,
      uid,
      deletionTimestamp,
      data,
    })),
  );
}

/** Whether the server knows the field that the newer chart brings; nothing is kept of the question. */
async function knowsNewField(): Promise<boolean> {
  const { cluster, namespace } = stage.server;
  const profile = {
    apiVersion: `${GROUP}/v1alpha1`,
    kind: 'PerformanceProfile',
    metadata: { name: 'question', namespace },
    spec: { ...spec, zeal: 'full' },
  };
  try {
    await cluster.apply(profile, { dryRun: true });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.message.includes('zeal')) return false;
    throw error;
  }
}

/** The next version of the chart: its custom resource has gained a field. */
function newerChart(): string {
  const chart = join(folder, 'pitcrew');
  cpSync(CHART, chart, { recursive: true });
  const edit = (file: string, from: RegExp, to: string) => {
    const [path, text] = [join(chart, file), readFileSync(join(chart, file), 'utf8')];
    expect(text).toMatch(from);
    writeFileSync(path, text.replace(from, to));
  };
  edit('Chart.yaml', /^version: .*$/m, 'version: 99.0.0');
  edit('templates/api.yaml', /^( +)edge:\n/m, '$1zeal:\n$1  type: string\n$1edge:\n');
  return chart;
}

const isThere = async (path: string): Promise<boolean> => {
  try {
    await stage.server.transport.request({ method: 'GET', path });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
};
const CRD = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${PLURAL}.${GROUP}`;
const CLUSTER_ROLE = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${OPERATOR}`;

/** The tests tell one story: each begins where the one before it ended. */
let owned: unknown;

describe('a release', () => {
  it('is all that the operator needs', async () => {
    const operator = await stage.start({ watch: 'all' });
    await stage.apply(spec);
    await ready();
    await operator.stop();
    owned = await possessions();
    expect(await knowsNewField()).toBe(false);
  });

  it('brings the new fields of the custom resource when it is upgraded', async () => {
    await helm(stage.server, 'upgrade', OPERATOR, newerChart());
    await waitFor('the new field', knowsNewField);
    expect(await possessions()).toEqual(owned);
  });

  it('is rolled back with them', async () => {
    await helm(stage.server, 'rollback', OPERATOR, '1');
    await waitFor('the field to go', async () => !(await knowsNewField()));
    expect(await possessions()).toEqual(owned);
  });

  it('gives rights in the namespaces of its values, and takes the others back', async () => {
    const only = `watchNamespaces={${stage.server.namespace}}`;
    await helm(stage.server, 'upgrade', OPERATOR, CHART, '--set', only);
    await waitFor('the rights of before to be forgotten', async () => {
      await expect(stage.start({ watch: 'all' })).rejects.toThrow('lacks rights in all namespaces');
      return true;
    });
    const operator = await stage.start();
    await ready();
    await operator.stop();
    expect(await possessions()).toEqual(owned);
  });

  it('takes nothing along when it is uninstalled', async () => {
    await helm(stage.server, 'uninstall', OPERATOR, '--wait');
    expect(await isThere(CLUSTER_ROLE)).toBe(false);
    expect(await isThere(`/apis/apps/v1/namespaces/${OPERATOR_NAMESPACE}/deployments/${OPERATOR}`)).toBe(false);
    expect(await isThere(CRD)).toBe(true);
    expect(await possessions()).toEqual(owned);
  });

  it('takes everything over when it is installed again', async () => {
    await installRelease(stage.server);
    await waitFor('the account', async () => isThere(CLUSTER_ROLE));
    const since = new Date();
    const operator = await stage.start({ watch: 'all' });
    await ready();
    await operator.stop();
    expect(stage.writes(since)).toEqual([]);
    expect(await possessions()).toEqual(owned);
  });

  it('takes over from install.yaml, and install.yaml from it, without a conflict', async () => {
    const { kubeconfig, binDir } = stage.server.real;
    const apply = () => kubectlFor(kubeconfig, binDir).pipe(renderInstall(), 'apply', '--server-side', '-f', '-');
    await helm(stage.server, 'uninstall', OPERATOR, '--wait');
    await apply();
    await helm(stage.server, 'install', OPERATOR, CHART, '--take-ownership');
    await apply();
    expect(await possessions()).toEqual(owned);
  });
});
