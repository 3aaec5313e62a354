import { FEED_TIMING } from '../../controller/cluster/feed.ts';
import { REAL_PROBES } from '../../controller/probe/prober.ts';
import type { Proof } from '../../controller/probe/proof.ts';

/**
 * Loaded into a process of the operator before all else: there is no node, so running processes are asked of the puppet
 * that stands in for it; and the times of the feeds are those of the test.
 */
const puppet = async (tier: string, { ip }: { readonly ip: string }): Promise<Proof> =>
  (await (await fetch(`http://127.0.0.1:${process.env.CHAOS_PUPPET_PORT}/${tier}/${ip}`)).json()) as Proof;

Object.assign(REAL_PROBES, {
  edge: (address: { readonly ip: string }) => puppet('edge', address),
  postgres: (address: { readonly ip: string }) => puppet('postgres', address),
});
Object.assign(FEED_TIMING, JSON.parse(process.env.CHAOS_FEED_TIMING ?? '{}'));
