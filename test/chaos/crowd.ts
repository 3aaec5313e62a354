import { createReflector } from '../../controller/cluster/reflector.ts';
import type { OperatorOptions } from '../../controller/reconcile/operator.ts';
import type { Status } from '../../crds/status.ts';
import { synthesize } from '../../synth/synthesize.ts';
import type { ApiServer } from '../contract/api-server.ts';
import type { OperatorStage } from '../contract/operator-stage.ts';
import { type Write, writesSince } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';

/** Many profiles at once, and some that nobody can help. */

/** Name of the cluster of the files that count requests: nobody else is to restart its API server. */
export const CROWD = 'crowd';

const spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop/backend:1', workers: 1, pool: { size: 5 } },
};
const OWN_DATABASE = { storage: { size: '1Gi' } };
const COMMON_DATABASE = { mode: 'External', connectionSecretName: 'shop-db' };

/** Every fourth has a database of its own, the others share one: as it is where there are hundreds. */
const specOf = (nth: number) => ({ ...spec, postgres: nth % 4 === 0 ? OWN_DATABASE : COMMON_DATABASE });

/** Names of so many profiles. */
export const crowdOf = (count: number): string[] => Array.from({ length: count }, (_, nth) => `shop-${nth}`);

/** Profiles of these names; so many requests at a time. */
export async function applyCrowd(stage: OperatorStage, names: readonly string[], atATime = 10): Promise<void> {
  await applyConnection(stage.server, 'shop-db');
  for (let from = 0; from < names.length; from += atATime) {
    await Promise.all(names.slice(from, from + atATime).map((name, nth) => stage.apply(specOf(from + nth), name)));
  }
}

/** A Secret that tells the way to a database of somebody else. */
export async function applyConnection({ cluster, namespace }: ApiServer, name: string): Promise<void> {
  const stringData = {
    username: 'app',
    password: 'x',
    host: 'db',
    port: '5432',
    dbname: 'app',
    uri: 'postgresql://db/app',
  };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, stringData };
  await cluster.apply(secret, { fieldManager: 'user' });
}

/** Our own code fails on the one, the API server will not have an object of the other. */
export const POISON = { throws: 'poison-throws', rejected: 'poison-rejected' } as const;

/** The charts as they are, but for the poison. */
export const poisoned: NonNullable<OperatorOptions['synthesize']> = (profile, facts) => {
  const { name } = profile.metadata;
  if (name === POISON.throws) throw new Error('the charts have a bug');
  const synthesis = synthesize(profile, facts);
  if (name !== POISON.rejected) return synthesis;
  const objects = structuredClone(synthesis.objects);
  for (const { object } of objects) {
    const { ports } = (object as { spec?: { ports?: { port: number }[] } }).spec ?? {};
    if (object.kind === 'Service' && ports?.[0] !== undefined) ports[0].port = 99_999;
  }
  return { ...synthesis, objects };
};

/** Waits until all of them are Ready. */
export async function allReady(stage: OperatorStage, names: readonly string[], deadlineMs: number): Promise<void> {
  const { namespace, transport } = stage.server;
  const profiles = createReflector({
    transport,
    kind: 'PerformanceProfile',
    namespaces: [namespace],
    project: ({ status }) => ((status ?? {}) as Status).conditions?.find(({ type }) => type === 'Ready'),
    onChange: () => undefined,
  });
  profiles.start();
  const lacking = () => names.filter((name) => profiles.get(`${namespace}/${name}`)?.value?.status !== 'True');
  const readiness = async () => {
    const [first, ...more] = lacking();
    if (first === undefined) return true;
    throw new Error(
      `${first} and ${more.length} more are not: ${profiles.get(`${namespace}/${first}`)?.value?.message}`,
    );
  };
  try {
    await waitFor(`${names.length} profiles to be Ready`, readiness, deadlineMs);
  } finally {
    await profiles.stop();
  }
}

/** Waits until the operator has asked for nothing for a moment, Events and watches aside; everything it asked since. */
export async function untilRest(asked: () => readonly Write[], quietMs = 2_000): Promise<readonly Write[]> {
  let before = -1;
  let sinceMs = performance.now();
  return waitFor('the operator to come to rest', async () => {
    const now = asked();
    if (now.length !== before) {
      before = now.length;
      sinceMs = performance.now();
    }
    return performance.now() - sinceMs >= quietMs ? now : undefined;
  });
}

/** `5× get secrets`, the most frequent first. */
export function tallyOf(requests: readonly Write[]): string[] {
  const counts = new Map<string, number>();
  for (const { verb, resource, subresource } of requests) {
    const what = [verb, resource, subresource].filter(Boolean).join(' ');
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([what, count]) => `${count}× ${what}`);
}

/** What the operator wrote since a moment, Events left out: they are about, not of, the stack. */
export const changesSince = (stage: OperatorStage, since: Date): Write[] =>
  writesSince(stage.server.real.auditLog ?? '', since).filter(({ resource }) => resource !== 'events');
