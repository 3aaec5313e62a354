import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { json, type StandIn, startStandIn } from '../controller/cluster/stand-in.ts';
import { readFacts } from '../synth/offline.ts';
import { factsText } from './facts-text.ts';
import { pitcrew } from './pitcrew.ts';

const plain = { columns: 100, colour: false };
const around = { terminal: plain, errors: plain, readStdin: async () => '' };

const node = (name: string, taints: object[] = []) => ({
  metadata: { name },
  spec: { taints },
  status: { allocatable: { cpu: '2', memory: '3998Mi' } },
});

const DEFAULT_CLASS = {
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'rancher.io/local-path',
};
const pod = (cpu: string, namespace: string, labels: object = {}) => ({
  metadata: { name: 'p', namespace, labels },
  spec: { nodeName: 'a', containers: [{ resources: { requests: { cpu, memory: '70Mi' } } }] },
});
const ofProfile = (name: string) => ({ 'performance.bahamm.ir/profile': name });

let server: StandIn;
let folder: string;
let nodes: object[];
let pods: object[];
let forbidden: readonly string[];
beforeEach(async () => {
  nodes = [node('a')];
  pods = [];
  forbidden = [];
  server = await startStandIn(({ path }, response) => {
    if (path === '/version') return json(response, 200, { major: '1', minor: '35', gitVersion: 'v1.35.4+k3s1' });
    if (forbidden.some((word) => path.includes(word))) return json(response, 403, { kind: 'Status', code: 403 });
    if (path.endsWith('/services/kube-dns')) return json(response, 200, { spec: { clusterIP: '10.43.0.10' } });
    const items = path.endsWith('/pods') ? pods : path.endsWith('/storageclasses') ? [DEFAULT_CLASS] : nodes;
    return json(response, 200, { metadata: { resourceVersion: '1' }, items });
  });
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-facts-'));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The whole way, from the words of the command line over a kubeconfig to a server that answers. */
function facts(...words: string[]) {
  const kubeconfig = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.endpoint.server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 't' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  return pitcrew(['facts', '--kubeconfig', kubeconfig, ...words], around);
}

describe('pitcrew facts', () => {
  it('prints a commented file that --facts reads', async () => {
    const { code, stdout = '' } = await facts();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# What the cluster offers, from 1 node\. /);
    expect(parse(stdout)).toEqual({
      kubernetesVersion: '1.35.4',
      allocatableCpuMillis: 2000,
      allocatableMemoryMiB: 3968,
      nodeCount: 1,
      otherCpuMillis: 0,
      otherMemoryMiB: 0,
      defaultStorageProvisioner: 'rancher.io/local-path',
      clusterDnsAddress: '10.43.0.10',
    });
    const file = join(folder, 'facts.yaml');
    writeFileSync(file, stdout);
    expect(readFacts(file)).toEqual(parse(stdout));
    // A file that is committed must not tell where the cluster is.
    expect(stdout).not.toContain('127.0.0.1');
  });

  it('leaves out nodes that the stack may not run on, and says so', async () => {
    nodes = [node('a'), node('b', [{ key: 'gpu', effect: 'NoSchedule' }])];
    const { stdout = '' } = await facts();
    expect(stdout).toContain('from 2 nodes, 1 of them left out because of their taints');
    expect(parse(stdout)).toMatchObject({ allocatableCpuMillis: 2000 });
  });

  it('counts the pods of nobody, and beside a profile those of the others', async () => {
    pods = [pod('100m', 'kube-system'), pod('1', 'shop', ofProfile('shop')), pod('1', 'blog', ofProfile('shop'))];
    const others = async (...words: string[]) => parse((await facts(...words)).stdout ?? '');
    expect(await others()).toMatchObject({ otherCpuMillis: 100, otherMemoryMiB: 128 });
    expect(await others('--profile', 'shop/shop')).toMatchObject({ otherCpuMillis: 1100, otherMemoryMiB: 192 });
    expect(await facts('--profile', 'shop')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('write NAMESPACE/NAME, for example shop/shop'),
    });
  });

  it('leaves out what may not be read, and says which right is missing', async () => {
    forbidden = ['/pods', '/storageclasses', '/services'];
    const { code, stdout = '' } = await facts();
    expect(code).toBe(0);
    expect(Object.keys(parse(stdout))).toEqual([
      'kubernetesVersion',
      'allocatableCpuMillis',
      'allocatableMemoryMiB',
      'nodeCount',
    ]);
    expect(stdout).toContain('# otherCpuMillis and otherMemoryMiB are missing: you may not list pods');
    expect(stdout).toContain('# defaultStorageProvisioner is missing: you may not list storageclasses');
    expect(stdout).toContain('# clusterDnsAddress is missing: you may not get Service kube-dns');
  });

  it('prints JSON for machines', async () => {
    const { stdout = '' } = await facts('-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ kubernetesVersion: '1.35.4' });
  });

  it('says why there are no facts', async () => {
    nodes = [];
    expect(await facts()).toMatchObject({ code: 2, stderr: expect.stringContaining('has no node yet') });
    nodes = [node('b', [{ key: 'gpu', effect: 'NoSchedule' }])];
    expect(await facts()).toMatchObject({ code: 2, stderr: expect.stringContaining('kubectl describe nodes') });
  });

  it.each([
    [403, 'you may not list nodes'],
    [401, 'the cluster does not know who you are'],
  ])('says what to do about a %i', async (status, said) => {
    server.answerWith((_, response) => json(response, status, { kind: 'Status', message: 'no', code: status }));
    expect(await facts()).toMatchObject({ code: 2, stderr: expect.stringContaining(said) });
  });

  it('says which kubeconfig it could not use', async () => {
    const { code, stderr } = await pitcrew(['facts', '--kubeconfig', join(folder, 'none')], around);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('/none') });
  });

  it('has a comment for each fact', () => {
    const around = { nodeCount: 1, otherCpuMillis: 0, otherMemoryMiB: 0 };
    const facts = { ...readFacts(undefined), ...around, defaultStorageProvisioner: 'a', clusterDnsAddress: '::1' };
    const text = factsText({ facts, isUsable: true, nodes: 1, leftOut: 0, forbidden: [] });
    const bare = text.split('\n').filter((line) => line !== '' && !line.includes('#'));
    expect(bare).toEqual([]);
  });
});
