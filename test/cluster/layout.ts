import { join } from 'node:path';
import type { ClusterNames } from './names.ts';

/** The folders and files of one cluster. */
export interface Layout extends ClusterNames {
  /** What the cluster is: its options, its network, what it was built from. */
  record: string;
  logs: string;
  /** Pid files. */
  run: string;
  config: string;
  pki: string;
  kubeconfigs: string;
  kubeconfig: string;
  auditLog: string;
  etcdData: string;
  containerd: string;
  containerdSocket: string;
  kubelet: string;
  podLogs: string;
  volumes: string;
  cni: string;
  /** Holds the mount that keeps the cluster's mount namespace alive. */
  namespaces: string;
  mountNamespace: string;
  netNamespace: string;
  /** What the cluster's processes see at /run, /var/log and the like. */
  overlays: string;
}

/** Lays out the folder of a cluster. */
export function layoutOf(names: ClusterNames): Layout {
  const at = (...parts: string[]) => join(names.stateDir, ...parts);
  return {
    ...names,
    record: at('cluster.json'),
    logs: at('logs'),
    run: at('run'),
    config: at('config'),
    pki: at('pki'),
    kubeconfigs: at('kubeconfigs'),
    kubeconfig: at('kubeconfig'),
    auditLog: at('logs', 'audit.log'),
    etcdData: at('etcd'),
    containerd: at('containerd'),
    containerdSocket: at('run', 'containerd.sock'),
    kubelet: at('kubelet'),
    podLogs: at('pod-logs'),
    volumes: at('volumes'),
    cni: at('cni'),
    namespaces: at('namespaces'),
    mountNamespace: at('namespaces', 'mnt'),
    netNamespace: join('/run/netns', names.id),
    overlays: at('overlays'),
  };
}
