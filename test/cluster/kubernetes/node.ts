import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Link } from '../addresses.ts';
import { succeeds } from '../host/run.ts';
import type { Service } from '../host/service.ts';
import { ctrOf } from '../images/import.ts';
import type { SystemImages } from '../images/system-images.ts';
import type { Layout } from '../layout.ts';
import { findProgram, pluginFolders } from '../programs/packages.ts';
import { nodeIsReady, openApi } from './api.ts';
import { podNetwork } from './constants.ts';
import { containerdConfig, networkConfig } from './containerd-config.ts';
import type { ProgramOf } from './control-plane.ts';
import { isHealthy } from './http.ts';
import { kubeletConfig, kubeletHealthPort, resolverConfig, resolverFile } from './kubelet-config.ts';

/** Containerd, without which no image can be imported. */
export function containerdService(layout: Layout, images: SystemImages): Service {
  const configFile = join(layout.config, 'containerd.toml');
  const { program, args } = ctrOf(layout.containerdSocket);
  return {
    name: 'containerd',
    program: findProgram('containerd') ?? 'containerd',
    args: [`--config=${configFile}`],
    files: {
      [configFile]: containerdConfig(layout, images.pause.name, pluginFolder()),
      [join(layout.cni, 'conf', '10-pods.conflist')]: networkConfig(layout),
    },
    deadlineMs: 30_000,
    ready: async () => {
      if (!existsSync(layout.containerdSocket)) return 'no socket yet';
      return (await succeeds(program, [...args, 'version'], { timeoutMs: 5_000 })) || 'containerd does not answer';
    },
  };
}

/** Kubelet and kube-proxy. */
export function nodeServices(layout: Layout, link: Link, programOf: ProgramOf): Service[] {
  return [kubelet(layout, link, programOf('kubelet')), kubeProxy(layout, link, programOf('kube-proxy'))];
}

function kubelet(layout: Layout, link: Link, program: string): Service {
  const configFile = join(layout.config, 'kubelet.yaml');
  return {
    name: 'kubelet',
    program,
    args: [
      `--config=${configFile}`,
      `--kubeconfig=${join(layout.kubeconfigs, 'kubelet.conf')}`,
      `--hostname-override=${layout.name}`,
      `--node-ip=${link.nodeAddress}`,
      `--root-dir=${layout.kubelet}`,
      `--cert-dir=${join(layout.kubelet, 'pki')}`,
    ],
    files: { [configFile]: kubeletConfig(layout, link), [resolverFile(layout)]: resolverConfig(link) },
    deadlineMs: 60_000,
    ready: async () => {
      const health = await isHealthy(`http://${link.nodeAddress}:${kubeletHealthPort}/healthz`);
      return health === true ? nodeIsReady(openApi(layout.kubeconfig), layout.name) : health;
    },
  };
}

function kubeProxy(layout: Layout, link: Link, program: string): Service {
  const kubeconfig = join(layout.kubeconfigs, 'kube-proxy.conf');
  return {
    name: 'kube-proxy',
    program,
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${layout.name}`,
      `--cluster-cidr=${podNetwork}`,
      '--proxy-mode=iptables',
      // The size of the connection table belongs to the host.
      '--conntrack-max-per-core=0',
      '--oom-score-adj=0',
      `--healthz-bind-address=${link.nodeAddress}:10256`,
    ],
    deadlineMs: 30_000,
    ready: () => isHealthy(`http://${link.nodeAddress}:10256/healthz`),
  };
}

function pluginFolder(): string {
  return pluginFolders.find((folder) => existsSync(join(folder, 'bridge'))) ?? pluginFolders[0] ?? '';
}
