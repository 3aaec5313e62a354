import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { run } from '../host/run.ts';
import type { Layout } from '../layout.ts';
import type { ProgramOf } from './control-plane.ts';
import { kubeadmConfigFile } from './kubeadm.ts';
import { storageManifests } from './storage.ts';

interface Manifest {
  kind: string;
  metadata: { resourceVersion?: string };
  data?: { Corefile?: string };
  spec?: DeploymentSpec;
}

interface DeploymentSpec {
  replicas?: number;
  template?: { spec: { affinity?: unknown; containers: { readinessProbe?: { periodSeconds?: number } }[] } };
}

/** kubeadm puts the API server, as a client of the kubelet, into this group; without rights no exec and no logs. */
const apiServerBinding = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'kubeadm:cluster-admins' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'kubeadm:cluster-admins' }],
};

/** Applies DNS, storage and the rights they need, unless just that was applied before. */
export async function ensureAddons(layout: Layout, programOf: ProgramOf): Promise<void> {
  const printed = await run(programOf('kubeadm'), [
    ...['init', 'phase', 'addon', 'coredns', '--print-manifest'],
    ...['--config', kubeadmConfigFile(layout)],
  ]);
  const manifests = [apiServerBinding, ...dnsManifests(printed), ...storageManifests()];
  const text = manifests.map((manifest) => stringify(manifest)).join('---\n');
  const digest = createHash('sha256').update(text).digest('hex');
  const appliedFile = join(layout.config, 'addons.applied');
  if (existsSync(appliedFile) && readFileSync(appliedFile, 'utf8') === digest) return;
  const apply = ['apply', '--server-side', '--force-conflicts', '--field-manager=pitcrew-cluster', '-f', '-'];
  await run(programOf('kubectl'), [`--kubeconfig=${layout.kubeconfig}`, ...apply], { input: text });
  writeFileSync(appliedFile, digest);
}

/** kubeadm's own manifests, with one replica, as k3s runs it: a second on the same node only takes CPU from the tests. */
export function dnsManifests(printed: string): object[] {
  const manifests = parseAllDocuments(printed)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
  for (const manifest of manifests) {
    // Only a plain update needs it; in server-side apply it would be a condition.
    delete manifest.metadata.resourceVersion;
    if (manifest.data?.Corefile) manifest.data.Corefile = withoutForwarding(manifest.data.Corefile);
    if (manifest.kind === 'Deployment' && manifest.spec) runOnce(manifest.spec);
  }
  return manifests;
}

function runOnce(spec: DeploymentSpec): void {
  spec.replicas = 1;
  const pod = spec.template?.spec;
  delete pod?.affinity;
  // With the usual ten seconds, a first question that comes a moment too early costs each start these ten seconds.
  for (const container of pod?.containers ?? []) {
    if (container.readinessProbe) container.readinessProbe.periodSeconds = 2;
  }
}

/** Nothing leads out of the cluster, so a name outside it is refused at once instead of after a wait for nobody. */
function withoutForwarding(corefile: string): string {
  return corefile.replace(/^ *forward [^{}]*\{[^{}]*\}\n/m, '');
}
