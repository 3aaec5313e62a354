import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Link } from '../addresses.ts';
import type { Service } from '../host/service.ts';
import type { Layout } from '../layout.ts';
import { openApi } from './api.ts';
import { apiPort, podNetwork, serviceNetwork } from './constants.ts';
import { isHealthy } from './http.ts';

/** Gives the path of a program by its name. */
export type ProgramOf = (name: string) => string;

/** The services of the control plane, in the order to start them. */
export function controlPlaneServices(layout: Layout, link: Link, programOf: ProgramOf): Service[] {
  return [
    etcd(layout, link, programOf('etcd')),
    apiServer(layout, link, programOf('kube-apiserver')),
    controllerManager(layout, link, programOf('kube-controller-manager')),
    scheduler(layout, link, programOf('kube-scheduler')),
  ];
}

function etcd(layout: Layout, link: Link, program: string): Service {
  const client = 'http://127.0.0.1:2379';
  const peer = 'http://127.0.0.1:2380';
  const metrics = `http://${link.nodeAddress}:2381`;
  return {
    name: 'etcd',
    program,
    args: [
      `--name=${layout.name}`,
      `--data-dir=${layout.etcdData}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${layout.name}=${peer}`,
      `--listen-metrics-urls=${metrics}`,
      // The data is not worth waiting for the disk: it is gone with the cluster.
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    deadlineMs: 30_000,
    ready: () => isHealthy(`${metrics}/health`),
  };
}

/** Every finished request, without bodies: enough to count writes and to see who made them. */
const auditPolicy = stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
});

function apiServer(layout: Layout, link: Link, program: string): Service {
  const auditPolicyFile = join(layout.config, 'audit-policy.yaml');
  return {
    name: 'kube-apiserver',
    program,
    args: [
      `--advertise-address=${link.nodeAddress}`,
      `--secure-port=${apiPort}`,
      '--etcd-servers=http://127.0.0.1:2379',
      `--service-cluster-ip-range=${serviceNetwork}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      '--kubelet-preferred-address-types=InternalIP',
      ...certificateFlags(layout.pki),
      `--audit-policy-file=${auditPolicyFile}`,
      `--audit-log-path=${layout.auditLog}`,
      '--audit-log-format=json',
      // A reader follows this file from a place in it, so it shall hardly ever be turned over.
      '--audit-log-maxsize=1024',
      '--audit-log-maxbackup=1',
    ],
    files: { [auditPolicyFile]: auditPolicy },
    deadlineMs: 120_000,
    ready: () => openApi(layout.kubeconfig).ready(),
  };
}

function certificateFlags(pki: string): string[] {
  const at = (file: string) => join(pki, file);
  return [
    `--client-ca-file=${at('ca.crt')}`,
    `--tls-cert-file=${at('apiserver.crt')}`,
    `--tls-private-key-file=${at('apiserver.key')}`,
    `--kubelet-client-certificate=${at('apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${at('apiserver-kubelet-client.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${at('sa.pub')}`,
    `--service-account-signing-key-file=${at('sa.key')}`,
    `--proxy-client-cert-file=${at('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${at('front-proxy-client.key')}`,
    `--requestheader-client-ca-file=${at('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
  ];
}

function controllerManager(layout: Layout, link: Link, program: string): Service {
  const kubeconfig = join(layout.kubeconfigs, 'controller-manager.conf');
  return {
    name: 'kube-controller-manager',
    program,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--bind-address=${link.nodeAddress}`,
      '--leader-elect=false',
      '--use-service-account-credentials=true',
      // With the default of 20 a second, the accounts of its own controllers alone take five seconds at each start.
      '--kube-api-qps=200',
      '--kube-api-burst=400',
      '--allocate-node-cidrs=true',
      `--cluster-cidr=${podNetwork}`,
      `--service-cluster-ip-range=${serviceNetwork}`,
      `--cluster-name=${layout.name}`,
      `--root-ca-file=${join(layout.pki, 'ca.crt')}`,
      `--service-account-private-key-file=${join(layout.pki, 'sa.key')}`,
      `--cluster-signing-cert-file=${join(layout.pki, 'ca.crt')}`,
      `--cluster-signing-key-file=${join(layout.pki, 'ca.key')}`,
      `--flex-volume-plugin-dir=${join(layout.config, 'volume-plugins')}`,
    ],
    deadlineMs: 30_000,
    ready: () => isHealthy(`https://${link.nodeAddress}:10257/healthz`),
  };
}

function scheduler(layout: Layout, link: Link, program: string): Service {
  return {
    name: 'kube-scheduler',
    program,
    args: [
      `--kubeconfig=${join(layout.kubeconfigs, 'scheduler.conf')}`,
      `--bind-address=${link.nodeAddress}`,
      '--leader-elect=false',
    ],
    deadlineMs: 30_000,
    ready: () => isHealthy(`https://${link.nodeAddress}:10259/healthz`),
  };
}
