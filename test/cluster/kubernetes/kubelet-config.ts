import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Link } from '../addresses.ts';
import type { Layout } from '../layout.ts';
import { dnsAddress } from './constants.ts';

/** Port on which the kubelet tells its health. */
export const kubeletHealthPort = 10248;

/** The kubelet's configuration. */
export function kubeletConfig(layout: Layout, link: Link): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${layout.containerdSocket}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(layout.pki, 'ca.crt') },
    },
    // A refusal from the moment before a right was given shall not outlive it by the usual half minute.
    authorization: { mode: 'Webhook', webhook: { cacheUnauthorizedTTL: '1s' } },
    clusterDomain: 'cluster.local',
    clusterDNS: [dnsAddress],
    resolvConf: resolverFile(layout),
    healthzBindAddress: link.nodeAddress,
    healthzPort: kubeletHealthPort,
    cgroupDriver: 'cgroupfs',
    // A root of its own, so that neither clusters nor the host's groups mix.
    cgroupRoot: `/${layout.id}`,
    failCgroupV1: false,
    failSwapOn: false,
    // Needs CAP_SYS_RESOURCE when negative.
    oomScoreAdj: 0,
    podLogsDir: layout.podLogs,
    volumePluginDir: join(layout.kubelet, 'volume-plugins'),
    // Images are imported, not pulled: once collected they could not come back.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '1%',
      'nodefs.inodesFree': '1%',
      'imagefs.available': '1%',
    },
  });
}

/** What pods with the node's DNS, CoreDNS above all, get as resolv.conf. */
export function resolverFile(layout: Layout): string {
  return join(layout.config, 'resolv.conf');
}

/** Names outside the cluster are refused at once by the host's end of the link, where nobody resolves them. */
export function resolverConfig(link: Link): string {
  return `nameserver ${link.hostAddress}\n`;
}
