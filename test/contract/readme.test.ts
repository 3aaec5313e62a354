import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitFor } from '../support/kubectl.ts';
import { useApiServer } from './api-server.ts';

const server = useApiServer();
const ROOM = join(import.meta.dirname, '..', '..', 'controller', 'cluster');

it('the operator in the README of controller/cluster works as it stands there', async () => {
  const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(ROOM, 'README.md'), 'utf8')) ?? [];
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code], {
    cwd: ROOM,
    env: { ...process.env, KUBECONFIG: server.real.kubeconfig },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (bytes) => {
    stderr += String(bytes);
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const { namespace } = server;
    const team = (lead: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'blue', namespace, labels: { team: 'yes', lead } },
    });
    for (const lead of ['ada', 'grace']) {
      await server.cluster.apply(team(lead));
      await waitFor(`${lead} to lead`, async () => {
        if (child.exitCode !== null) throw new Error(stderr);
        const account = await server.cluster.get('ServiceAccount', { namespace, name: 'blue' });
        return account?.metadata.annotations?.lead === lead;
      });
    }
    expect(stderr).toBe('');
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});
