import { join } from 'node:path';
import type { LiveServer } from '../../controller/probe/live-server.ts';
import type { PostgresAddress } from '../../controller/probe/postgres.ts';
import type { Proof } from '../../controller/probe/proof.ts';
import { liveFindings, settingsToAsk } from '../../controller/reconcile/live-settings.ts';
import { run } from '../cluster/host/run.ts';
import { waitFor } from '../support/kubectl.ts';
import { type DatabasePod, MONITOR_PASSWORD } from './database-pod.ts';
import type { RenderedDatabase } from './rendered-database.ts';

/** The operator's own question to a server about what is rendered for it, asked from inside of its network. */
export async function askServer(pod: DatabasePod, { profile }: RenderedDatabase): Promise<Proof> {
  const settings = settingsToAsk(profile as unknown as Parameters<typeof settingsToAsk>[0]);
  const login = { username: 'pitcrew_monitor', password: MONITOR_PASSWORD };
  const address: PostgresAddress = { ip: '127.0.0.1', ...login, settings };
  const script = join(import.meta.dirname, 'ask-server-main.ts');
  const inside = ['--net', `--target=${pod.pid}`, '--', process.execPath, script, JSON.stringify(address)];
  return JSON.parse(await run('nsenter', inside)) as Proof;
}

/** What the server says once it has loaded what is rendered. */
export async function serverWith(pod: DatabasePod, rendered: RenderedDatabase): Promise<LiveServer> {
  return waitFor('the configuration to be loaded', async () => {
    const proof = await askServer(pod, rendered);
    return proof.loaded === rendered.configHash ? proof.server : undefined;
  });
}

/** The operator's findings about it, as text. */
export async function findingsAbout(pod: DatabasePod, rendered: RenderedDatabase): Promise<string[]> {
  const server = await serverWith(pod, rendered);
  const findings = liveFindings(rendered.synthesis, rendered.profile, server);
  return findings.map(({ id, path, message, fix }) => `${id} ${path}: ${message}. ${fix}`);
}
