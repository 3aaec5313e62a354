import { afterAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/kubectl.ts';
import { desiredOf, ownedOf } from './exact.ts';
import { kill } from './kills.ts';
import { type SecondServer, startSecondServer } from './second-server.ts';
import { CLUSTER, useSite } from './site.ts';
import { smallSpec, startWatchStage } from './watch-stage.ts';

/**
 * An operator that is restarted onto an API server that lives in the past: its reads are answered from the memory of a
 * server that hears nothing of etcd any more, its writes reach one that does, as behind a balancer. Class "stale state" of
 * Sieve (Sun et al., OSDI 2022).
 */
const site = useSite();
let second: SecondServer | undefined;
afterAll(() => second?.stop());

describe('an API server that lives in the past', () => {
  it('does not make the operator delete or make again what was done since', async () => {
    const stage = await startWatchStage(site);
    const { place } = stage;
    const { proxy } = place;
    second = await startSecondServer(CLUSTER);
    const { url } = second;
    const first = proxy.route(proxy.seen[0] as never) ?? '';

    // The past: a profile with a frontend of which the Deployment has just been deleted.
    await kill(stage.operator);
    const at = { namespace: place.server.namespace, name: 'shop-frontend' };
    const frontend = await place.server.cluster.get('Deployment', at);
    await place.server.cluster.delete('Deployment', at, { uid: frontend?.metadata.uid ?? '' });
    await seesNothingOf(second, at);
    second.freeze();

    // The present: somebody has taken the frontend out of the profile, and an operator has done it.
    const { frontend: _, ...without } = smallSpec(20);
    const present = await place.start();
    await place.apply(without);
    await place.ready();
    await kill(present);
    expect(await ownedOf(place)).toEqual(await desiredOf(place));

    const mark = stage.mark();
    proxy.route = ({ kind }) => (kind === 'list' || kind === 'watch' ? url : first);
    const starting = place.start().catch(() => undefined);
    await waitFor('it to have read', async () => proxy.seen.slice(mark).some(({ kind }) => kind === 'list'));
    const frozenMs = performance.now();
    await waitFor('time to act on it', async () => performance.now() - frozenMs > 5_000);
    const inThePast = proxy.seen.slice(mark).filter(({ kind }) => kind === 'write');
    second.thaw();
    await starting;
    await place.ready();
    expect(inThePast.map(({ method, url: what }) => `${method} ${what.split('?')[0]}`)).toEqual([]);
    expect(await ownedOf(place)).toEqual(await desiredOf(place));
  });
});

/** Waits until the second server has heard of the deletion. */
async function seesNothingOf({ url }: SecondServer, at: { namespace: string; name: string }): Promise<void> {
  const { real } = site.server;
  await waitFor('the second server to follow', async () => {
    const { execFileSync } = await import('node:child_process');
    const path = `/apis/apps/v1/namespaces/${at.namespace}/deployments?resourceVersion=0`;
    const args = ['--kubeconfig', real.kubeconfig, '--server', url, 'get', '--raw', path];
    return !execFileSync(`${real.binDir}/kubectl`, args).toString().includes(`"name":"${at.name}"`);
  });
}
