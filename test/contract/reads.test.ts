import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { classify } from '../../controller/cluster/classify.ts';
import { createCluster } from '../../controller/cluster/client.ts';
import { readEndpoint } from '../../controller/cluster/config.ts';
import { createEventRecorder } from '../../controller/cluster/events.ts';
import { createTransport } from '../../controller/cluster/transport.ts';
import { useApiServer } from './api-server.ts';

const server = useApiServer();
const folder = mkdtempSync(join(tmpdir(), 'pitcrew-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: server.namespace, labels: { set: 'pages' } },
});

describe('list', () => {
  it('reads all pages, in one namespace or in all, by label', async () => {
    const names = ['p1', 'p2', 'p3', 'p4', 'p5'];
    for (const name of names) await server.cluster.apply(configMap(name));
    const { namespace } = server;
    const here = await server.cluster.list('ConfigMap', { namespace, labelSelector: 'set=pages', pageSize: 2 });
    expect(here.items.map(({ metadata }) => metadata.name).sort()).toEqual(names);
    expect(here.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(here.resourceVersion).toMatch(/^\d+$/);
    const everywhere = await server.cluster.list('ConfigMap', { labelSelector: 'set=pages', pageSize: 3 });
    expect(everywhere.items.length).toBeGreaterThanOrEqual(5);
    const one = await server.cluster.list('ConfigMap', { namespace, fieldSelector: 'metadata.name=p3' });
    expect(one.items).toHaveLength(1);
  });
});

describe('get', () => {
  it('finds nothing where nothing is', async () => {
    expect(await server.cluster.get('ConfigMap', { namespace: server.namespace, name: 'absent' })).toBeUndefined();
    expect(await server.cluster.get('ConfigMap', { namespace: 'no-such-namespace', name: 'absent' })).toBeUndefined();
    expect(await server.cluster.get('Node', { name: 'absent' })).toBeUndefined();
    expect(await server.cluster.get('Namespace', { name: 'no-such-namespace' })).toBeUndefined();
  });

  it('takes a kind that the server does not know for another thing than an absent object', async () => {
    const path = '/apis/no-such-group.example/v1/namespaces/default/things/one';
    const error = await server.transport.request({ method: 'GET', path }).catch((thrown: unknown) => thrown);
    expect(classify(error)).toMatchObject({ kind: 'Rejected', pace: 'slow' });
  });
});

describe('the server itself', () => {
  it('tells its version', async () => {
    expect(Number((await server.cluster.version()).minor)).toBeGreaterThanOrEqual(33);
  });

  it('tells what we may', async () => {
    expect(await server.cluster.mayI({ verb: 'patch', kind: 'Deployment' })).toBe(true);
  });
});

describe('credentials', () => {
  it('are read again from their file when the server refuses them, without a restart', async () => {
    const { namespace } = server;
    await server.cluster.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace } });
    const token = await tokenOf(namespace, 'robot');
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'expired\n');
    const transport = createTransport({ endpoint: readEndpoint({ kubeconfig: await kubeconfigWith(tokenFile) }) });
    const cluster = createCluster({ transport });
    const refused = await cluster.version().catch((thrown: unknown) => thrown);
    expect(classify(refused).kind).toBe('Unavailable');
    writeFileSync(tokenFile, `${token}\n`);
    expect(await cluster.mayI({ verb: 'delete', kind: 'Node' })).toBe(false);
    const forbidden = await cluster.list('Secret', { namespace }).catch((thrown: unknown) => thrown);
    expect(classify(forbidden)).toMatchObject({ kind: 'Rejected' });
    await transport.close();
  });
});

async function tokenOf(namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const answer = await server.transport.request({ method: 'POST', path, body });
  return (answer.body as { status: { token: string } }).status.token;
}

async function kubeconfigWith(tokenFile: string): Promise<string> {
  const endpoint = readEndpoint({ kubeconfig: server.real.kubeconfig });
  const { tls } = await endpoint.readCredentials(false);
  const path = join(folder, 'kubeconfig');
  const ca = Buffer.from(tls.ca ?? '').toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'robot',
    contexts: [{ name: 'robot', context: { cluster: 'c', user: 'robot' } }],
    clusters: [{ name: 'c', cluster: { server: endpoint.server, 'certificate-authority-data': ca } }],
    users: [{ name: 'robot', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

describe('events', () => {
  it('are taken by the server, and counted', async () => {
    const { object } = await server.cluster.apply(configMap('regarded'));
    const dropped: unknown[] = [];
    const observer = { dropped: (_why: string, error?: unknown) => dropped.push(error) };
    const recorder = createEventRecorder({ transport: server.transport, observer });
    const note = { type: 'Warning', reason: 'Drifted', action: 'Apply', note: 'somebody changed data.a' } as const;
    for (let time = 0; time < 3; time += 1) recorder.record(object, note);
    await recorder.flush();
    const { items } = await server.cluster.list('Event', { namespace: server.namespace });
    const ours = items.filter(({ regarding }) => (regarding as { uid: string }).uid === object.metadata.uid);
    expect(dropped).toEqual([]);
    expect(ours).toHaveLength(1);
    expect(ours[0]).toMatchObject({
      ...note,
      series: { count: 3 },
      reportingController: 'performance.bahamm.ir/pitcrew',
    });
  });
});
