import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Link } from '../addresses.ts';
import { run } from '../host/run.ts';
import { systemRepository } from '../images/system-images.ts';
import type { Layout } from '../layout.ts';
import { versions } from '../programs/catalog.ts';
import { apiPort, podNetwork, serviceNetwork } from './constants.ts';

/** Identities beyond those that kubeadm makes by itself: file by user name. */
const extraUsers = [
  { file: 'kube-proxy.conf', user: 'system:kube-proxy', groups: [] },
  { file: 'local-path.conf', user: 'local-path-provisioner', groups: ['system:masters'] },
];

/** The kubeadm configuration of a cluster. */
export function kubeadmConfig(layout: Layout, link: Link): string {
  const apiVersion = 'kubeadm.k8s.io/v1beta4';
  const init = {
    apiVersion,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: link.nodeAddress, bindPort: apiPort },
    nodeRegistration: { name: layout.name, criSocket: `unix://${layout.containerdSocket}` },
  };
  const cluster = {
    apiVersion,
    kind: 'ClusterConfiguration',
    clusterName: layout.name,
    kubernetesVersion: `v${versions.kubernetes}`,
    certificatesDir: layout.pki,
    controlPlaneEndpoint: `${link.nodeAddress}:${apiPort}`,
    // An RSA key takes as long as all other certificates together.
    encryptionAlgorithm: 'ECDSA-P256',
    networking: { podSubnet: podNetwork, serviceSubnet: serviceNetwork, dnsDomain: 'cluster.local' },
    dns: { imageRepository: systemRepository, imageTag: `v${versions.coredns}` },
    etcd: { external: { endpoints: ['http://127.0.0.1:2379'] } },
    apiServer: { certSANs: ['localhost', '127.0.0.1'] },
  };
  return [init, cluster].map((document) => stringify(document)).join('---\n');
}

/** Path of the kubeadm configuration. */
export function kubeadmConfigFile(layout: Layout): string {
  return join(layout.config, 'kubeadm.yaml');
}

/** Makes certificates and kubeconfigs; each folder appears only when it is complete. */
export async function ensureIdentities(kubeadm: string, layout: Layout, link: Link): Promise<void> {
  mkdirSync(layout.config, { recursive: true });
  const config = kubeadmConfigFile(layout);
  writeFileSync(config, kubeadmConfig(layout, link));
  await makeFolder(layout.pki, async (folder) => {
    const draft = join(layout.config, 'kubeadm-draft.yaml');
    writeFileSync(draft, kubeadmConfig({ ...layout, pki: folder }, link));
    await run(kubeadm, ['init', 'phase', 'certs', 'all', '--config', draft]);
  });
  await makeFolder(layout.kubeconfigs, async (folder) => {
    await run(kubeadm, ['init', 'phase', 'kubeconfig', 'all', '--config', config, '--kubeconfig-dir', folder]);
    for (const { file, user, groups } of extraUsers) {
      const args = ['kubeconfig', 'user', '--config', config, '--client-name', user];
      const organizations = groups.flatMap((group) => ['--org', group]);
      writeFileSync(join(folder, file), await run(kubeadm, [...args, ...organizations]), { mode: 0o600 });
    }
  });
  if (!existsSync(layout.kubeconfig)) copyFileSync(join(layout.kubeconfigs, 'super-admin.conf'), layout.kubeconfig);
}

async function makeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  if (existsSync(path)) return;
  const draft = join(dirname(path), `${path.slice(path.lastIndexOf('/') + 1)}.new`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  await fill(draft);
  renameSync(draft, path);
}
