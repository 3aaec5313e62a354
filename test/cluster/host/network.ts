import { existsSync } from 'node:fs';
import { chooseLink, type Link } from '../addresses.ts';
import type { Layout } from '../layout.ts';
import { run, succeeds } from './run.ts';

interface IpAddress {
  ifname: string;
  operstate: string;
  addr_info: { local?: string; prefixlen?: number }[];
}

const insideLink = 'eth0';

/** Settings of the cluster's own network namespace: pods are routed, and bridged packets pass through iptables. */
const namespaceSettings = ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=1'];

/** Chooses addresses that no interface of this machine and no other cluster has. */
export async function chooseFreeLink(id: string, reserved: readonly string[]): Promise<Link> {
  const present = await addresses([]);
  const used = present.flatMap((entry) => entry.addr_info.map((info) => info.local ?? ''));
  return chooseLink(id, [...used, ...reserved]);
}

/** Whether the network namespace is there and can be entered. */
export async function hasNetwork(layout: Layout): Promise<boolean> {
  if (!existsSync(layout.netNamespace)) return false;
  return succeeds('nsenter', [`--net=${layout.netNamespace}`, 'true']);
}

/** Makes the network namespace and its link to the host, or completes what is there. */
export async function ensureNetwork(layout: Layout, link: Link): Promise<void> {
  if (!(await hasNetwork(layout))) {
    // A file that is no namespace is what a reboot or an end in the middle leaves.
    if (existsSync(layout.netNamespace)) await run('ip', ['netns', 'delete', layout.id]);
    await run('ip', ['netns', 'add', layout.id]);
  }
  if (!(await linkIsComplete(layout, link))) await connect(layout, link);
}

/** Removes the link and the namespace's name; the namespace itself goes with its last process. */
export async function removeNetwork(layout: Layout): Promise<void> {
  // Either may be going on its own at this moment, so what counts is only that both are gone.
  await succeeds('ip', ['link', 'delete', layout.hostLink]);
  await succeeds('ip', ['netns', 'delete', layout.id]);
}

/** What is left of the network on the host. */
export async function networkRemains(layout: Layout): Promise<string[]> {
  const link = await succeeds('ip', ['link', 'show', layout.hostLink]);
  return [
    ...(link ? [`link ${layout.hostLink}`] : []),
    ...(existsSync(layout.netNamespace) ? [layout.netNamespace] : []),
  ];
}

async function linkIsComplete(layout: Layout, link: Link): Promise<boolean> {
  try {
    const outside = await addresses(['show', 'dev', layout.hostLink]);
    const inside = await addresses(['show', 'dev', insideLink], layout.id);
    return isUpWith(outside, link.hostAddress) && isUpWith(inside, link.nodeAddress);
  } catch {
    return false;
  }
}

function isUpWith(entries: IpAddress[], address: string): boolean {
  return entries.some((entry) => entry.operstate === 'UP' && entry.addr_info.some((info) => info.local === address));
}

async function connect(layout: Layout, link: Link): Promise<void> {
  if (await succeeds('ip', ['link', 'show', layout.hostLink])) await run('ip', ['link', 'delete', layout.hostLink]);
  const inside = ['-n', layout.id];
  const { hostLink, nodeLink } = layout;
  await run('ip', ['link', 'add', hostLink, 'type', 'veth', 'peer', 'name', nodeLink, 'netns', layout.id]);
  await run('ip', [...inside, 'link', 'set', nodeLink, 'name', insideLink]);
  await run('ip', [...inside, 'link', 'set', 'lo', 'up']);
  await run('ip', [...inside, 'address', 'add', `${link.nodeAddress}/${link.prefixLength}`, 'dev', insideLink]);
  await run('ip', [...inside, 'link', 'set', insideLink, 'up']);
  await run('ip', ['address', 'add', `${link.hostAddress}/${link.prefixLength}`, 'dev', hostLink]);
  await run('ip', ['link', 'set', hostLink, 'up', 'alias', `pitcrew cluster ${layout.name}`]);
  await run('ip', [...inside, 'route', 'replace', 'default', 'via', link.hostAddress]);
  await ensureBridgeFilter();
  await run('nsenter', [`--net=${layout.netNamespace}`, 'sysctl', '--quiet', '--write', ...namespaceSettings]);
}

/** Most kernels have the bridge filter as a module that nothing has loaded yet. */
async function ensureBridgeFilter(): Promise<void> {
  if (!existsSync('/proc/sys/net/bridge')) await run('modprobe', ['br_netfilter']);
}

async function addresses(args: string[], namespace?: string): Promise<IpAddress[]> {
  const scope = namespace === undefined ? [] : ['-n', namespace];
  return JSON.parse((await run('ip', [...scope, '-json', 'address', ...args])) || '[]') as IpAddress[];
}
