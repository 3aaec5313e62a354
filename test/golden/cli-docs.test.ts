import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, type StandIn, startStandIn } from '../../controller/cluster/stand-in.ts';

/**
 * Every command of docs/cli.md is run as it stands there, by a shell, and prints what stands below it.
 * `make golden` writes what they print today into the page; the diff is for a person to read.
 */
const root = join(import.meta.dirname, '..', '..');
const page = join(root, 'docs', 'cli.md');
const text = readFileSync(page, 'utf8');
const BLOCK = /^```console\n([\s\S]*?)^```$/gm;

interface Example {
  readonly command: string;
  readonly output: string;
}

/** The commands of a block; what stands between two of them is the output of the first. */
function examplesOf(block: string): Example[] {
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n');
      return { command, output: output.join('\n') };
    });
}

let server: StandIn;
let folder: string;

/** What k3s brings, as far as `facts` asks for it; the rest of the tool needs no cluster. */
const coredns = {
  metadata: { name: 'coredns', namespace: 'kube-system' },
  spec: { nodeName: 'a', containers: [{ resources: { requests: { cpu: '100m', memory: '70Mi' } } }] },
};
const localPath = {
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'rancher.io/local-path',
};

/** The server that `facts` asks. */
beforeAll(async () => {
  server = await startStandIn(({ path }, response) => {
    const allocatable = { cpu: '2', memory: '3998Mi' };
    if (path === '/version') return json(response, 200, { major: '1', minor: '35', gitVersion: 'v1.35.4+k3s1' });
    if (path.endsWith('/services/kube-dns')) return json(response, 200, { spec: { clusterIP: '10.43.0.10' } });
    const nodes = [{ metadata: { name: 'a' }, status: { allocatable } }];
    const items = path.endsWith('/pods') ? [coredns] : path.endsWith('/storageclasses') ? [localPath] : nodes;
    return json(response, 200, { metadata: { resourceVersion: '1' }, items });
  });
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-docs-'));
  const config = {
    'current-context': 'main',
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.endpoint.server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 't' } }],
  };
  writeFileSync(join(folder, 'kubeconfig'), JSON.stringify(config));
  const shim = join(folder, 'pitcrew');
  writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'cli/main.ts')}' "$@"\n`);
  chmodSync(shim, 0o755);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** What a person would see, errors among the rest. */
function outputOf(command: string): Promise<string> {
  const env = {
    ...process.env,
    PATH: `${folder}${delimiter}${process.env.PATH}`,
    KUBECONFIG: join(folder, 'kubeconfig'),
    LC_ALL: 'C',
  };
  return new Promise((resolve) => {
    execFile('bash', ['-c', `{ ${command}\n} 2>&1`], { cwd: root, env }, (_error, stdout) => resolve(stdout));
  });
}

/** The page with the output of each command as it is today. */
async function renewed(): Promise<string> {
  const blocks = [...text.matchAll(BLOCK)].map(async ([, block = '']) => {
    const parts = examplesOf(block).map(async ({ command }) => `$ ${command}\n${await outputOf(command)}`);
    return `\`\`\`console\n${(await Promise.all(parts)).join('')}\`\`\``;
  });
  const texts = await Promise.all(blocks);
  return text.replaceAll(BLOCK, () => texts.shift() ?? '');
}

if (process.env['UPDATE_GOLDEN'] === '1') {
  it('docs/cli.md is renewed', { timeout: 120_000 }, async () => writeFileSync(page, await renewed()));
} else {
  const examples = [...text.matchAll(BLOCK)].flatMap(([, block = '']) => examplesOf(block));
  describe('docs/cli.md', () => {
    it.each(examples)('$command', { timeout: 60_000 }, async ({ command, output }) => {
      expect(await outputOf(command)).toBe(output);
    });
  });
}
