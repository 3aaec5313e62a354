import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { linkOfBlock } from '../addresses.ts';
import { layoutOf } from '../layout.ts';
import { clusterNames } from '../names.ts';
import { dnsManifests } from './addons.ts';
import { containerdConfig, networkConfig } from './containerd-config.ts';
import { controlPlaneServices } from './control-plane.ts';
import { kubeadmConfig } from './kubeadm.ts';
import { kubeletConfig } from './kubelet-config.ts';

const layout = layoutOf(clusterNames('test', {}));
const link = linkOfBlock(5);

test('kubeadm signs for the address that the host uses', () => {
  const documents = parseAllDocuments(kubeadmConfig(layout, link)).map((document) => document.toJS());
  expect(documents.map(({ kind }) => kind)).toEqual(['InitConfiguration', 'ClusterConfiguration']);
  expect(documents[1]).toMatchObject({ controlPlaneEndpoint: '198.18.0.22:6443', certificatesDir: layout.pki });
});

test('the kubelet runs on cgroup v1, keeps imported images and has a cgroup root of its own', () => {
  expect(parse(kubeletConfig(layout, link))).toMatchObject({
    failCgroupV1: false,
    cgroupRoot: '/pitcrew-test',
    imageGCHighThresholdPercent: 100,
    oomScoreAdj: 0,
  });
});

test('containerd keeps to the folder of its cluster', () => {
  const config = containerdConfig(layout, 'localhost/pitcrew/pause:1', '/usr/lib/cni');
  expect(config).toContain('restrict_oom_score_adj = true');
  const paths = [...config.matchAll(/= "(\/[^"]*)"/g)].map((match) => match[1]);
  expect(paths.filter((path) => !path?.startsWith(layout.stateDir))).toEqual(['/usr/lib/cni']);
  expect(JSON.parse(networkConfig(layout)).plugins[0].ipam.dataDir).toContain(layout.stateDir);
});

describe('control plane', () => {
  const services = controlPlaneServices(layout, link, (name) => `/bin/${name}`);

  test('starts in the order in which one needs the other', () => {
    expect(services.slice(0, 2).map(({ name }) => name)).toEqual(['etcd', 'kube-apiserver']);
  });

  test('the API server writes an audit log of every request, without bodies', () => {
    const server = services[1];
    expect(server?.args).toContain(`--audit-log-path=${layout.auditLog}`);
    expect(parse(Object.values(server?.files ?? {})[0] ?? '').rules).toEqual([{ level: 'Metadata' }]);
  });
});

test('CoreDNS runs once, forwards nowhere, and its objects carry no condition', () => {
  const corefile =
    '.:53 {\n    errors\n    forward . /etc/resolv.conf {\n       max_concurrent 1000\n    }\n    cache 30\n}\n';
  const containers = [{ name: 'coredns', readinessProbe: { httpGet: {} } }];
  const quick = [{ name: 'coredns', readinessProbe: { httpGet: {}, periodSeconds: 2 } }];
  const printed = [
    { kind: 'Deployment', metadata: {}, spec: { replicas: 2, template: { spec: { affinity: {}, containers } } } },
    { kind: 'Service', metadata: { resourceVersion: '0' } },
    { kind: 'ConfigMap', metadata: {}, data: { Corefile: corefile } },
  ];
  const manifests = dnsManifests(`---\n${printed.map((manifest) => stringify(manifest)).join('---\n')}`);
  expect(manifests).toEqual([
    { kind: 'Deployment', metadata: {}, spec: { replicas: 1, template: { spec: { containers: quick } } } },
    { kind: 'Service', metadata: {} },
    { kind: 'ConfigMap', metadata: {}, data: { Corefile: '.:53 {\n    errors\n    cache 30\n}\n' } },
  ]);
});
