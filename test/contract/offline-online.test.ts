import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Kind } from '../../controller/cluster/resources.ts';
import { CREDENTIALS, stamp } from '../../controller/reconcile/desired.ts';
import { DESIRED_HASH } from '../../controller/reconcile/digest.ts';
import { CERTIFICATE, KEY } from '../../controller/reconcile/pair-fixture.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import { readProfiles } from '../../synth/offline.ts';
import { synthesize } from '../../synth/synthesize.ts';
import { useOperatorStage } from './operator-stage.ts';

/**
 * Offline = online: what the operator sent for each example is, byte for byte, what the offline rendering gives for
 * the facts that it recorded, but for what only the applier knows. Compared by the hash that travels with each object.
 */
const stage = useOperatorStage();
const folder = join(import.meta.dirname, '..', '..', 'examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** A node large enough for every example. It is cordoned: no kubelet stands behind it that would let a pod end. */
async function provideNode(): Promise<void> {
  const { cluster } = stage.server;
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'large' }, spec: { unschedulable: true } };
  await cluster.create(node).catch(() => {});
  const allocatable = { cpu: '8', memory: '32Gi', pods: '110' };
  await cluster.patch(
    'Node',
    { name: 'large' },
    { status: { allocatable, capacity: allocatable } },
    { subresource: 'status' },
  );
}

afterAll(async () => {
  const node = await stage.server.cluster.get('Node', { name: 'large' });
  if (node !== undefined) await stage.server.cluster.delete('Node', { name: 'large' }, { uid: node.metadata.uid });
});

async function provideCertificate(profile: Profile): Promise<void> {
  const name = profile.spec.edge.tls?.secretName;
  if (name === undefined) return;
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { name, namespace: stage.server.namespace },
  };
  await stage.server.cluster.apply({ ...secret, stringData: { 'tls.crt': CERTIFICATE, 'tls.key': KEY } } as never);
}

const credentialsOf = async (name: string): Promise<string | undefined> => {
  const deployment = await stage.get('Deployment', `${name}-backend`);
  const spec = deployment?.spec as { template: { metadata: { annotations?: Record<string, string> } } } | undefined;
  return spec?.template.metadata.annotations?.[CREDENTIALS];
};

describe('offline = online', () => {
  it.each(files)('%s', async (file) => {
    const [profile] = readProfiles(join(folder, file));
    if (profile === undefined) throw new Error(`${file} holds no profile`);
    const name = file.replace('.yaml', '').replaceAll(/[^a-z0-9]/g, '');
    await provideNode();
    await provideCertificate(profile);
    const operator = await stage.start();
    const { metadata } = await stage.apply(profile.spec, `x${name}`.slice(0, 40));
    await stage.waitCondition('Ready', { status: 'True' }, metadata.name);
    const { facts } = await stage.status(metadata.name);
    const owner = { name: metadata.name, namespace: stage.server.namespace, uid: metadata.uid };
    const here = { ...profile, metadata: { ...profile.metadata, ...owner } };
    const credentials = await credentialsOf(metadata.name);
    for (const placed of synthesize(here, facts as never).objects) {
      const { kind, metadata: wanted } = placed.object;
      const live = await stage.get(kind as Kind, wanted.name);
      expect(live?.metadata.annotations?.[DESIRED_HASH], `${kind}/${wanted.name}`).toBe(
        stamp(placed, owner, credentials).desired,
      );
    }
    await stage.server.cluster.delete('PerformanceProfile', metadata, { uid: metadata.uid });
    await operator.stop();
  });
});
