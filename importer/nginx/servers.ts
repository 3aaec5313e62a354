import { hostName } from '../../crds/fields.ts';
import type { Draft } from '../draft.ts';
import type { Site } from './locations.ts';
import { type Directive, named, single } from './read.ts';

/** Names of the site, its certificate, and what stands before nginx. */

export function placeServers(draft: Draft, site: Site): void {
  placeHosts(draft, site);
  placeTls(draft, site);
  placeIdentity(draft, site);
}

/** The canonical name is the first of the server that answers; servers that only redirect have the others. */
function placeHosts(draft: Draft, { servers, locations }: Site): void {
  const answers = (server: Directive) =>
    locations.some((each) => each.server === server && each.proxyPass !== undefined) ? 0 : 1;
  const sorted = [...servers].sort((a, b) => answers(a) - answers(b));
  for (const directive of sorted.flatMap(({ children }) => named(children, 'server_name'))) {
    for (const host of directive.args) placeHost(draft, host.toLowerCase(), `${directive.at} server_name`);
  }
}

export function placeHost(draft: Draft, host: string, from: string): void {
  if (['_', '', 'localhost', '127.0.0.1'].includes(host)) return;
  const path = ['edge', 'hosts', `[${host}]`];
  if (draft.at(path) !== undefined) return;
  if (host.includes('*') || host.startsWith('.') || !hostName().safeParse(host).success) {
    draft.note('unmapped', from, 'patterns are no host names: list the names one by one in edge.hosts');
    return;
  }
  draft.place(path, host, from);
}

/** The certificate lies in a Secret; where it lies today is said with the command that makes it. */
function placeTls(draft: Draft, { http, servers }: Site): void {
  const blocks = [...servers.map(({ children }) => children), http];
  const block = blocks.find((each) => single(each, 'ssl_certificate') !== undefined) ?? [];
  const [certificate, key] = [single(block, 'ssl_certificate'), single(block, 'ssl_certificate_key')];
  if (certificate === undefined) return;
  const secret = `${draft.name}-tls`;
  const from = `${certificate.at} ssl_certificate`;
  draft.place('edge.tls.secretName', secret, from);
  draft.secret(secret, 'tls.crt', from, 'tls');
  draft.secret(secret, 'tls.key', `${key?.at ?? certificate.at} ssl_certificate_key`, 'tls');
}

const SOURCES: Readonly<Record<string, string>> = {
  'x-forwarded-for': 'XForwardedFor',
  proxy_protocol: 'ProxyProtocol',
  'cf-connecting-ip': 'CFConnectingIP',
};

function placeIdentity(draft: Draft, { http, servers }: Site): void {
  const blocks = [http, ...servers.map(({ children }) => children)];
  const header = blocks.map((block) => single(block, 'real_ip_header')).find((each) => each !== undefined);
  for (const { args, at } of blocks.flatMap((block) => named(block, 'set_real_ip_from'))) {
    const [address = ''] = args;
    const cidr = address.includes('/') ? address : `${address}/${address.includes(':') ? 128 : 32}`;
    const path = ['edge', 'clientIdentity', 'trustedCIDRs', `[${cidr}]`];
    if (draft.at(path) === undefined) draft.place(path, cidr, `${at} set_real_ip_from`);
  }
  if (header === undefined) return;
  const source = SOURCES[(header.args[0] ?? '').toLowerCase()];
  const from = `${header.at} real_ip_header`;
  if (source === undefined) {
    draft.note(
      'unmapped',
      from,
      'pitcrew knows X-Forwarded-For, the PROXY protocol and CF-Connecting-IP: let the proxy in front send one of them',
    );
    return;
  }
  draft.place('edge.clientIdentity.source', source, from);
}
