import { join } from 'node:path';
import type { Layout } from '../layout.ts';
import { nodePodNetwork } from './constants.ts';

/** The configuration of a cluster's own containerd. */
export function containerdConfig(layout: Layout, pauseImage: string, pluginFolder: string): string {
  const text = (value: string) => JSON.stringify(value);
  return `version = 2
root = ${text(join(layout.containerd, 'root'))}
state = ${text(join(layout.containerd, 'state'))}
disabled_plugins = ["io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]

[grpc]
  address = ${text(layout.containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(join(layout.containerd, 'opt'))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  # Without CAP_SYS_RESOURCE, as in most virtual build machines, no process may ask to be spared by the OOM killer.
  restrict_oom_score_adj = true
  # As k3s has it: a process that is not root may listen on port 80.
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(pluginFolder)}
  conf_dir = ${text(join(layout.cni, 'conf'))}

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
`;
}

/** The pod network: a bridge with addresses of the node's own range. It enforces no NetworkPolicy. */
export function networkConfig(layout: Layout): string {
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipMasq: true,
    hairpinMode: true,
    ipam: {
      type: 'host-local',
      dataDir: join(layout.cni, 'data'),
      ranges: [[{ subnet: nodePodNetwork }]],
      routes: [{ dst: '0.0.0.0/0' }],
    },
  };
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }];
  return `${JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins }, undefined, 2)}\n`;
}
