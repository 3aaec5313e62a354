import { beforeAll, describe, expect, it } from 'vitest';
import { customResourceDefinition } from '../../crds/crd.ts';
import { parseProfile } from '../../crds/performance-profile.ts';
import { startCluster } from '../cluster/cluster.ts';
import { type Kubectl, kubectlFor } from '../support/kubectl.ts';
import { seedProfile } from '../support/profiles.ts';
import { CONTRACT_CLUSTER } from './api-server.ts';

/** Bad input is refused by the API server itself, with field, value and bound, also while the operator is down. */
let kubectl: Kubectl;

beforeAll(async () => {
  const cluster = await startCluster({ name: CONTRACT_CLUSTER, node: false });
  kubectl = kubectlFor(cluster.kubeconfig, cluster.binDir);
  await kubectl.pipe(
    JSON.stringify(customResourceDefinition()),
    'apply',
    '--server-side',
    '--force-conflicts',
    '-f',
    '-',
  );
  await kubectl.run(
    'wait',
    '--for=condition=Established',
    'crd/performanceprofiles.performance.bahamm.ir',
    '--timeout=30s',
  );
  await kubectl.pipe(
    JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bahamm' } }),
    'apply',
    '-f',
    '-',
  );
});

/** The seed with one value set (undefined removes the field). */
function seedWith(path: string, value: unknown): unknown {
  const copy = structuredClone(seedProfile()) as unknown as Record<string, unknown>;
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let node = copy;
  for (const part of parts) node = node[part] as Record<string, unknown>;
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy;
}

const tryApply = async (raw: unknown): Promise<{ refused: boolean; text: string }> => {
  try {
    return {
      refused: false,
      text: await kubectl.pipe(JSON.stringify(raw), 'apply', '--dry-run=server', '--validate=strict', '-f', '-'),
    };
  } catch (error) {
    return { refused: true, text: (error as Error).message };
  }
};

describe('the API server', () => {
  it('takes the guide literally, and keeps every field', async () => {
    const stored = JSON.parse(
      await kubectl.pipe(JSON.stringify(seedProfile()), 'apply', '--dry-run=server', '-o', 'json', '-f', '-'),
    ) as { spec: unknown };
    expect(stored.spec).toEqual(seedProfile().spec);
  });

  it.each([
    ['spec.backend.workers', 0, [/spec\.backend\.workers/, /0/, /greater than or equal to 1/]],
    ['spec.backend.workers', 33, [/spec\.backend\.workers/, /less than or equal to 32/]],
    ['spec.backend.surprise', 1, [/unknown field "spec\.backend\.surprise"/]],
    ['spec.edge.cache.api.ttlSeconds', '5m', [/spec\.edge\.cache\.api\.ttlSeconds/, /string/, /integer/]],
    ['spec.edge.hosts', ['bahamm.ir\nserver_name evil;'], [/spec\.edge\.hosts\[0\]/, /should match/]],
    ['spec.edge.cache.api.paths', ['/api/"; return 200'], [/spec\.edge\.cache\.api\.paths\[0\]/, /should match/]],
    ['spec.edge.tls.secretName', undefined, [/spec\.edge\.tls\.secretName/, /Required/]],
    ['spec.backend.maxRequestsJitter', 1001, [/spec\.backend/, /maxRequestsJitter must not exceed maxRequests/]],
    ['spec.backend.resources.requests.cpu', 2, [/spec\.backend\.resources/, /a request must not exceed its limit/]],
    [
      'spec.postgres.parameters.minWalSize',
      '4GB',
      [/spec\.postgres\.parameters/, /minWalSize must be smaller than maxWalSize/],
    ],
    ['spec.postgres.parameters.workMem', '1kB', [/spec\.postgres\.parameters\.workMem/, /between 64kB/]],
    ['spec.postgres.parameters.workMem', '4Mi', [/spec\.postgres\.parameters\.workMem/]],
    [
      'spec.postgres.extraParameters',
      [{ name: 'archive_command', value: 'sh -c evil' }],
      [/spec\.postgres\.extraParameters\[0\]\.name/, /belongs to the operator/],
    ],
    [
      'spec.postgres.extraParameters',
      [{ name: 'include', value: '/etc/passwd' }],
      [/spec\.postgres\.extraParameters\[0\]\.name/, /belongs to the operator/],
    ],
    [
      'spec.postgres.extraParameters',
      [{ name: 'work_mem', value: '64MB' }],
      [/spec\.postgres\.extraParameters\[0\]\.name/, /has a field of its own/],
    ],
    [
      'spec.postgres.extraParameters',
      [{ name: 'temp_file_limit', value: "1GB'\nfsync = off" }],
      [/spec\.postgres\.extraParameters\[0\]\.value/, /should match/],
    ],
    [
      'spec.postgres.extraParameters',
      [
        { name: 'jit', value: 'on' },
        { name: 'jit', value: 'off' },
      ],
      [/spec\.postgres\.extraParameters\[1\]/, /Duplicate value/],
    ],
    ['spec.postgres.storage', undefined, [/spec\.postgres/, /needs storage\.size/]],
    ['spec.policy.reason', undefined, [/spec\.policy/, /needs a reason/]],
    ['spec.edge.clientIdentity.source', 'XForwardedFor', [/spec\.edge\.clientIdentity/, /needs trustedCIDRs/]],
    ['spec.edge.maxBodySize', '20Gi', [/spec\.edge\.maxBodySize/, /must be a quantity between 1Ki and 10Gi/]],
    ['spec.edge.buffers.clientBody', 1023, [/spec\.edge\.buffers\.clientBody/, /between 1Ki and 8Mi/]],
    ['spec.edge.buffers.output', '0.5m', [/spec\.edge\.buffers\.output/, /between 4Ki and 1Mi/]],
    ['metadata.name', `x${'y'.repeat(40)}`, [/at most 40 characters/]],
  ])('refuses %s = %j as parseProfile does', async (path, value, says) => {
    const raw = seedWith(path, value);
    const answer = await tryApply(raw);
    expect(answer.refused, answer.text).toBe(true);
    for (const pattern of says) expect(answer.text).toMatch(pattern);
    expect('issues' in parseProfile(raw)).toBe(true);
  });

  it('takes an integer or a string where Kubernetes has a quantity', async () => {
    for (const cpu of [1, '1', '750m', '0.5'])
      expect(await tryApply(seedWith('spec.backend.resources.requests.cpu', cpu))).toMatchObject({ refused: false });
    for (const size of [1024, '1Ki', '8Mi', '1.5M', '8192Ki'])
      expect(await tryApply(seedWith('spec.edge.buffers.clientBody', size))).toMatchObject({ refused: false });
  });
});
